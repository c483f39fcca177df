import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readTargetFile, writeTargetFile } from '../../../src/knock/target-file';
import { makeFolder, writeAs } from '../../support/files';
import { linesOf, refusal } from '../../support/refusals';

const LINE = 'fw.example.com:1234/udp\n';
const folder = makeFolder();
let files = 0;
const fresh = () => join(folder, `file-${++files}`);

describe('reading', () => {
  test('no file is an empty one', () => {
    expect(readTargetFile(fresh())).toEqual({ text: '', looseness: undefined });
  });

  test('ours is read in silence', () => {
    expect(readTargetFile(writeAs(fresh(), LINE))).toEqual({ text: LINE, looseness: undefined });
  });

  test('spknock’s, which all may read, is read with a word about it', () => {
    const path = writeAs(fresh(), LINE, 0o644);
    const { text, looseness } = readTargetFile(path);
    expect(text).toBe(LINE);
    expect(looseness?.faults).toEqual([
      { what: expect.stringContaining('others may read'), hint: `chmod go= ${path}` },
    ]);
  });

  test('one that others may write is refused', () => {
    const path = writeAs(fresh(), LINE, 0o620);
    expect(
      linesOf(
        refusal(() => readTargetFile(path)),
        'config',
      ),
    ).toEqual([`${path}: may be written by others; hint: chmod go-w ${path}`]);
  });
});

describe('writing', () => {
  test('makes the folder and the file, for the owner alone', () => {
    const path = join(fresh(), 'targets');
    writeTargetFile(path, LINE);
    expect(readFileSync(path, 'utf8')).toBe(LINE);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(path))).toEqual(['targets']);
  });

  test('closes a file that was open to others', () => {
    const path = writeAs(fresh(), 'old', 0o644);
    writeTargetFile(path, LINE);
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual([LINE, 0o600]);
  });

  test('follows a link', () => {
    const path = writeAs(fresh(), 'old');
    const link = fresh();
    symlinkSync(path, link);
    writeTargetFile(link, LINE);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe(LINE);
  });

  test('says why it could not', () => {
    const path = join(writeAs(fresh(), ''), 'targets');
    expect(
      linesOf(
        refusal(() => writeTargetFile(path, LINE)),
        'config',
      ),
    ).toEqual([expect.stringMatching(/: cannot be written: (EEXIST|ENOTDIR)$/)]);
  });
});
