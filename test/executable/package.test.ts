/** The package: what is in it, and that it works where npm installs it, without any network. */
import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../../package.json';
import { leftOut } from '../support/left-out';
import {
  flags,
  OPENED,
  ourRouter,
  ownPath,
  PASSWORD,
  tlsFlags,
  transportOf,
  type Way,
} from '../support/router';
import { line, type Run, run, WORDS } from '../support/run';
import { inNamespace, testInNamespace } from './namespace';
import { OPENED_TEXT } from './says';

const ROOT = resolve(__dirname, '../..');

const BELONGS =
  /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|access\.conf\.example|mikrotik\.toml\.example|bin\/fwknop-mikrotik|docs\/[a-z-]+\.md|dist\/(?:[a-z]+|main-[A-Z0-9]{8})\.(?:js|txt|bash)|man\/.*\.8)$/;

/** A router that a dry run names, and does not connect to. */
const NOWHERE = ['--routerip=192.0.2.1', '--routeruser=u', '--routerpass=p'];

let folder: string;
let tarball: string;
/** The executable as `npm install -g` leaves it. */
let installed: string;

const npm = (...args: readonly string[]) =>
  promisify(execFile)('npm', ['--offline', '--no-audit', '--no-fund', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, npm_config_cache: join(folder, 'cache') },
  });

beforeAll(async () => {
  folder = ownPath('npm');
  mkdirSync(folder);
  // npm publish warns where nobody is logged in. No registry is asked.
  const registry = 'registry=http://registry.invalid/\n//registry.invalid/:_authToken=none\n';
  writeFileSync(join(folder, '.npmrc'), registry);
  const build = ['-r', 'ts-node/register/transpile-only', 'packaging/build-npm.ts', folder];
  const { stdout } = await promisify(execFile)(process.execPath, build, { cwd: ROOT });
  tarball = stdout.trim();
  const { stderr } = await npm('install', '--global', '--prefix', join(folder, 'usr'), tarball);
  expect(stderr).toBe('');
  installed = join(folder, 'usr/bin/fwknop-mikrotik');
});

const packageOf = (prefix: string) => join(prefix, 'lib/node_modules/fwknop-mikrotik');

async function knock(executable: string, way: Way = 'plain', command?: readonly string[]) {
  const router = await ourRouter({ transport: transportOf(way) });
  const args = [...flags(router), ...tlsFlags(way), ...WORDS];
  const result = await run(args, { command: command ?? [executable] });
  return { router, result };
}

function expectOpened({ router, result }: Awaited<ReturnType<typeof knock>>): void {
  const opened = line(OPENED_TEXT);
  expect(result).toMatchObject({ status: 0, stdout: '', stderr: opened } satisfies Partial<Run>);
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
}

test('holds what it should, and nothing else', async () => {
  const { stdout } = await promisify(execFile)('tar', ['-tzf', tarball]);
  const files = stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
  expect(files).toEqual(
    expect.arrayContaining([
      'package.json',
      'README.md',
      'docs/troubleshooting.md',
      'LICENSE',
      'access.conf.example',
      'mikrotik.toml.example',
      'bin/fwknop-mikrotik',
      'dist/start.js',
      'man/fwknop-mikrotik.8',
    ]),
  );
  expect(files.filter((path) => !BELONGS.test(path))).toEqual([]);
});

test('runs by npx, and can be published, without a warning', async () => {
  const npx = await npm(
    'exec',
    '--yes',
    `--package=${tarball}`,
    '--',
    'fwknop-mikrotik',
    '--version',
  );
  expect(npx).toEqual({ stdout: `${version}\n`, stderr: '' });
  const { stdout, stderr } = await npm('publish', '--dry-run', tarball);
  expect(stdout).toBe(`+ fwknop-mikrotik@${version}\n`);
  expect(stderr.split('\n').filter((text) => /warn|err/i.test(text))).toEqual([]);
});

test('knows nothing of the machine that it was built on, nor of any test', () => {
  const home = packageOf(join(folder, 'usr'));
  for (const path of [
    'bin/fwknop-mikrotik',
    ...readdirSync(join(home, 'dist')).map((n) => `dist/${n}`),
  ]) {
    const text = readFileSync(join(home, path), 'latin1');
    expect(text).not.toContain(ROOT);
    expect(text).not.toContain('sourceMappingURL');
  }
});

