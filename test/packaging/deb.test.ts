/** The Debian package as it is built here; packaging/test-deb installs it. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../../package.json';
import { OPENED_TEXT } from '../executable/says';
import { leftOut } from '../support/left-out';
import { flags, OPENED, ourRouter, ownPath } from '../support/router';
import { line, run, WORDS } from '../support/run';

const ROOT = resolve(__dirname, '../..');

const hasDpkg = existsSync('/usr/bin/dpkg-deb');
const testDeb = hasDpkg ? test : leftOut('the tests of the Debian package', 'dpkg-deb');

/** Builds the package under a umask. @returns its path */
async function build(umask = '022', env: NodeJS.ProcessEnv = {}): Promise<string> {
  const folder = ownPath('deb');
  const script = `umask ${umask}; exec "$0" -r ts-node/register/transpile-only packaging/build-deb.ts ${folder}`;
  await promisify(execFile)('/bin/sh', ['-c', script, process.execPath], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
  });
  return join(folder, `fwknop-mikrotik_${version}_all.deb`);
}

let deb: string;
/** Where its files lie as if installed. */
let root: string;

beforeAll(async () => {
  if (!hasDpkg) return;
  deb = await build();
  root = ownPath('root');
  execFileSync('dpkg-deb', ['--extract', deb, root]);
});

const field = (name: string) => String(execFileSync('dpkg-deb', ['--field', deb, name])).trim();

testDeb('asks for Node.js, and recommends fwknopd, on any architecture', () => {
  expect(field('Architecture')).toBe('all');
  expect(field('Depends')).toBe('nodejs (>= 18.19)');
  expect(field('Recommends')).toBe('fwknop-server');
  expect(field('Version')).toBe(version);
});

testDeb('has its files where Debian looks for them, owned by root and closed to others', () => {
  const listing = String(execFileSync('dpkg-deb', ['--contents', deb]));
  const rows = listing.trim().split('\n');
  const files = rows
    .map((row) => /^(\S+) (\S+) +\d+ \S+ \S+ \.\/(.*)$/.exec(row)?.slice(1) ?? [])
    .filter(([mode = '']) => !mode.startsWith('d'));
  expect(new Set(rows.map((row) => row.split(/\s+/)[1]))).toEqual(new Set(['root/root']));
  expect(files.map(([mode, , path]) => `${mode} ${path}`).sort()).toEqual(
    [
      '-rw-r--r-- usr/lib/fwknop-mikrotik/package.json',
      '-rw-r--r-- usr/lib/fwknop-mikrotik/warm-up.js',
      ...readdirSync(join(ROOT, 'dist'))
        .filter((name) => name.endsWith('.js'))
        .map((name) => `-rw-r--r-- usr/lib/fwknop-mikrotik/dist/${name}`),
      '-rw-r--r-- usr/share/bash-completion/completions/fwknop-mikrotik',
      '-rw-r--r-- usr/share/doc/fwknop-mikrotik/README.md.gz',
      '-rw-r--r-- usr/share/doc/fwknop-mikrotik/changelog.gz',
      '-rw-r--r-- usr/share/doc/fwknop-mikrotik/copyright',
      '-rw-r--r-- usr/share/doc/fwknop-mikrotik/examples/access.conf.example',
      '-rw-r--r-- usr/share/doc/fwknop-mikrotik/examples/mikrotik.toml.example',
      '-rw-r--r-- usr/share/man/man8/fwknop-mikrotik.8.gz',
      '-rwxr-xr-x usr/lib/fwknop-mikrotik/bin/fwknop-mikrotik',
      'lrwxrwxrwx usr/bin/fwknop-mikrotik -> ../lib/fwknop-mikrotik/bin/fwknop-mikrotik',
    ].sort(),
  );
});

testDeb('runs on the Node.js that it asks for', () => {
  const command = readFileSync(join(root, 'usr/bin/fwknop-mikrotik'), 'utf8');
  expect(command).toMatch(/^#!\/usr\/bin\/node --use-openssl-ca\n/);
});

testDeb('brings every licence, its own and those of what is inside', () => {
  const copyright = readFileSync(join(root, 'usr/share/doc/fwknop-mikrotik/copyright'), 'utf8');
  expect(copyright).toContain(readFileSync(join(ROOT, 'LICENSE'), 'utf8'));
  expect(copyright).toContain(readFileSync(join(ROOT, 'dist/licenses.txt'), 'utf8'));
  expect(copyright).not.toMatch(/@[A-Z_]+@/);
});

testDeb('is the same, byte for byte, whoever builds it', async () => {
  const env = { SOURCE_DATE_EPOCH: '1795000000' };
  const one = readFileSync(await build('022', env));
  const other = readFileSync(await build('077', { ...env, TZ: 'Pacific/Auckland', LANG: 'C' }));
  expect(one.equals(other)).toBe(true);
  expect(one.includes(ROOT)).toBe(false);
});

describe('what postinst runs', () => {
  const home = () => join(root, 'usr/lib/fwknop-mikrotik');
  const caches = () => readdirSync(join(home(), 'dist')).filter((name) => name.includes('.cache'));
  const temporary = ownPath.bind(undefined, 'tmp');
  const command = () => [process.execPath, join(root, 'usr/bin/fwknop-mikrotik')];

  async function warmUp(): Promise<void> {
    const TMPDIR = temporary();
    mkdirSync(TMPDIR);
    const result = await run([], {
      command: command(),
      env: { NODE_OPTIONS: `--require=${home()}/warm-up.js`, TMPDIR },
    });
    expect(result).toMatchObject({ status: 0 });
    expect(readdirSync(TMPDIR)).toEqual([]);
  }

  testDeb('leaves a code cache that the next opening takes', async () => {
    await warmUp();
    const [cache = '', ...others] = caches();
    expect(others).toEqual([]);
    const path = join(home(), 'dist', cache);
    const before = statSync(path);
    expect(before.mode & 0o777).toBe(0o644);

    const router = await ourRouter();
    const result = await run([...flags(router), '--tls', 'off', ...WORDS], { command: command() });
    expect(result).toMatchObject({ status: 0, stderr: line(OPENED_TEXT) });
    expect(router.lists.v4.entries()).toMatchObject([OPENED]);
    // One that does not fit is made anew.
    expect(caches()).toEqual([cache]);
    expect(statSync(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  });

  testDeb('tells when there is nothing to run, and leaves nothing', async () => {
    const main = join(home(), 'dist');
    renameSync(main, `${main}.away`);
    const TMPDIR = temporary();
    mkdirSync(TMPDIR);
    const result = await run([], {
      command: command(),
      env: { NODE_OPTIONS: `--require=${home()}/warm-up.js`, TMPDIR },
    });
    renameSync(`${main}.away`, main);
    expect(result.status).toBe(78);
    expect(readdirSync(TMPDIR)).toEqual([]);
  });
});

const hasLintian = existsSync('/usr/bin/lintian');
const testWithLintian = hasDpkg && hasLintian ? test : leftOut('lintian', 'the package lintian');

testWithLintian('lintian finds no error in it, and nothing to warn of', async () => {
  const args = ['--allow-root', '--fail-on', 'error,warning', deb];
  const { stdout } = await promisify(execFile)('lintian', args);
  expect(stdout).toBe('');
});
