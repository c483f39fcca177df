/** Writing a pin leaves the old file whole, or the new one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writePin } from '../../../src/check/pin';
import { makeFolder, writeAs } from '../../support/files';
import { linesOf, refusal } from '../../support/refusals';
import { CALLER, testAsRoot } from '../../support/users';

const folder = makeFolder();
const path = join(folder, 'mikrotik.toml');
const PIN = 'ab'.repeat(32);
const TEXT = '[[router]]\nhost = "192.0.2.1"\nuser = "fwknop"\npassword = "secret"\n';
const PINNED = `${TEXT}fingerprint = "${PIN}"\n`;
const BY_HAND = `put fingerprint = "${PIN}" into it by hand`;

const pin = (file: string, name = '192.0.2.1') => writePin(file, 0, name, PIN);
const refused = (name?: string) =>
  linesOf(
    refusal(() => pin(path, name)),
    'config',
  );
/** The whole texts: of the line that is printed a long path may take too much. */
const faultsOf = () => refusal(() => pin(path)).faults;

/** No temporary file is ever left beside the file. */
afterEach(() => expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]));

test.each([0o600, 0o640, 0o400])('the mode stays: %o', (mode) => {
  writeAs(path, TEXT.replace('password = "secret"', 'password-file = "p"'), mode);
  pin(path);
  expect(statSync(path).mode & 0o777).toBe(mode);
  expect(readFileSync(path, 'utf8')).toContain(`fingerprint = "${PIN}"`);
});

testAsRoot('the owner stays', () => {
  // readTrustedFile takes root's and the caller's; root is both here.
  writeAs(path, TEXT, 0o600, 0);
  pin(path);
  expect(statSync(path)).toMatchObject({ uid: 0, gid: 0 });
  writeAs(path, TEXT, 0o600, CALLER);
  expect(refused()).toEqual([`${path}: belongs to another user; hint: chown 0 ${path}`]);
});

test('it is another file: who reads the old one meanwhile has it whole', () => {
  writeAs(path, TEXT);
  const before = statSync(path).ino;
  pin(path);
  expect(statSync(path).ino).not.toBe(before);
  expect(readFileSync(path, 'utf8')).toBe(PINNED);
});

test('a link stays a link', () => {
  writeAs(path, TEXT);
  const link = join(folder, 'link.toml');
  symlinkSync(path, link);
  pin(link);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe(PINNED);
});

test('networks under [grant], which are no plain values, are no hindrance', () => {
  writeAs(path, `[grant]\nsources = ["198.51.100.0/24"]\n${TEXT}`);
  pin(path);
  expect(readFileSync(path, 'utf8')).toBe(`[grant]\nsources = ["198.51.100.0/24"]\n${PINNED}`);
});

test.each([
  [
    'a router in one line',
    'router = [{ host = "a.example", user = "x", password = "y" }]\n',
    'no [[router]] line to put the pin under',
  ],
  [
    'lines in a text that look like a table',
    `comment = '''\n[[router]]\n'''\n${TEXT}`,
    'expected printable ASCII characters only',
  ],
])('%s is left as it is', (_, text, why) => {
  writeAs(path, text);
  expect(faultsOf()).toMatchObject([{ what: expect.stringContaining(why) }]);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('a list that goes over lines is no hindrance', () => {
  const text = `[grant]\nservices = [\n"tcp/22",\n]\n${TEXT}`;
  writeAs(path, text);
  pin(path);
  expect(readFileSync(path, 'utf8')).toBe(`[grant]\nservices = [\n"tcp/22",\n]\n${PINNED}`);
});

test('what comes out otherwise than it should is not put in place', () => {
  // The second "tls" line is inside a text.
  const text = `${TEXT}name = '''\ntls = "x"'''\n`;
  writeAs(path, text);
  expect(refused().length).toBeGreaterThan(0);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('a router that is no longer where it was when it was looked at gets no pin', () => {
  const text = TEXT.replace('host', 'name = "cellar"\nhost');
  writeAs(path, text);
  for (const name of ['192.0.2.1', 'attic']) {
    expect(refused(name)).toEqual([
      `${path}: has been changed since it was read; hint: check again`,
    ]);
  }
  expect(readFileSync(path, 'utf8')).toBe(text);
  pin(path, 'cellar');
  expect(readFileSync(path, 'utf8')).toContain(PIN);
});

test('another edit while the new file is written is kept', async () => {
  /** Edits the file as soon as a new one is staged beside it; prints whether it was in time. */
  const EDITOR = `
    const { existsSync, renameSync, watch, writeFileSync } = require('node:fs');
    const [folder, text] = process.argv.slice(1);
    const watcher = watch(folder, (_, name) => {
      if (!name.endsWith('.new')) return;
      watcher.close();
      writeFileSync(folder + '/edit', text, { mode: 0o600 });
      renameSync(folder + '/edit', folder + '/mikrotik.toml');
      console.log(existsSync(folder + '/' + name) ? 'in time' : 'late');
    });
    console.log('ready');`;
  let isInTime = false;
  for (let tries = 0; tries < 50 && !isInTime; tries += 1) {
    writeAs(path, TEXT);
    const editor = spawn(process.execPath, ['-e', EDITOR, folder, `# edited\n${TEXT}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = createInterface(editor.stdout);
    await once(said, 'line');
    pin(path);
    const [answer] = await once(said, 'line');
    isInTime = answer === 'in time';
    if (isInTime) expect(readFileSync(path, 'utf8')).toBe(`# edited\n${PINNED}`);
    await once(editor, 'exit');
  }
  expect(isInTime).toBe(true);
});

test('a file in another encoding is left as it is', () => {
  const bytes = Buffer.from(`# K\xfcche\n${TEXT}`, 'latin1');
  writeFileSync(path, bytes, { mode: 0o600 });
  const what = `${path}: written in a way that cannot be edited`;
  expect(faultsOf()).toEqual([{ what, hint: BY_HAND }]);
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test('the remains of a run that was killed are replaced', () => {
  writeAs(path, TEXT);
  writeAs(`${path}.${process.pid}.new`, 'remains');
  pin(path);
  expect(readFileSync(path, 'utf8')).toBe(PINNED);
});

test('a directory that takes no new file', () => {
  writeAs(path, TEXT);
  const staged = `${path}.${process.pid}.new`;
  mkdirSync(staged);
  try {
    const what = expect.stringMatching(/mikrotik\.toml: cannot be written: \w+$/);
    expect(faultsOf()).toEqual([{ what, hint: BY_HAND }]);
    expect(readFileSync(path, 'utf8')).toBe(TEXT);
  } finally {
    rmdirSync(staged);
  }
});
