/** init --fallback as shipped: what stands in its files, and what does not. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf } from '../../src/knock/packets';
import { makeFolder, writeAs } from '../support/files';
import { run, said } from '../support/run';

const folder = makeFolder();
const NEEDED = [
  '--router=192.168.88.1',
  '--fwknopd=192.168.88.50',
  '--server=fw.example.com',
  '--service=tcp/22',
];
const SECRET = ['--fallback=secret', '--knocks=udp/1234,udp/9876'];
let runs = 0;

function init(...args: string[]) {
  const out = join(folder, `out-${++runs}`);
  return { out, result: run(['init', ...NEEDED, '--out', out, ...args]) };
}

test('secret: the script holds the hashes, and no file the passphrases', async () => {
  const file = writeAs(join(folder, 'passphrases'), 'MikroTik\nawesome\n');
  const { out, result } = init(...SECRET, '--passphrase-file', file);
  const { status, stdout, stderr } = await result;
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('fwknop-mikrotik knock fw.example.com udp/1234 udp/9876 --secret\n');
  const script = readFileSync(join(out, 'router.rsc'), 'utf8');
  for (const passphrase of ['MikroTik', 'awesome']) {
    expect(script).toContain(`content=${hashOf(passphrase)} packet-size=92`);
  }
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' })
    .map((name) => join(out, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'));
  expect(files.length).toBeGreaterThan(3);
  for (const text of [...files, stdout]) expect(text).not.toContain('awesome');
});

test('ascending ports of one protocol: refused, and nothing is written', async () => {
  const { out, result } = init('--fallback=sequence', '--knocks=tcp/1337,tcp/17954');
  expect(await result).toMatchObject(
    said(
      64,
      '--knocks: ports of one protocol in ascending order; hint: a port scan sends them in this order: change it, or mix tcp and udp',
    ),
  );
  expect(existsSync(out)).toBe(false);
});

test('secret without a terminal and without a file: refused', async () => {
  expect(await init(...SECRET).result).toMatchObject(
    said(64, 'passphrases: no terminal to ask for them on; hint: use --passphrase-file'),
  );
});
