import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../../src/common/whole-file';
import { makeFolder, writeAs } from '../../support/files';

const folder = makeFolder();

test('the remains of a killed run with the same number are replaced', () => {
  const path = join(folder, 'file');
  writeAs(`${path}.${process.pid}.new`, 'half');
  writeWhole(path, 'whole', { mode: 0o600 });
  expect(readdirSync(folder)).toEqual(['file']);
  expect(readFileSync(path, 'utf8')).toBe('whole');
});
