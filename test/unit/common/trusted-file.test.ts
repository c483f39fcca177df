import { execFileSync, spawn } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readTrustedFile, showPath } from '../../../src/common/trusted-file';
import { makeFolder, writeAs } from '../../support/files';
import { linesOf, refusal } from '../../support/refusals';
import { asUser, CALLER, ROOT, STRANGER, testAsRoot } from '../../support/users';

const folder = makeFolder();
const at = (name: string) => join(folder, name);

/** Reads a file that holds a secret. */
function readSecret(path: string): string {
  const file = readTrustedFile(path);
  file.requireSecrecy();
  return file.text;
}

const lines = (read: (path: string) => unknown, path: string) =>
  linesOf(
    refusal(() => read(path)),
    'config',
  );

describe('reads', () => {
  test.each([
    ['a text', 'key = "value"\n'],
    ['nothing', ''],
    ['UTF-8', 'ü €\n'],
    ['line ends as they are', 'a\r\nb\r'],
    ['a file of just the largest size', 'x'.repeat(1 << 20)],
  ])('%s', (_, text) => {
    expect(readTrustedFile(writeAs(at('file'), text)).text).toBe(text);
  });

  test('a file of root’s, for any caller', () => {
    expect(readTrustedFile('/etc/passwd').text).toMatch(/^root:/m);
  });

  test('through a symbolic link, and a hard one', () => {
    const path = writeAs(at('target'), 'text');
    symlinkSync(path, at('link'));
    linkSync(path, at('second-name'));
    expect(readSecret(at('link'))).toBe('text');
    expect(readSecret(at('second-name'))).toBe('text');
  });
});

describe('refuses, in a line', () => {
  const writeEmpty = (name: string) => writeAs(at(name), '');

  test('a file that is not there', () => {
    expect(lines(readTrustedFile, at('missing'))).toEqual([`${at('missing')}: no such file`]);
  });

  test('a link that leads nowhere', () => {
    symlinkSync(at('nowhere'), at('dangling'));
    expect(lines(readTrustedFile, at('dangling'))).toEqual([`${at('dangling')}: no such file`]);
  });

  test('a link that leads to itself', () => {
    symlinkSync(at('loop'), at('loop'));
    expect(lines(readTrustedFile, at('loop'))).toEqual([
      `${at('loop')}: a symbolic link, not followed`,
    ]);
  });

  test('a path through a file', () => {
    const path = join(writeEmpty('plain'), 'below');
    expect(lines(readTrustedFile, path)).toEqual([`${path}: unreadable: ENOTDIR`]);
  });

  test('a directory', () => {
    mkdirSync(at('folder'));
    expect(lines(readTrustedFile, at('folder'))).toEqual([`${at('folder')}: not a regular file`]);
  });

  test('a device', () => {
    expect(lines(readTrustedFile, '/dev/null')).toEqual(['/dev/null: not a regular file']);
  });

  test('a FIFO, at once: nobody may ever write to it', () => {
    execFileSync('mkfifo', [at('fifo')]);
    // Opens it in the end: otherwise a reader that waits would hang this test, too.
    const rescuer = spawn('sh', ['-c', 'sleep 3; exec 3<>"$0"; sleep 1', at('fifo')]);
    const started = performance.now();
    expect(lines(readTrustedFile, at('fifo'))).toEqual([`${at('fifo')}: not a regular file`]);
    expect(performance.now() - started).toBeLessThan(1000);
    rescuer.kill();
  });

  test('a socket', async () => {
    const server = createServer().listen(at('socket'));
    await new Promise((listening) => server.on('listening', listening));
    const [line] = lines(readTrustedFile, at('socket'));
    server.close();
    expect(line).toContain(`${at('socket')}: `);
  });

  test('a file that is too large, without reading it', () => {
    truncateSync(writeEmpty('large'), (1 << 20) + 1);
    truncateSync(writeEmpty('vast'), 2 ** 40);
    for (const path of [at('large'), at('vast')]) {
      expect(lines(readTrustedFile, path)).toEqual([`${path}: larger than 1 MiB`]);
    }
  });

  testAsRoot('a file that the caller may not read', () => {
    const path = writeAs(at('private'), 'x', 0o600, ROOT);
    expect(asUser(CALLER, () => lines(readTrustedFile, path))).toEqual([
      `${path}: permission denied`,
    ]);
  });

  testAsRoot('a file in a directory that the caller may not enter', () => {
    mkdirSync(at('closed'), { mode: 0o700 });
    const path = writeAs(at('closed/file'), 'x', 0o644);
    expect(asUser(CALLER, () => lines(readTrustedFile, path))).toEqual([
      `${path}: permission denied`,
    ]);
  });
});

const OWNERS: [who: string, caller: number, owner: number, fit: boolean][] = [
  ['root reads root’s', ROOT, ROOT, true],
  ['root reads a user’s', ROOT, STRANGER, false],
  ['a user reads their own', CALLER, CALLER, true],
  ['a user reads root’s', CALLER, ROOT, true],
  ['a user reads another’s', CALLER, STRANGER, false],
];

describe.each(OWNERS)('%s', (_, caller, owner, fit) => {
  testAsRoot(fit ? 'and trusts it' : 'and refuses it, with the command that fixes it', () => {
    const path = writeAs(at('owned'), 'text', 0o644, owner);
    const read = () => asUser(caller, () => readTrustedFile(path).text);
    if (!fit) {
      expect(lines(read, path)).toEqual([
        `${path}: belongs to another user; hint: chown ${caller} ${path}`,
      ]);
      fix(lines(read, path));
    }
    expect(read()).toBe('text');
  });
});

