import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { writeFiles } from '../../../src/init/write';
import { makeFolder, writeAs } from '../../support/files';
import { linesOf, refusal } from '../../support/refusals';

const FILES = [
  { name: 'one', text: 'first' },
  { name: 'two', text: 'second' },
];
const base = makeFolder();
let made = 0;
const fresh = () => {
  made += 1;
  return join(base, String(made));
};
const modeOf = (path: string) => statSync(path).mode & 0o7777;
const refused = (folder: string, force = false) =>
  linesOf(
    refusal(() => writeFiles(folder, FILES, force)),
    'config',
  );

describe.each([0o000, 0o022, 0o077, 0o777])('with umask %o', (umask) => {
  let before = 0;
  beforeEach(() => {
    before = process.umask(umask);
  });
  afterEach(() => process.umask(before));

  test('only the owner may read the directory and its files', () => {
    const folder = fresh();
    writeFiles(folder, FILES, false);
    expect(modeOf(folder)).toBe(0o700);
    expect(readdirSync(folder).sort()).toEqual(['one', 'two']);
    for (const { name, text } of FILES) {
      expect(modeOf(join(folder, name))).toBe(0o600);
      expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
    }
  });
});

test('a file below a directory of its own gets one that is closed to others', () => {
  const folder = fresh();
  const files = [...FILES, { name: 'phone/three', text: 'third' }];
  writeFiles(folder, files, false);
  expect(modeOf(join(folder, 'phone'))).toBe(0o700);
  expect(modeOf(join(folder, 'phone/three'))).toBe(0o600);
  writeFiles(folder, files, true);
  chmodSync(join(folder, 'phone'), 0o755);
  expect(
    linesOf(
      refusal(() => writeFiles(folder, files, true)),
      'config',
    )[0],
  ).toMatch(/phone: insecure permissions/);
});

test('existing files stay, and nothing is added to them', () => {
  const folder = fresh();
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'two'), 'mine');
  const [line] = refused(folder);
  expect(line).toMatch(/two already exist; hint: .*--force/);
  expect(readdirSync(folder)).toEqual(['two']);
  expect(readFileSync(join(folder, 'two'), 'utf8')).toBe('mine');
});

test('a link is not followed', () => {
  const folder = fresh();
  mkdirSync(folder, { mode: 0o700 });
  symlinkSync(join(base, 'elsewhere'), join(folder, 'one'));
  expect(refused(folder)).toHaveLength(1);
  expect(refused(folder, true)).toHaveLength(1);
  expect(existsSync(join(base, 'elsewhere'))).toBe(false);
});

test('--force overwrites them, and makes them secret', () => {
  const folder = fresh();
  mkdirSync(folder, { mode: 0o700 });
  writeAs(join(folder, 'two'), 'mine', 0o644);
  writeFiles(folder, FILES, true);
  expect(readdirSync(folder).sort()).toEqual(['one', 'two']);
  expect(readFileSync(join(folder, 'two'), 'utf8')).toBe('second');
  expect(modeOf(join(folder, 'two'))).toBe(0o600);
});

test('--force changes nothing if one file cannot be written', () => {
  const folder = fresh();
  mkdirSync(join(folder, 'two'), { recursive: true });
  chmodSync(folder, 0o700);
  writeFileSync(join(folder, 'one'), 'mine');
  expect(refused(folder, true)).toHaveLength(1);
  expect(readdirSync(folder).sort()).toEqual(['one', 'two']);
  expect(readFileSync(join(folder, 'one'), 'utf8')).toBe('mine');
});

test('a failure in the middle leaves no file, and no directory that was not there', () => {
  const folder = fresh();
  const files = [{ name: 'phone/three', text: '' }, ...FILES, { name: 'no/such/folder', text: '' }];
  linesOf(
    refusal(() => writeFiles(folder, files, false)),
    'config',
  );
  expect(existsSync(folder)).toBe(false);
  mkdirSync(folder, { mode: 0o700 });
  linesOf(
    refusal(() => writeFiles(folder, files, false)),
    'config',
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('a directory with insecure permissions is refused', () => {
  const folder = fresh();
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  expect(refused(folder)[0]).toMatch(/insecure permissions: .*; hint: .*--out/);
  expect(refused(folder, true)[0]).toMatch(/insecure permissions/);
  expect(readdirSync(folder)).toEqual([]);
});

test('a file in its place, or a directory that cannot be made, is refused', () => {
  expect(refused(writeAs(fresh(), ''))[0]).toMatch(/not a directory/);
  expect(refused(join(base, 'no', 'such', 'folder'))[0]).toMatch(/cannot be written: ENOENT/);
});
