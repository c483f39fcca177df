import { spawnSync } from 'node:child_process';
import { checkIdentity } from '../../../src/check/host';
import { hasUdpPort, interfacesOf } from '../../../src/check/process';

test('a process that has ended meanwhile is no error', () => {
  const { pid } = spawnSync('/bin/true');
  expect(hasUdpPort(pid, 62201)).toBe(false);
  expect(interfacesOf(pid)).toContain('lo');
  expect(checkIdentity(pid)).toEqual(checkIdentity('self'));
});
