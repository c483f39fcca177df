/** The fallback that init writes, from its script to the open list, by knocks on the wire. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { routerScript } from '../../src/init/router-script';
import type { Fallback } from '../../src/init/setup';
import { makeFolder, writeAs } from '../../test/support/files';
import { describeInNetwork } from '../../test/support/in-network';
import { EXECUTABLE } from '../../test/support/shipped';
import { FALLBACKS, PASSPHRASES, SECRETS, SETUP } from '../../test/unit/init/setups';
import { AddressList } from '../api/address-lists';
import { Configuration } from '../script/configuration';
import { importScript } from '../script/script';
import { additionsOf } from './additions';
import { type Firewall, startFirewall } from './firewall';
import { isListed } from './lists';
import { KNOCKER, type Network, ROUTER, startNetwork } from './network';

const run = promisify(execFile);
const folder = makeFolder();

let network: Network;
let firewall: Firewall;
let lists: Record<'v4' | 'v6', AddressList>;
let skipped = 0; // ms that the lists' clock is ahead

async function start(fallback: Fallback): Promise<void> {
  const router = new Configuration();
  importScript(routerScript({ ...SETUP, fallback }, SECRETS), router);
  const now = () => performance.now() + skipped;
  lists = { v4: new AddressList('v4', 'plain', now), v6: new AddressList('v6', 'plain', now) };
  firewall = await startFirewall({ network, rules: additionsOf(router), lists });
}

async function send(...words: readonly string[]): Promise<void> {
  const [program, ...args] = network.command(...words);
  await run(program, args);
  await firewall.settled();
}

const knock = (...words: readonly string[]) =>
  send(EXECUTABLE, 'knock', ROUTER.v4, ...words, '--delay', '20ms');
const isOpen = () => isListed(lists, 'FWKNOP_KNOCKED', 'v4', KNOCKER.v4);
const verdicts = (port: number) =>
  firewall.journal.filter(({ packet }) => packet.dstPort === port).map(({ verdict }) => verdict);

describeInNetwork('the fallback on the wire')('a fallback', () => {
  beforeAll(async () => {
    network = await startNetwork();
  });
  afterEach(() => firewall.close());
  afterAll(() => network.close());

  test('by a sequence: opens its service, and closes by itself', async () => {
    await start(FALLBACKS.sequence);
    await knock('tcp/1337', 'udp/17954', 'tcp/99');
    expect(isOpen()).toBe(true);
    await send('nping', '--tcp', '-p', '22', '-c', '1', ROUTER.v4);
    skipped += 300_000;
    expect(isOpen()).toBe(false);
    await send('nping', '--tcp', '-p', '22', '-c', '1', ROUTER.v4);
    expect(verdicts(22)).toEqual(['accept', 'drop']);
  });

  test("by a sequence of Debian's knock", async () => {
    await start(FALLBACKS.sequence);
    await send('knock', '--delay', '20', ROUTER.v4, '1337:tcp', '17954:udp', '99:tcp');
    expect(isOpen()).toBe(true);
  });

  test.each<[string, (string | number)[]]>([
    ['a wrong order', ['udp/17954', 'tcp/1337', 'tcp/99']],
    ['another port between', ['tcp/1337', 'tcp/5', 'udp/17954', 'tcp/99']],
    ['a late stage', ['tcp/1337', 'udp/17954', 10_000, 'tcp/99']],
  ])('not by %s', async (_, steps) => {
    await start(FALLBACKS.sequence);
    for (const step of steps) {
      if (typeof step === 'number') skipped += step;
      else await knock(step);
    }
    expect(firewall.journal).toHaveLength(steps.filter((step) => typeof step === 'string').length);
    expect(isOpen()).toBe(false);
  });

  test.each<[string, Fallback, string, boolean]>([
    ['a payload', FALLBACKS.payload, 'Open "sesame"? $1', true],
    ['one that is longer', FALLBACKS.payload, 'Open "sesame"? $10', false],
    ['layer 7', FALLBACKS.layer7, 'Open sesame? (1)', true],
    ['what its regexp would take unescaped', FALLBACKS.layer7, 'Open sesam (1)', false],
  ])('by %s', async (_, fallback, text, expected) => {
    await start(fallback);
    await knock('udp/1234', '--payload', text);
    expect(isOpen()).toBe(expected);
  });

  test.each<[string, readonly string[], boolean]>([
    ['the passphrases', PASSPHRASES, true],
    ['a wrong one', ['MikroTik', 'is', 'Awesome'], false],
  ])('by secrets: %s', async (_, passphrases, expected) => {
    await start(FALLBACKS.secret);
    const file = writeAs(join(folder, 'passphrases'), passphrases.join('\n'));
    const sequence = ['udp/1234', 'udp/9876', 'udp/5555'];
    await knock(...sequence, '--passphrase-file', file);
    expect(isOpen()).toBe(expected);
  });

  test.each(Object.entries(FALLBACKS))('of kind %s: by no scan', async (_, fallback) => {
    await start(fallback);
    const nmap = ['nmap', '-n', '-Pn', '--max-retries', '0', '-T5', '-p', '90-110,1200-1400,17954'];
    for (const kind of [['-sS', '-r'], ['-sS'], ['-sU', '-r'], ['-sS', '-sU']]) {
      await send(...nmap, ...kind, ROUTER.v4);
    }
    expect(firewall.journal.length).toBeGreaterThan(4 * 200);
    expect(isOpen()).toBe(false);
  });
});
