import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import packageJson from '../package.json';
import lockfile from '../package-lock.json';

const ROOT = join(__dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/**
 * The folders of src/, those that others rest on last; `.` holds the programs. A module imports from its
 * own folder and from those below it.
 */
const FOLDERS = [
  '.',
  'client',
  'install',
  'check',
  'init',
  'knock',
  'cli',
  'config',
  'router',
  'access',
  'common',
];

const SOURCES = new Map(
  readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path.replace(/\.ts$/, ''), read(join('src', path))]),
);
const PROGRAMS = ['commands', 'main', 'start'];

const importsOf = (source: string) =>
  [...source.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, path = '']) => path);

describe('the modules', () => {
  test('stand in the folders, and the programs above them', () => {
    const names = [...SOURCES.keys()];
    expect([...new Set(names.map(posix.dirname))].sort()).toEqual([...FOLDERS].sort());
    expect(names.filter((name) => !name.includes('/')).sort()).toEqual(PROGRAMS);
  });

  test.each(FOLDERS)('of %s import from their own folder and those below', (folder) => {
    const below = FOLDERS.slice(FOLDERS.indexOf(folder));
    const imports = [...SOURCES]
      .filter(([name]) => posix.dirname(name) === folder)
      .flatMap(([name, source]) =>
        importsOf(source)
          .filter((path) => path.startsWith('.') && !path.endsWith('.json'))
          .map((path) => posix.dirname(posix.join(posix.dirname(name), path))),
      );
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((imported) => !below.includes(imported))).toEqual([]);
  });

  test.each([
    ['routeros-client', 'router/session'],
    ['yargs', 'cli/arguments'],
    ['smol-toml', 'config/config-file'],
    ['qrcode-generator', 'init/qr'],
  ])('only one knows %s', (dependency, owner) => {
    const users = [...SOURCES].filter(([, source]) => importsOf(source).includes(dependency));
    expect(users.map(([name]) => name)).toEqual([owner]);
  });
});

test('the simulator needs nothing of the tests, apart from its own', () => {
  const sources = readdirSync(join(ROOT, 'simulator'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => [path, importsOf(read(join('simulator', path)))] as const);
  expect(sources.length).toBeGreaterThan(15);
  expect(sources.filter(([, imports]) => imports.some((path) => path.includes('/test/')))).toEqual(
    [],
  );
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
      expect.arrayContaining(['node-routeros', 'smol-toml', 'yargs']),
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
