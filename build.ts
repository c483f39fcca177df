/**
 * Builds the program: one file with its dependencies inside, at the lockfile's versions, so that
 * nothing is compiled or looked up on a knock and nobody's `npm install` can choose other ones.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build, type Plugin, transform } from 'esbuild';
import { completion } from './packaging/completion';

const DIST = join(__dirname, 'dist');
const CHANNEL = 'node-routeros/dist/Channel';

/** Modules of routeros-client and node-routeros that take long to load, and what stands for them. */
const STAND_INS: Readonly<Record<string, string>> = {
  // 5 ms, and with DEBUG=routeros* in the environment it would print the password.
  debug: 'module.exports = () => () => undefined;',
  // What went wrong is told by src/router/session.ts.
  messages: 'module.exports = { default: {} };',
  // It uses the Channel alone. The menus load lodash, 23 ms, and compile a dozen regular expressions.
  RouterOSClient: '',
  RosApiMenu: '',
  RosApiCommands: '',
  RosApiCrud: '',
  RosApiModel: '',
};

/**
 * Bytes from which V8 keeps a text with its large objects. A smaller one fills the space of new ones, which
 * would then be collected in the middle of a TLS handshake: 1 ms (Node 20).
 */
const LARGE_OBJECT = 2 ** 17 + 1;

const startFast: Plugin = {
  name: 'start-fast',
  setup({ onResolve, onLoad }) {
    const replaced = new RegExp(`(?:^|/)(${Object.keys(STAND_INS).join('|')})$`);
    // As seen from bin/, whose `require` the program gets.
    onResolve({ filter: /^yargs$/ }, () => ({ path: '../dist/yargs.js', external: true }));
    // Of the two packages, src/router/session.ts uses the Channel alone.
    onResolve({ filter: /^node-routeros$/ }, () => ({ path: require.resolve(CHANNEL) }));
    onResolve({ filter: replaced }, ({ path, importer }) =>
      /\/(?:routeros-client|node-routeros)\//.test(importer)
        ? { path: basename(path), namespace: 'stand-in' }
        : undefined,
    );
    onLoad({ filter: /./, namespace: 'stand-in' }, ({ path }) => ({
      contents: STAND_INS[path] ?? '',
    }));
  },
};

/** Loads a module of Node's where it is used first: most runs need no child process, and no TLS. */
function loadOnUse(bundle: string): string {
  const declarations = [...bundle.matchAll(/^var (import_\w+) = (require\("node:[\w/]+"\));\n/gm)];
  return declarations.reduce(
    (text, [declaration, name = '', load = '']) =>
      text.replace(declaration, '').replace(new RegExp(`\\b${name}\\b`, 'g'), `(${load})`),
    bundle,
  );
}

/** Bundles a module; `text` is the program, `inputs` the files that are in it. */
async function bundle(
  entry: string,
  plugins: Plugin[],
): Promise<{ text: string; inputs: string[] }> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: __dirname,
    entryPoints: [entry],
    outfile: 'dist/out.js',
    bundle: true,
    platform: 'node',
    target: 'node18.19',
    format: 'cjs',
    supported: { 'dynamic-import': false }, // bin/fwknop-mikrotik runs it as a script
    plugins,
    // With ENV=testing in the environment, the library would load a module that is not there.
    define: { 'process.env.ENV': '""' },
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const text = outputFiles.map((file) => file.text).join('');
  // Less text to read, and less garbage to collect before the door is open.
  const { code } = await transform(loadOnUse(text), { minify: true });
  return { text: code, inputs: Object.keys(metafile.inputs) };
}

async function main(): Promise<void> {
  const program = await bundle('src/main.ts', [startFast]);
  for (const name of Object.keys(STAND_INS)) {
    if (!program.inputs.includes(`stand-in:${name}`)) throw new Error(`nothing loads ${name}`);
  }
  const commands = await bundle('src/commands.ts', [startFast]);
  // On its own: fwknopd's usual call does without it, and need not read it either.
  const yargs = await bundle('yargs', []);
  const hash = createHash('sha256').update(program.text).update(yargs.text).digest('hex');
  const folders = [...program.inputs, ...commands.inputs, ...yargs.inputs].flatMap(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [],
  );
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(DIST);
  // bin/fwknop-mikrotik finds the hash by its place. The function is put around it here, since V8 would copy
  // the whole text there to join it, and have garbage to collect before the door is open.
  const head = `// ${hash.slice(0, 16)}\n(function (module, exports, require) {`;
  writeFileSync(join(DIST, 'main.js'), `${head}${program.text}})`.padEnd(LARGE_OBJECT));
  writeFileSync(join(DIST, 'commands.js'), commands.text);
  writeFileSync(join(DIST, 'yargs.js'), yargs.text);
  writeFileSync(join(DIST, 'completion.bash'), completion());
  writeFileSync(join(DIST, 'licenses.txt'), [...new Set(folders)].sort().map(licenseOf).join('\n'));
}

/**
 * Every licence asks that its text goes with the copies.
 *
 * @param folder of a package
 */
function licenseOf(folder: string): string {
  const read = (file: string) => readFileSync(resolve(__dirname, folder, file), 'utf8');
  const { name, version, license, main } = JSON.parse(read('package.json'));
  const file = readdirSync(resolve(__dirname, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? licenseByHeader(name, license, read(main)) : read(file);
  return `${'='.repeat(78)}\n${name} ${version} (${license})\n\n${text}`;
}

/** The licence of a package that names it, and its owner, in the header of its source only. */
function licenseByHeader(name: string, license: string, source: string): string {
  const [header = ''] = /^(?:\/\/.*\n)+/.exec(source) ?? [];
  const [copyright] = /Copyright .*/.exec(header) ?? [];
  if (license !== 'MIT' || copyright === undefined || !header.includes('MIT license')) {
    throw new Error(`${name} comes without the text of its licence`);
  }
  // The text of MIT is the same for everybody: ours, with its owner.
  return readFileSync(resolve(__dirname, 'LICENSE'), 'utf8').replace(/^Copyright .*/m, copyright);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