test('has its dependencies inside, and runs no script when it is installed', () => {
  const manifest = JSON.parse(
    readFileSync(join(packageOf(join(folder, 'usr')), 'package.json'), 'utf8'),
  );
  for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
    expect(Object.keys(manifest[kind] ?? {})).toEqual([]);
  }
  expect(manifest).not.toHaveProperty('scripts');
  expect(existsSync(join(packageOf(join(folder, 'usr')), 'node_modules'))).toBe(false);
});

test('its executable may be run by all and written by its owner alone', () => {
  expect(statSync(installed).mode & 0o777).toBe(0o755);
});

test('its manual page is where man looks for it', () => {
  const page = readFileSync(join(folder, 'usr/share/man/man8/fwknop-mikrotik.8'), 'utf8');
  expect(page).toBe(readFileSync(join(ROOT, 'man/fwknop-mikrotik.8'), 'utf8'));
});

test.each(['plain', 'ca-file', 'pinned', 'anonymous'] as const)('opens, %s', async (way) => {
  expectOpened(await knock(installed, way));
  // Once more: now it may have a cache.
  expectOpened(await knock(installed, way));
});

/** The program in `dist` whose name begins so. */
function fileOf(dist: string, beginning: string): string {
  const name = readdirSync(dist).find((file) => file.startsWith(beginning) && /\.js$/.test(file));
  return join(dist, name ?? `no ${beginning}`);
}

test('without dist it says so', async () => {
  const copy = ownPath('bare');
  cpSync(packageOf(join(folder, 'usr')), copy, { recursive: true });
  rmSync(join(copy, 'dist'), { recursive: true });
  const result = await run(WORDS, { command: [join(copy, 'bin/fwknop-mikrotik')] });
  expect(result).toMatchObject({ status: 78, stdout: '' });
  expect(result.stderr).toBe(line('dist is missing or damaged; hint: npm ci builds it'));
});

test.each([
  ['gone', 'main-', WORDS, 'ENOENT', (file: string) => rmSync(file)],
  ['cut off', 'main-', WORDS, 'SyntaxError', (file: string) => truncateSync(file, 40_000)],
  ['empty', 'main-', WORDS, 'TypeError', (file: string) => truncateSync(file)],
  ['gone', 'commands.js', ['check'], 'MODULE_NOT_FOUND', (file: string) => rmSync(file)],
  [
    'cut off',
    'commands.js',
    ['check'],
    '(?:Syntax|Reference)Error', // as the cut falls
    (file: string) => truncateSync(file, 40_000),
  ],
] as const)('with %s %s it says so', async (_, name, words, why, damage) => {
  const copy = ownPath('damaged');
  cpSync(packageOf(join(folder, 'usr')), copy, { recursive: true });
  damage(fileOf(join(copy, 'dist'), name));
  const result = await run(words, { command: [join(copy, 'bin/fwknop-mikrotik')] });
  expect(result).toMatchObject({ status: 78, stdout: '' });
  const text = `^fwknop-mikrotik: dist is damaged: ${why}; hint: install it again\n$`;
  expect(result.stderr).toMatch(new RegExp(text));
});

