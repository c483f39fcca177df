/** The firewall on real packets: of `knock`, of Debian's knock, of nping, and of nmap's scans. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { makeFolder, writeAs } from '../../test/support/files';
import { describeInNetwork } from '../../test/support/in-network';
import { EXECUTABLE } from '../../test/support/shipped';
import { AddressList } from '../api/address-lists';
import { contents, DOOR, layer7, PENALTY, sequence } from './by-hand';
import { type Firewall, startFirewall } from './firewall';
import { isListed } from './lists';
import { KNOCKER, type Network, ROUTER, startNetwork } from './network';
import type { Addition } from './rules';

const run = promisify(execFile);
const folder = makeFolder();
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

let network: Network;
let firewall: Firewall;
let lists: Record<'v4' | 'v6', AddressList>;

async function start(rules: readonly Addition[]): Promise<void> {
  lists = { v4: new AddressList('v4', 'plain'), v6: new AddressList('v6', 'plain') };
  firewall = await startFirewall({ network, rules, lists });
}

/** Runs a program in the network, and waits until the firewall has judged what it sent. */
async function send(...words: readonly string[]): Promise<void> {
  const [program, ...args] = network.command(...words);
  await run(program, args);
  await firewall.settled();
}

const CLIENTS = {
  ours: (...knocks: string[]) => send(EXECUTABLE, 'knock', ROUTER.v4, ...knocks, '--delay', '20ms'),
  debian: (...knocks: string[]) => {
    const spelled = knocks.map((knock) => knock.split('/').reverse().join(':'));
    return send('knock', '--delay', '20', ROUTER.v4, ...spelled);
  },
  nping: async (...knocks: string[]) => {
    for (const knock of knocks) {
      const [protocol, port = ''] = knock.split('/');
      await send('nping', `--${protocol}`, '-p', port, '-c', '1', ROUTER.v4);
    }
  },
};

const payload = (knock: string, text: string) =>
  send(EXECUTABLE, 'knock', ROUTER.v4, knock, '--payload', text);
const isOpen = (address: string = KNOCKER.v4) => isListed(lists, DOOR, 'v4', address);
const isPenalised = () => isListed(lists, PENALTY, 'v4', KNOCKER.v4);
const seen = () => firewall.journal.map(({ packet }) => `${packet.protocol}/${packet.dstPort}`);

