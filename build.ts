/**
 * Builds the program: one file with its dependencies inside, at the lockfile's versions, so that
 * nothing is compiled or looked up on a knock and nobody's `npm install` can choose other ones.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

const { metafile } = buildSync({
  absWorkingDir: __dirname,
  entryPoints: ['src/main.ts'],
  outfile: 'dist/main.js',
  bundle: true,
  platform: 'node',
  target: 'node18.19',
  format: 'cjs',
  external: [
    'source-map-support', // routeros-client: when ENV=testing only, which session.ts rules out
    'supports-color', // debug: in a try, for colours that we never show
  ],
  metafile: true,
  logLevel: 'warning',
});

/** Every licence asks that its text goes with the copies. */
const folders = Object.keys(metafile.inputs).flatMap(
  (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [],
);
writeFileSync(
  join(__dirname, 'dist/licenses.txt'),
  [...new Set(folders)].sort().map(licenseOf).join('\n'),
);

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(resolve(__dirname, folder, 'package.json'), 'utf8'),
  );
  const file = readdirSync(join(__dirname, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : readFileSync(join(__dirname, folder, file), 'utf8');
  return `${'='.repeat(78)}\n${name} ${version} (${license})\n\n${text}`;
}
