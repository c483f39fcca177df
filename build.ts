/**
 * `npm run build`: makes the programs of dist/, each in one file with its dependencies inside. So a knock looks up
 * no package, and every installation has the versions of the lockfile.
 *
 * fwknopd waits for an opening, so it must start fast. A percentage says how many more instructions a plain
 * opening takes without the line (Node 20).
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { completion } from './packaging/completion';

const DIST = join(__dirname, 'dist');

const OPTIONS = {
  absWorkingDir: __dirname,
  outdir: DIST,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node18.19',
  supported: { 'dynamic-import': false }, // src/start.ts runs main.js as a script, which has no import()
  alias: {
    // Only its Channel is used. All that it exports would load lodash and iconv-lite: 30 %.
    'routeros-client': 'node-routeros/dist/Channel',
    // 2.5 %. It would also print the password with DEBUG=routeros* in the environment.
    debug: 'data:text/javascript,module.exports = () => () => undefined',
    // A program of its own, since only a command line with options needs it: 43 %.
    yargs: './yargs.js',
  },
  external: ['./yargs.js', './commands.js'],
  legalComments: 'none', // dist/licenses.txt has the licences
  logLevel: 'warning',
  metafile: true,
  write: false,
} as const satisfies BuildOptions;

/** V8 keeps a text of so many bytes with its large objects, and does not copy it: 1.3 % for a pinned opening. */
const LARGE_OBJECT = 2 ** 17 + 1;

/** A program of dist/, and the paths of the sources in it. */
interface Program {
  readonly path: string;
  readonly text: string;
  readonly inputs: readonly string[];
}

/** @param source a file, or a package */
async function bundle(
  source: string,
  options: Omit<BuildOptions, 'metafile' | 'write'> = {},
): Promise<Program> {
  const { outputFiles, metafile } = await build({ ...OPTIONS, entryPoints: [source], ...options });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`${source}: esbuild made no file`);
  return { path: output.path, text: output.text, inputs: Object.keys(metafile.inputs) };
}

/** Loads each module of Node.js where it is used first, not at the start: 10 %. Most openings need no child process. */
function loadOnUse(text: string): string {
  const declarations = [...text.matchAll(/^var (import_\w+) = (require\("(?:node:)?\w+"\));\n/gm)];
  if (declarations.length === 0) throw new Error('loadOnUse found no require() of esbuild');
  return declarations.reduce(
    (changed, [declaration, name = '', load = '']) =>
      changed
        .replace(declaration, `var loaded_${name};\n`)
        .replace(
          new RegExp(`\\b${name}\\b`, 'g'),
          `(loaded_${name} || (loaded_${name} = ${load}))`,
        ),
    text,
  );
}

async function main(): Promise<void> {
  const opening = await bundle('src/main.ts', {
    entryNames: '[name]-[hash]', // a code cache has the name of the program that it was made of
    banner: { js: '(function (module, require) {' },
    footer: { js: '})' },
  });
  const commands = await bundle('src/commands.ts');
  const yargs = await bundle('yargs', { alias: {} });
  const start = await bundle('src/start.ts', {
    target: 'node6', // an older Node.js must get as far as the message that it is too old
    define: { MAIN: JSON.stringify(basename(opening.path)) },
  });
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(DIST);
  writeFileSync(opening.path, loadOnUse(opening.text).padEnd(LARGE_OBJECT));
  writeFileSync(commands.path, loadOnUse(commands.text));
  writeFileSync(start.path, loadOnUse(start.text));
  writeFileSync(yargs.path, yargs.text);
  const inputs = [opening, commands, yargs].flatMap((program) => program.inputs);
  writeFileSync(join(DIST, 'completion.bash'), completion());
  writeFileSync(join(DIST, 'licenses.txt'), licensesOf(inputs));
}

/** The texts of the licences, which have to go with the copies. @param inputs paths of the files that are copied */
function licensesOf(inputs: readonly string[]): string {
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  return [...new Set(folders)].sort().map(licenseOf).join('\n');
}

/** @param folder of a package */
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
  // The text of MIT is always the same: here from this project's LICENSE, with the other owner.
  return readFileSync(resolve(__dirname, 'LICENSE'), 'utf8').replace(/^Copyright .*/m, copyright);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
