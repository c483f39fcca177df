import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import packageJson from '../package.json';
import lockfile from '../package-lock.json';
import { USAGE } from '../src/usage';

const ROOT = join(__dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The modules of src/, those that others rest on last. A module imports only from below itself. */
const ORDER = [
  'main',
  'commands',
  'init/init',
  'init/usage',
  'init/options',
  'init/fallback-options',
  'init/write',
  'init/files',
  'init/undo',
  'init/router-script',
  'init/fallback',
  'init/fallback-faults',
  'init/always-allowed',
  'init/rules',
  'init/routeros',
  'init/qr',
  'init/keys',
  'init/setup',
  'check/check',
  'check/usage',
  'check/router-steps',
  'check/policies',
  'check/tls-step',
  'check/pin',
  'check/pinned-text',
  'check/certificate',
  'check/fwknopd-steps',
  'check/program',
  'check/tools',
  'check/stanza',
  'check/command',
  'check/access-conf',
  'check/marks',
  'knock/knock',
  'knock/usage',
  'knock/send',
  'knock/passphrases',
  'knock/request',
  'knock/target-file',
  'knock/targets',
  'knock/cargo',
  'knock/knocks',
  'terminal',
  'report',
  'streams',
  'usage',
  'cli',
  'arguments',
  'config',
  'config-file',
  'settings',
  'trusted-file',
  'router/open',
  'router/session',
  'router/resolve',
  'router/trust',
  'router/sentence',
  'router/errors',
  'router/address-list',
  'router/router',
  'grant',
  'access-request',
  'address',
  'bad-value',
  'deadline',
  'duration',
  'failure',
  'text',
];

const SOURCES = new Map(
  readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path.replace(/\.ts$/, ''), read(join('src', path))]),
);

const importsOf = (source: string) =>
  [...source.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, path = '']) => path);

describe('the modules', () => {
  test('are all in the order', () => {
    expect([...SOURCES.keys()].sort()).toEqual([...ORDER].sort());
  });

  test.each(ORDER)('%s imports only from below itself', (name) => {
    const above = ORDER.slice(0, ORDER.indexOf(name) + 1);
    const imported = importsOf(SOURCES.get(name) ?? '')
      .filter((path) => path.startsWith('.'))
      .map((path) => posix.join(posix.dirname(name), path));
    expect(imported.filter((path) => above.includes(path))).toEqual([]);
  });

  test.each([
    ['routeros-client', 'router/session'],
    ['yargs', 'arguments'],
    ['smol-toml', 'config-file'],
    ['qrcode-generator', 'init/qr'],
  ])('only one knows %s', (dependency, owner) => {
    const users = [...SOURCES].filter(([, source]) => importsOf(source).includes(dependency));
    expect(users.map(([name]) => name)).toEqual([owner]);
  });
});

describe('the package', () => {
  const locked: Record<
    string,
    { version?: string; hasInstallScript?: boolean; resolved?: string }
  > = lockfile.packages;
  // Of an installed package nothing but its own files is there: the build puts the rest inside.
  const inside = [...read('dist/licenses.txt').matchAll(/^={78}\n(\S+) (\S+) \(/gm)].map(
    ([, name = '', version = '']) => ({ name, version }),
  );

  test('brings its dependencies at the versions of the lockfile', () => {
    expect(inside.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['node-routeros', 'routeros-client', 'smol-toml', 'yargs']),
    );
    for (const { name, version } of inside) {
      const versions = Object.entries(locked)
        .filter(([path]) => path.endsWith(`node_modules/${name}`))
        .map(([, entry]) => entry.version);
      expect(versions).toContain(version);
    }
  });

  test('asks whoever installs it for nothing more', () => {
    expect(packageJson).not.toHaveProperty('dependencies');
    for (const { name } of inside) {
      expect(locked[`node_modules/${name}`]?.hasInstallScript ?? false).toBe(false);
    }
  });

  test('holds to the versions that the guard was written for', () => {
    expect(locked['node_modules/routeros-client']?.version).toBe('1.1.2');
    expect(locked['node_modules/node-routeros']?.version).toBe('1.6.9');
  });

  test('names no place to download from', () => {
    expect(Object.values(locked).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });
});

describe('the README', () => {
  test("repeats the program's own help", () => {
    expect(read('README.md')).toContain(`\`\`\`\n${USAGE}\`\`\`\n`);
  });
});
