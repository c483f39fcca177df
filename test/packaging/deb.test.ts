/** The Debian package as it is built here; packaging/test-deb installs it. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../../package.json';
import { inNamespace, testInNamespace } from '../executable/namespace';
import { OPENED_TEXT } from '../executable/says';
import { leftOut } from '../support/left-out';
import { flags, OPENED, ourRouter, ownFile, ownPath } from '../support/router';
import { line, run, said, WORDS } from '../support/run';

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
      ...readdirSync(join(ROOT, 'dist'))
        .filter((name) => name.endsWith('.js'))
        .map((name) => {
          const mode = name === 'start.js' ? '-rwxr-xr-x' : '-rw-r--r--';
          return `${mode} usr/lib/fwknop-mikrotik/dist/${name}`;
        }),
      '-rw-r--r-- usr/share/bash-completion/completions/fwknop-mikrotik',
      '-rw-r--r-- usr/share/doc/fwknop-mikrotik/README.md.gz',
      ...readdirSync(join(ROOT, 'docs'))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `-rw-r--r-- usr/share/doc/fwknop-mikrotik/docs/${name}.gz`),
      '-rw-r--r-- usr/share/doc/fwknop-mikrotik/changelog.gz',
      '-rw-r--r-- usr/share/doc/fwknop-mikrotik/copyright',
      '-rw-r--r-- usr/share/doc/fwknop-mikrotik/examples/access.conf.example',
      '-rw-r--r-- usr/share/doc/fwknop-mikrotik/examples/mikrotik.toml.example',
      '-rw-r--r-- usr/share/man/man8/fwknop-mikrotik.8.gz',
      '-rw-r--r-- usr/share/lintian/overrides/fwknop-mikrotik',
      'lrwxrwxrwx usr/bin/fwknop-mikrotik -> ../lib/fwknop-mikrotik/dist/start.js',
    ].sort(),
  );
});

testDeb('runs on the Node.js that it depends on, whatever the environment says', async () => {
  const command = readFileSync(join(root, 'usr/bin/fwknop-mikrotik'), 'utf8');
  const [firstLine = '', program] = command.split(/\n(.*)/s);
  expect(program).toBe(readFileSync(join(ROOT, 'dist/start.js'), 'utf8'));
  expect(firstLine).toMatch(/^#!\/usr\/bin\/env -S .* \/usr\/bin\/node --use-openssl-ca$/);
  expect(firstLine.length).toBeLessThan(127); // older kernels cut it there
  // The same line with the Node.js of this test, which may be in another place.
  const here = ownFile(
    'start.js',
    `${firstLine.replace('/usr/bin/node', process.execPath)}\nconsole.log(process.execArgv, process.env);`,
    0o755,
  );
  for (const env of [
    {},
    { NODE_OPTIONS: '--use-bundled-ca' },
    { NODE_USE_SYSTEM_CA: '1' },
    { NODE_EXTRA_CA_CERTS: '/nowhere' },
  ]) {
    const result = await run([], { command: [here], env: { ...env, TERM: 'dumb' } });
    const stdout = "[ '--use-openssl-ca' ] { TERM: 'dumb' }\n";
    expect(result).toMatchObject({ status: 0, stdout, stderr: '' });
  }
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

describe('the command that postinst runs', () => {
  const dist = () => join(root, 'usr/lib/fwknop-mikrotik/dist');
  const caches = () => readdirSync(dist()).filter((name) => name.includes('.cache'));
  const command = () => [process.execPath, join(root, 'usr/bin/fwknop-mikrotik')];

  testDeb('leaves a code cache that the next opening uses', async () => {
    expect(await run(['--version'], { command: command() })).toMatchObject({ status: 0 });
    const [cache = '', ...others] = caches();
    expect(others).toEqual([]);
    const path = join(dist(), cache);
    const before = statSync(path);
    expect(before.mode & 0o777).toBe(0o644);

    const router = await ourRouter();
    const result = await run([...flags(router), '--tls', 'off', ...WORDS], { command: command() });
    expect(result).toMatchObject({ status: 0, stderr: line(OPENED_TEXT) });
    expect(router.lists.v4.entries()).toMatchObject([OPENED]);
    // The next run would make anew a cache that V8 refuses.
    expect(await run(['--version'], { command: command() })).toMatchObject({ status: 0 });
    expect(caches()).toEqual([cache]);
    expect(statSync(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  });

  testDeb('says when a part of the program is missing', async () => {
    const [main = ''] = readdirSync(dist()).filter((name) => /^main.*js$/.test(name));
    renameSync(join(dist(), main), join(dist(), `${main}.away`));
    const result = await run(['--version'], { command: command() });
    renameSync(join(dist(), `${main}.away`), join(dist(), main));
    expect(result).toMatchObject(said(78, 'dist is damaged: ENOENT; hint: install it again'));
  });
});

describe('the scripts of the package', () => {
  const inPlace = hasDpkg
    ? testInNamespace("the tests of the package's scripts")
    : leftOut("the tests of the package's scripts", 'dpkg-deb');
  const HOME = '/usr/lib/fwknop-mikrotik';

  /** Runs a script where the package is installed. @param setUp more shell commands before it */
  async function runScript(name: string, action: string, setUp: readonly string[] = []) {
    const scripts = ownPath('scripts');
    execFileSync('dpkg-deb', ['--control', deb, scripts]);
    const lib = ownPath('lib');
    mkdirSync(lib);
    const places = [
      // As dpkg leaves it, with the Node.js of this test in place of Debian's.
      `cp -a ${root}${HOME} ${lib}/ && sed -i '1s|/usr/bin/node|${process.execPath}|' ${lib}/fwknop-mikrotik/dist/start.js`,
      `mount -t overlay -o lowerdir=${lib}:/usr/lib overlay /usr/lib`,
      ...setUp,
    ];
    return run([action], { command: inNamespace(places, [join(scripts, name)]) });
  }

  inPlace('postinst makes no file elsewhere, and needs no writable directory', async () => {
    // The overlay has no upper directory: /usr/lib is read-only.
    const setUp = ['export TMPDIR=/nonexistent'];
    expect(await runScript('postinst', 'configure', setUp)).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(await runScript('prerm', 'remove', setUp)).toMatchObject({ status: 0, stderr: '' });
  });

  inPlace('postinst reports a program that does not run', async () => {
    const setUp = [`mount --bind /dev/null ${HOME}/dist/commands.js`];
    const [main = ''] = readdirSync(join(root, HOME, 'dist')).filter((name) => /^main-/.test(name));
    setUp.push(`mount --bind /dev/null ${HOME}/dist/${main}`);
    const { status, stderr } = await runScript('postinst', 'configure', setUp);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^fwknop-mikrotik: it does not run: fwknop-mikrotik: dist is damaged/);
  });

  inPlace.each([
    ['a line that runs it', 'CMD_CYCLE_OPEN  /usr/bin/fwknop-mikrotik $SRC', true],
    ['no such line', '# CMD_CYCLE_OPEN  /usr/bin/fwknop-mikrotik $SRC', false],
  ])('postrm looks at access.conf: %s', async (_, text, isTold) => {
    const conf = ownFile('access.conf', `SOURCE ANY\n${text}\n`, 0o600);
    const setUp = [`mount -t tmpfs tmpfs /etc/fwknop && cp ${conf} /etc/fwknop/access.conf`];
    const { status, stderr } = await runScript('postrm', 'remove', setUp);
    expect(status).toBe(0);
    expect(stderr.includes('access.conf still runs it; hint: ')).toBe(isTold);
  });
});

const hasLintian = existsSync('/usr/bin/lintian');
const testWithLintian = hasDpkg && hasLintian ? test : leftOut('lintian', 'the package lintian');

testWithLintian('lintian finds no error in it, and nothing to warn of', async () => {
  const args = ['--allow-root', '--fail-on', 'error,warning', deb];
  const { stdout } = await promisify(execFile)('lintian', args);
  expect(stdout).toBe('');
});
