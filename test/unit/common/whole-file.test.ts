import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../../src/common/whole-file';
import { makeFolder, writeAs } from '../../support/files';

const folder = makeFolder();

test('the remains of killed runs are removed, and nothing else', () => {
  const { pid: ended } = spawnSync('/bin/true');
  const others = ['1.new', 'x.new', `${ended}.newer`].map((end) => `file.${end}`);
  const remains = [process.pid, ended].map((pid) => `file.${pid}.new`);
  for (const name of [...others, `other.${ended}.new`, ...remains]) {
    writeAs(join(folder, name), 'half');
  }
  writeWhole(join(folder, 'file'), 'whole', { mode: 0o600 });
  expect(readdirSync(folder).sort()).toEqual(['file', ...others, `other.${ended}.new`].sort());
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('whole');
});