describeInNetwork('the firewall on real packets')('real packets', () => {
  beforeAll(async () => {
    network = await startNetwork();
  });
  afterEach(() => firewall.close());
  afterAll(() => network.close());

  describe('a sequence', () => {
    const KNOCKS = ['tcp/1337', 'udp/17954', 'tcp/99'];

    test.each(Object.entries(CLIENTS))(
      'by %s: each packet is seen once, and the service opens',
      async (_, knock) => {
        // nping takes its time for each packet.
        await start(slowly(sequence(...KNOCKS)));
        await knock(...KNOCKS);
        expect(seen()).toEqual(KNOCKS);
        expect(firewall.journal.every(({ packet }) => packet.src === KNOCKER.v4)).toBe(true);
        expect(isOpen()).toBe(true);
      },
    );

    test.each(Object.entries(CLIENTS))('by %s in a wrong order: closed', async (_, knock) => {
      await start(slowly(sequence(...KNOCKS)));
      await knock('tcp/1337', 'tcp/99', 'udp/17954', 'tcp/99');
      expect(seen()).toHaveLength(4);
      expect([isOpen(), isPenalised()]).toEqual([false, true]);
    });

    test('a late stage: closed', async () => {
      await start(sequence(...KNOCKS));
      await CLIENTS.ours('tcp/1337', 'udp/17954');
      await sleep(2100);
      await CLIENTS.ours('tcp/99');
      expect(seen()).toEqual(KNOCKS);
      expect(isOpen()).toBe(false);
    });

    test('the service closes by itself', async () => {
      await start(sequence(...KNOCKS));
      await CLIENTS.ours(...KNOCKS);
      expect(lists.v4.entries().find(({ list }) => list === DOOR)?.secondsLeft).toBeLessThan(4);
      await sleep(4000);
      expect(isOpen()).toBe(false);
    });

    test('a client finds the service closed, knocks, and finds it open', async () => {
      await start(sequence(...KNOCKS));
      await send('nping', '--tcp', '-p', '22', '-c', '1', ROUTER.v4);
      await CLIENTS.ours(...KNOCKS);
      await send('nping', '--tcp', '-p', '22', '-c', '1', ROUTER.v4);
      const verdicts = firewall.journal
        .filter(({ packet }) => packet.dstPort === 22)
        .map(({ verdict }) => verdict);
      expect(verdicts).toEqual(['drop', 'accept']);
    });
  });

  test('IPv6 has lists and rules of its own', async () => {
    const rules = sequence('tcp/1337', 'udp/17954').map(({ menu, named }) => ({
      menu: menu.replace('/ip/', '/ipv6/'),
      named,
    }));
    await start(rules.filter(({ menu }) => menu.endsWith('/filter')));
    await send(EXECUTABLE, 'knock', ROUTER.v6, 'tcp/1337', 'udp/17954');
    expect(isListed(lists, DOOR, 'v6', KNOCKER.v6)).toBe(true);
    expect(lists.v4.entries()).toEqual([]);
  });

  test('the client of knock sends nothing but its knocks, and no SYN a second time', async () => {
    await start([]);
    await CLIENTS.ours('tcp/1337', 'tcp/1338');
    await sleep(1500); // the system's own second SYN would come after one
    await firewall.settled();
    expect(firewall.journal.map(({ packet: { dstPort, flags } }) => [dstPort, [...flags]])).toEqual(
      [
        [1337, ['syn']],
        [1338, ['syn']],
      ],
    );
  });

  describe('a payload', () => {
    test.each<[string, string, boolean]>([
      ['exactly', 'Open sesame!', true],
      ['more', 'Open sesame!!', false],
      ['less', 'Open sesame', false],
      ['within another text', 'x Open sesame! x', false],
      ['another of its length', 'open sesame!', false],
    ])('%s', async (_, text, expected) => {
      await start(contents(['udp/1234', 'Open sesame!']));
      await payload('udp/1234', text);
      expect(firewall.journal.map(({ packet }) => packet.payload.toString())).toEqual([text]);
      expect(isOpen()).toBe(expected);
    });

    test('to another port', async () => {
      await start(contents(['udp/1234', 'Open sesame!']));
      await payload('udp/1235', 'Open sesame!');
      expect(isOpen()).toBe(false);
    });

    test('by nping', async () => {
      await start(contents(['udp/1234', 'sesame']));
      await send('nping', '--udp', '-p', '1234', '--data-string', 'sesame', '-c', '1', ROUTER.v4);
      expect(isOpen()).toBe(true);
    });

    test.each<[string, string, boolean]>([
      ['exactly', 'open', true],
      ['in any case of letters', 'OPEN', true],
      ['more', 'opens', false],
    ])('by layer 7: %s', async (_, text, expected) => {
      await start(layer7('udp/1234', '^open$'));
      await payload('udp/1234', text);
      expect(isOpen()).toBe(expected);
    });
  });

  describe('secrets', () => {
    const KNOCKS = ['udp/1234', 'udp/9876', 'udp/5555'];
    const SECRETS = ['MikroTik', 'is', 'awesome'];
    const rules = () =>
      contents(...KNOCKS.map((knock, index) => [knock, hash(SECRETS[index]!)] as const));

    test.each<[string, string[], boolean]>([
      ['each in its place', SECRETS, true],
      ['two changed about', ['is', 'MikroTik', 'awesome'], false],
      ['the last one wrong', ['MikroTik', 'is', 'Awesome'], false],
    ])('%s', async (_, passphrases, expected) => {
      await start(rules());
      const file = writeAs(join(folder, 'passphrases'), `${passphrases.join('\n')}\n`);
      const delay = ['--delay', '20ms'];
      await send(EXECUTABLE, 'knock', ROUTER.v4, ...KNOCKS, '--passphrase-file', file, ...delay);
      expect(seen()).toEqual(KNOCKS);
      expect(isOpen()).toBe(expected);
    });

    test('the ports alone open nothing', async () => {
      await start(rules());
      await CLIENTS.ours(...KNOCKS);
      expect(isOpen()).toBe(false);
    });
  });

  describe('scans open nothing', () => {
    const nmap = (...words: string[]) =>
      send('nmap', '-n', '-Pn', '--max-retries', '0', '-T5', ...words, ROUTER.v4);
    const PORTS = Array.from({ length: 400 }, (_, index) => 1400 - index);
    const descending = () =>
      send('knock', '--delay', '1', ROUTER.v4, ...PORTS.map((port) => `${port}:tcp`));

    test.each<[string, string[]]>([
      ['one protocol, descending knocks', ['tcp/1300', 'tcp/1200']],
      ['one protocol, up and down', ['tcp/1200', 'tcp/1300', 'tcp/1100']],
      ['both protocols', ['tcp/1200', 'udp/1300']],
    ])('%s', async (_, knocks) => {
      await start(slowly(sequence(...knocks)));
      await nmap('-sS', '-r', '-p', '1001-1400'); // ascending
      expect(new Set(seen())).toEqual(new Set(PORTS.map((port) => `tcp/${port}`)));
      await nmap('-sS', '-p', '1001-1400'); // in nmap's own random order
      await nmap('-sU', '-r', '-p', '1001-1400');
      await nmap('-sS', '-sU', '-r', '-p', '1001-1400');
      await descending();
      expect(isOpen()).toBe(false);
    });

    test('but they would without the penalty', async () => {
      const rules = slowly(sequence('tcp/1300', 'tcp/1200'));
      await start(rules.filter(({ named }) => named['address-list'] !== PENALTY));
      await descending();
      expect(isOpen()).toBe(true);
    });

    test('nor do those of packets that are no SYN', async () => {
      await start(sequence('tcp/1300', 'tcp/1200'));
      for (const kind of ['-sF', '-sN', '-sX']) await nmap(kind, '-r', '-p', '1001-1400');
      expect(firewall.journal.length).toBeGreaterThan(1000);
      expect(firewall.journal.flatMap(({ added }) => added)).toEqual([]);
    });
  });
});

/** The same rules with longer stages: each stays open as long as the test. */
function slowly(rules: readonly Addition[]): readonly Addition[] {
  return rules.map(({ menu, named }) => ({
    menu,
    named: 'address-list-timeout' in named ? { ...named, 'address-list-timeout': '1m' } : named,
  }));
}
