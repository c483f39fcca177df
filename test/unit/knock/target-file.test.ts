import { existsSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../../../src/common/failure';
import { changeTargetFile, readTargetFile } from '../../../src/knock/target-file';
import { makeFolder, writeAs } from '../../support/files';
import { linesOf, refusal, refusalOf } from '../../support/refusals';

const LINE = 'fw.example.com:1234/udp\n';
const folder = makeFolder();
let files = 0;
const fresh = () => join(folder, `file-${++files}`);

describe('reading', () => {
  test('no file is an empty one', () => {
    expect(readTargetFile(fresh())).toEqual({ text: '', insecure: undefined });
  });

  test('ours is read in silence', () => {
    expect(readTargetFile(writeAs(fresh(), LINE))).toEqual({ text: LINE, insecure: undefined });
  });

  test('spknock’s, which all may read, is read with a warning about it', () => {
    const path = writeAs(fresh(), LINE, 0o644);
    const { text, insecure } = readTargetFile(path);
    expect(text).toBe(LINE);
    expect(insecure?.faults).toEqual([
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

const write = (path: string) => changeTargetFile(path, () => LINE);

describe('writing', () => {
  test('makes the directory and the file, for the owner alone', async () => {
    const path = join(fresh(), 'targets');
    await write(path);
    expect(readFileSync(path, 'utf8')).toBe(LINE);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(path))).toEqual(['targets']);
  });

  test('closes a file that was open to others', async () => {
    const path = writeAs(fresh(), 'old', 0o644);
    await write(path);
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual([LINE, 0o600]);
  });

  test('follows a link', async () => {
    const path = writeAs(fresh(), 'old');
    const link = fresh();
    symlinkSync(path, link);
    await write(link);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe(LINE);
  });

  test('says why it could not', async () => {
    const path = join(writeAs(fresh(), ''), 'targets');
    expect(linesOf(await refusalOf(write(path)), 'config')).toEqual([
      expect.stringMatching(/: cannot be written: (EEXIST|ENOTDIR)$/),
    ]);
  });

  test('loses none of many changes at the same time', async () => {
    const path = writeAs(fresh(), '');
    const numbers = Array.from({ length: 20 }, (_, number) => `${number}\n`);
    await Promise.all(numbers.map((line) => changeTargetFile(path, ({ text }) => text + line)));
    expect(readFileSync(path, 'utf8').split('\n').sort()).toEqual(
      ['', ...numbers.map((line) => line.trim())].sort(),
    );
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  test('leaves the file, and no lock, when the change is refused', async () => {
    const path = writeAs(fresh(), LINE);
    const refused = new Failure('usage', 'no');
    await expect(
      changeTargetFile(path, () => {
        throw refused;
      }),
    ).rejects.toBe(refused);
    expect(readFileSync(path, 'utf8')).toBe(LINE);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('waits no longer than some seconds for a lock that stays', async () => {
    const path = writeAs(fresh(), LINE);
    writeAs(`${path}.lock`, '');
    expect(linesOf(await refusalOf(write(path)), 'config')).toEqual([
      `${path}: another process is changing it; hint: if there is none: rm ${path}.lock`,
    ]);
    expect(readFileSync(path, 'utf8')).toBe(LINE);
  });
});
