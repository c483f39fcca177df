import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findGateway, thisHost } from '../../../src/init/this-host';
import { makeFolder } from '../../support/files';

const directory = makeFolder();
const HEAD =
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
const route = (
  name: string,
  to: string,
  gateway: string,
  flags: string,
  metric: number,
  mask: string,
) => `${name}\t${to}\t${gateway}\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0   \n`;
const LAN = route('eth0', '0058A8C0', '00000000', '0001', 100, '00FFFFFF');
const DEFAULT = route('eth0', '00000000', '0158A8C0', '0003', 100, '00000000');

test.each<[string, string, string | undefined]>([
  ['the default route', HEAD + LAN + DEFAULT, '192.168.88.1 eth0'],
  [
    'the default route of the lowest metric',
    HEAD + route('wlan0', '00000000', '0101A8C0', '0003', 600, '00000000') + DEFAULT,
    '192.168.88.1 eth0',
  ],
  [
    'no route without a gateway, such as that of a tunnel',
    HEAD + route('tun0', '00000000', '00000000', '0001', 0, '00000000') + LAN,
    undefined,
  ],
  [
    'no half of the Internet',
    HEAD + route('tun0', '00000000', '0100080A', '0003', 0, '00000080'),
    undefined,
  ],
  ['nothing in an empty table', HEAD, undefined],
  ['nothing without a table', '', undefined],
])('the gateway is that of %s', (_, table, expected) => {
  const gateway = findGateway(table, 'LE');
  expect(gateway && `${gateway.address} ${gateway.interfaceName}`).toBe(expected);
});

test('reads the byte order of either kind of machine', () => {
  const table = HEAD + route('eth0', '00000000', 'C0A85801', '0003', 0, '00000000');
  expect(findGateway(table, 'BE')?.address).toBe('192.168.88.1');
});

test('finds this host: no address of loopback, and no program that fwknopd cannot run', () => {
  const { name, addresses, program } = thisHost();
  expect(name).not.toBe('');
  expect(addresses.filter((address) => address.startsWith('127.'))).toEqual([]);
  expect(program).toBe(process.argv[1]);
});

test.each([
  ['/home/me/.npm/_npx/1a2b/node_modules/.bin/fwknop-mikrotik', true],
  ['/opt/my node/fwknop-mikrotik', true],
  ['/gone/fwknop-mikrotik', false],
])('a program at %s is no default', (path, exists) => {
  const before = process.argv[1];
  const program = join(directory, path);
  if (exists) {
    mkdirSync(dirname(program), { recursive: true });
    writeFileSync(program, '');
  }
  process.argv[1] = program;
  try {
    expect(thisHost().program).toBeUndefined();
  } finally {
    process.argv[1] = before ?? '';
  }
});
