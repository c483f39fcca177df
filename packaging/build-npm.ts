/**
 * `npm run package:npm`: packs dist/ into a package for npm, dist-npm/fwknop-mikrotik-*.tgz.
 *
 *     ts-node packaging/build-npm.ts [DIRECTORY]
 *
 * Its package.json has only what users need. npm 11 warns at each installation of a package with the script
 * `prepare`, which a checkout needs.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import manifest from '../package.json';

const ROOT = resolve(__dirname, '..');
const FOR_CHECKOUTS = ['files', 'scripts', 'devDependencies', 'overrides', 'jest'];

/** Runs `npm pack` in a directory. @returns the result as npm describes it */
function pack(
  cwd: string,
  ...args: readonly string[]
): { filename: string; files: { path: string }[] } {
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', ...args], { cwd });
  return JSON.parse(String(output))[0];
}

function main([directory = join(ROOT, 'dist-npm')]: readonly string[]): void {
  const staged = mkdtempSync(join(tmpdir(), 'package-npm-'));
  try {
    for (const { path } of pack(ROOT, '--dry-run').files) {
      cpSync(join(ROOT, path), join(staged, path));
    }
    const entries = Object.entries(manifest).filter(([key]) => !FOR_CHECKOUTS.includes(key));
    const text = JSON.stringify(Object.fromEntries(entries), undefined, 2);
    writeFileSync(join(staged, 'package.json'), `${text}\n`);
    mkdirSync(directory, { recursive: true });
    const { filename } = pack(staged, '--pack-destination', resolve(directory));
    console.log(join(directory, filename));
  } finally {
    rmSync(staged, { recursive: true });
  }
}

main(process.argv.slice(2));