describe('its code cache', () => {
  /** Runs what makes the cache, also for root: an opening by root is nobody when it ends. */
  const warm = async (executable: string) =>
    expect(await run(['--version'], { command: [executable] })).toMatchObject({ status: 0 });

  /** A copy of the package that has its cache, and its caches. */
  const warmCopy = async () => {
    const copy = ownPath('copy');
    cpSync(packageOf(join(folder, 'usr')), copy, { recursive: true });
    const executable = join(copy, 'bin/fwknop-mikrotik');
    await warm(executable);
    expectOpened(await knock(executable));
    const dist = join(copy, 'dist');
    const caches = readdirSync(dist)
      .filter((name) => name.includes('.cache'))
      .map((name) => join(dist, name));
    return { executable, dist, caches };
  };

  test('is there after a run, closed to others for writing, and holds no secret', async () => {
    const { caches } = await warmCopy();
    expect(caches).toHaveLength(1);
    for (const cache of caches) {
      expect(statSync(cache).mode & 0o022).toBe(0);
      const bytes = readFileSync(cache);
      for (const encoding of ['latin1', 'utf16le', 'hex'] as const) {
        expect(
          bytes.includes(Buffer.from(PASSWORD, encoding === 'hex' ? 'latin1' : encoding)),
        ).toBe(false);
      }
      expect(bytes.includes('198.51.100.7')).toBe(false);
    }
  });

  test('names the architecture: V8 of Node 18 and 20 crashes on the cache of another one', async () => {
    const { caches } = await warmCopy();
    expect(caches.map((path) => path.split('.').slice(-2))).toEqual([[process.arch, 'cache']]);
  });

  test('is closed to others for writing under umask 0, too', async () => {
    const copy = ownPath('copy');
    cpSync(packageOf(join(folder, 'usr')), copy, { recursive: true });
    const executable = join(copy, 'bin/fwknop-mikrotik');
    const command = ['/bin/sh', '-c', 'umask 0; exec env -i "$@"', 'sh', executable];
    expect(await run(['--dry-run', ...NOWHERE, ...WORDS], { command })).toMatchObject({
      status: 0,
    });
    expect(readdirSync(join(copy, 'dist')).some((name) => name.endsWith('.cache'))).toBe(true);
    for (const name of readdirSync(join(copy, 'dist'))) {
      expect(statSync(join(copy, 'dist', name)).mode & 0o022).toBe(0);
    }
  });

  const DAMAGE: Record<string, (cache: string) => void> = {
    'cut to nothing': (cache) => truncateSync(cache, 0),
    'cut to 3 bytes': (cache) => truncateSync(cache, 3),
    'cut in the middle': (cache) => truncateSync(cache, statSync(cache).size >> 1),
    'with a byte changed': (cache) => {
      const bytes = readFileSync(cache);
      const middle = bytes.length >> 1;
      bytes[middle] = bytes[middle]! ^ 0xff;
      writeFileSync(cache, bytes);
    },
    'with two words exchanged': (cache) => {
      const bytes = readFileSync(cache);
      const middle = (bytes.length >> 3) << 2;
      const word = Buffer.from(bytes.subarray(middle, middle + 4));
      bytes.copyWithin(middle, middle + 64, middle + 68);
      word.copy(bytes, middle + 64);
      writeFileSync(cache, bytes);
    },
    zeros: (cache) => writeFileSync(cache, Buffer.alloc(statSync(cache).size)),
    'a text': (cache) => writeFileSync(cache, 'hello'),
    'a directory': (cache) => {
      rmSync(cache);
      mkdirSync(join(cache, 'full'), { recursive: true });
    },
    'a link to nowhere': (cache) => {
      rmSync(cache);
      symlinkSync('/nonexistent/cache', cache);
    },
    'a FIFO': (cache) => {
      rmSync(cache);
      execFileSync('mkfifo', ['-m', '644', cache]);
    },
    'too large to be read': (cache) => truncateSync(cache, 3 * 2 ** 30), // sparse
    'closed to all': (cache) => chmodSync(cache, 0),
    'open to all': (cache) => chmodSync(cache, 0o666),
  };

  test('may be damaged in any way', async () => {
    const { executable, dist, caches } = await warmCopy();
    const whole = caches.map((cache) => readFileSync(cache));
    for (const damage of Object.values(DAMAGE)) {
      for (const [index, cache] of caches.entries()) {
        rmSync(cache, { recursive: true, force: true });
        writeFileSync(cache, whole[index]!);
        damage(cache);
      }
      const { router, result } = await knock(executable, 'plain', [
        ...['/usr/bin/timeout', '-s', 'KILL', '5', executable],
      ]);
      expectOpened({ router, result });
    }
    expect(readdirSync(dist).filter((name) => /\.cache\.\d+$/.test(name))).toEqual([]);
  });

  describe('is code, and so', () => {
    /** A text of the program, and one as long, so that V8 cannot tell the two programs apart. */
    const [ours, theirs] = ['opened ', 'OWNED! '];

    /** A cache of another program, which only its effect tells from ours. */
    const foreignCache = async () => {
      const { executable, dist, caches } = await warmCopy();
      const main = fileOf(dist, 'main-');
      const source = readFileSync(main, 'latin1');
      expect(source).toContain(ours);
      writeFileSync(main, source.replaceAll(ours, theirs), 'latin1');
      for (const cache of caches) rmSync(cache);
      await warm(executable);
      const { result } = await knock(executable);
      expect(result.stderr).toContain(theirs);
      const [cache = ''] = readdirSync(dist).filter((name) => name.includes('.cache'));
      return { name: cache, bytes: readFileSync(join(dist, cache)) };
    };

    test('is taken from where its owner alone writes, and from nowhere else', async () => {
      const foreign = await foreignCache();
      const plant = async (howLoose: (file: string, dist: string) => void) => {
        const { executable, dist } = await warmCopy();
        const file = join(dist, foreign.name);
        rmSync(file);
        writeFileSync(file, foreign.bytes);
        howLoose(file, dist);
        return (await knock(executable)).result.stderr.includes(theirs) ? 'taken' : 'left';
      };
      // The first shows that the cache would work.
      expect([
        await plant(() => undefined),
        await plant((file) => chmodSync(file, 0o666)),
        await plant((file) => chmodSync(file, 0o664)),
        await plant((_, dist) => chmodSync(dist, 0o777)),
        await plant((file) => {
          const elsewhere = ownPath('planted');
          renameSync(file, elsewhere);
          symlinkSync(elsewhere, file);
        }),
        await plant((file, dist) => {
          chmodSync(dist, 0o777);
          rmSync(file);
          execFileSync('mkfifo', [file]); // nobody ever writes to it
        }),
      ]).toEqual(['taken', 'left', 'left', 'left', 'left', 'left']);
      // Only root may give a file to somebody else.
      const given = process.geteuid?.() === 0 ? (file: string) => chownSync(file, 1, 1) : undefined;
      if (given) expect(await plant(given)).toBe('left');
    });
  });

  testInNamespace('the test of a read-only file system')('may have no place', async () => {
    const { executable, dist, caches } = await warmCopy();
    for (const cache of caches) rmSync(cache);
    // Room for the programs, and for a part of a cache.
    const pages = readdirSync(dist).map((name) =>
      Math.ceil(statSync(join(dist, name)).size / 4096),
    );
    const size = `${pages.reduce((sum, count) => sum + count, 4 * 16) * 4}k`;
    for (const setUp of [
      `mount --bind ${dist} ${dist}; mount -o remount,bind,ro ${dist}`,
      `cp -a ${dist} ${dist}.old; mount -t tmpfs -o size=${size} tmpfs ${dist}; cp -a ${dist}.old/* ${dist}/; rm -rf ${dist}.old`,
    ]) {
      const command = inNamespace([setUp, `${executable} --version >/dev/null`], [executable]);
      expectOpened(await knock(executable, 'plain', command));
    }
  });

  const asRoot =
    process.geteuid?.() === 0 ? test : leftOut('the test of an opening by root', 'root');
  asRoot('is not written by an opening of root', async () => {
    const copy = ownPath('copy');
    cpSync(packageOf(join(folder, 'usr')), copy, { recursive: true });
    const executable = join(copy, 'bin/fwknop-mikrotik');
    expectOpened(await knock(executable));
    // Without capabilities it stays root.
    const command = ['/usr/bin/setpriv', '--bounding-set=-all', '--inh-caps=-all', executable];
    const router = await ourRouter();
    const stayed = await run([...flags(router), ...tlsFlags('plain'), ...WORDS], { command });
    expect(stayed).toMatchObject({ status: 0, stderr: line(OPENED_TEXT) });
    expect(readdirSync(join(copy, 'dist')).filter((name) => name.includes('.cache'))).toEqual([]);
  });

  test('twenty runs at the same time, without one', async () => {
    const copy = ownPath('copy');
    cpSync(packageOf(join(folder, 'usr')), copy, { recursive: true });
    const executable = join(copy, 'bin/fwknop-mikrotik');
    const pairs = Array.from({ length: 10 }, () =>
      Promise.all([knock(executable), warm(executable)]),
    );
    for (const [opening] of await Promise.all(pairs)) expectOpened(opening);
    expectOpened(await knock(executable));
    const names = readdirSync(join(copy, 'dist'));
    expect(names.filter((name) => /\.cache\.\d+$/.test(name))).toEqual([]);
  });
});