/** Pastes the hint of a line into a root shell, as an administrator would. */
function fix([line = '']: readonly string[]): void {
  const [, command] = /; hint: (ch(?:mod|own) .*)$/.exec(line) ?? [];
  if (command === undefined) throw new Error(`no command in: ${line}`);
  execFileSync('sh', ['-c', command], { cwd: folder });
}

const MODES: [mode: number, trusted: boolean, secret: boolean][] = [
  [0o400, true, true],
  [0o600, true, true],
  [0o700, true, true],
  [0o604, true, false],
  [0o640, true, false],
  [0o644, true, false],
  [0o444, true, false],
  [0o755, true, false],
  [0o620, false, false],
  [0o602, false, false],
  [0o660, false, false],
  [0o664, false, false],
  [0o666, false, false],
  [0o777, false, false],
  [0o4600, true, true],
  [0o1666, false, false],
];

describe.each(MODES.map(([mode, ...fit]) => [`0${mode.toString(8)}`, mode, ...fit] as const))(
  'a file of mode %s',
  (_, mode, trusted, secret) => {
    test(`${trusted ? 'may' : 'may not'} be a configuration`, () => {
      const path = writeAs(at('open'), 'text', mode);
      if (!trusted) {
        const refused = lines(readTrustedFile, path);
        expect(refused).toEqual([`${path}: may be written by others; hint: chmod go-w ${path}`]);
        fix(refused);
        expect(statSync(path).mode & 0o7755).toBe(mode & 0o7755);
      }
      expect(readTrustedFile(path).text).toBe('text');
    });

    test(`${secret ? 'may' : 'may not'} hold a secret`, () => {
      const path = writeAs(at('open'), 'text', mode);
      if (!trusted) fix(lines(readSecret, path));
      if (!secret && (mode & 0o055) !== 0) {
        const refused = lines(readSecret, path);
        expect(refused).toEqual([
          `${path}: holds a secret that others may read; hint: chmod go= ${path}`,
        ]);
        fix(refused);
      }
      expect(readSecret(path)).toBe('text');
      expect(statSync(path).mode & 0o077).toBe(0);
    });
  },
);

testAsRoot('an insecure file that a link leads to is fixed through the link', () => {
  const path = writeAs(at('far'), 'text', 0o666, STRANGER);
  symlinkSync(path, at('near'));
  fix(lines(readSecret, at('near')));
  fix(lines(readSecret, at('near')));
  fix(lines(readSecret, at('near')));
  expect(readSecret(at('near'))).toBe('text');
  expect(statSync(path)).toMatchObject({ uid: ROOT });
});

test.each([
  ['a space', 'my router.toml'],
  ['a quote', "router's.toml"],
  ['quotes', 'a "router".toml'],
  ['a command for a shell', '$(touch pwned).toml'],
  ['a command after it', 'a;touch pwned'],
  ['a pattern', '*.toml'],
  ['a backslash', 'a\\b.toml'],
])('the command for a path with %s is fit to be pasted', (_, name) => {
  const path = writeAs(at(name), 'text', 0o666);
  rmSync(at('pwned'), { force: true });
  fix(lines(readTrustedFile, path));
  expect(readTrustedFile(path).text).toBe('text');
  expect(() => statSync(at('pwned'))).toThrow('ENOENT');
});

test.each([
  ['is longer than a line', 'x'.repeat(190)],
  ['has letters that a line cannot show', 'é.toml'],
])('the command is whole or left out where a path %s', (_, name) => {
  const path = writeAs(at(name), 'text', 0o666);
  const [line = ''] = lines(readTrustedFile, path);
  expect(line).toContain('may be written by others');
  if (line.includes('hint: ')) expect(line).toContain(path);
});

describe('a path that may be a password', () => {
  const named = (path: string) => readTrustedFile(path, '--password-file');

  test('is not shown while no file is there', () => {
    mkdirSync(at('a-folder'));
    expect(lines(named, at('Tr0ub4dor'))).toEqual(['--password-file: no such file']);
    expect(lines(named, 'x'.repeat(5000))).toEqual(['--password-file: unreadable: ENAMETOOLONG']);
    expect(lines(named, at('a-folder'))).toEqual(['--password-file: not a regular file']);
    truncateSync(writeAs(at('huge'), ''), 2 ** 40);
    expect(lines(named, at('huge'))).toEqual(['--password-file: larger than 1 MiB']);
  });

  test('is shown where it is a file, in the command that fixes it', () => {
    const path = writeAs(at('loose'), 'text', 0o666);
    expect(lines(named, path)).toEqual([
      `${path}: may be written by others; hint: chmod go-w ${path}`,
    ]);
    expect(named(writeAs(path, 'text')).text).toBe('text');
  });
});

test('a path is shown by its end, where it is long', () => {
  expect(showPath('/etc/fwknop/mikrotik.toml')).toBe('/etc/fwknop/mikrotik.toml');
  const long = `/${'x'.repeat(200)}/mikrotik.toml`;
  expect(showPath(long)).toMatch(/^\.\.\.x+\/mikrotik\.toml$/);
  expect(showPath(long).length).toBeLessThanOrEqual(60);
});
