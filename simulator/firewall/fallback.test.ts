/** The doors that init writes: its script, imported, as rules that judge packets. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  assert,
  constantFrom,
  integer,
  property,
  shuffledSubarray,
  tuple,
  uniqueArray,
} from 'fast-check';
import { serviceName } from '../../src/access/service';
import { fallbackFaults } from '../../src/init/fallback-faults';
import { routerScript } from '../../src/init/router-script';
import type { Fallback, Setup } from '../../src/init/setup';
import { undoScript } from '../../src/init/undo';
import { type Knock, readKnock } from '../../src/knock/knocks';
import { hashOf } from '../../src/knock/packets';
import { FALLBACKS, knocks, PASSPHRASES, SECRETS, SETUP } from '../../test/unit/init/setups';
import { AddressList } from '../api/address-lists';
import { Configuration } from '../script/configuration';
import { importScript } from '../script/script';
import { additionsOf } from './additions';
import { Engine } from './engine';
import { isListed } from './lists';
import type { Packet } from './packet';

const setup = (fallback: Fallback): Setup => ({ ...SETUP, fallback });

function imported(fallback: Fallback): Configuration {
  const router = new Configuration();
  importScript(routerScript(setup(fallback), SECRETS), router);
  return router;
}

let clock = 0;
beforeEach(() => {
  clock = 0;
});

function router(fallback: Fallback) {
  const now = () => clock;
  const lists = {
    v4: new AddressList('v4', 'plain', now),
    v6: new AddressList('v6', 'plain', now),
  };
  const engine = new Engine(additionsOf(imported(fallback)), lists);
  const send = (knock: Knock | string, payload = '', src = '203.0.113.9') =>
    engine.judge(packet(typeof knock === 'string' ? readKnock(knock) : knock, payload, src));
  const isOpen = () => isListed(lists, 'FWKNOP_6_22', 'v4', '203.0.113.9');
  return { lists, send, isOpen };
}

let port = 0;
function packet({ protocol, port: dstPort }: Knock, payload: string, src: string): Packet {
  port = (port % 60_000) + 1;
  return {
    family: 'v4',
    src,
    dst: '192.0.2.1',
    protocol,
    srcPort: port,
    dstPort,
    payload: Buffer.from(payload),
    length: 20 + (protocol === 'tcp' ? 40 : 8) + payload.length,
    flags: new Set(protocol === 'tcp' ? ['syn'] : []),
  };
}

describe.each(Object.entries(FALLBACKS))('%s', (name, fallback) => {
  test('imported again, says that the knocks stay what they were', () => {
    const router = imported(fallback);
    const printed = importScript(routerScript(setup(fallback), SECRETS), router);
    expect(printed.join('\n')).toMatch(/fallback rules are there already and stay as they are/);
  });

  // UPDATE_GOLDEN=1 writes them anew: then read what has changed.
  test('the script is the one that was read and approved', () => {
    const path = join(__dirname, '../../test/golden', `fallback-${name}.rsc`);
    const script = routerScript(setup(fallback), SECRETS);
    if (process.env.UPDATE_GOLDEN) writeFileSync(path, script);
    expect(script).toBe(readFileSync(path, 'utf8'));
  });

  test('imported again, changes nothing; undone, leaves nothing', () => {
    const once = imported(fallback);
    const text = JSON.stringify(once.menus);
    importScript(routerScript(setup(fallback), SECRETS), once);
    expect(JSON.stringify(once.menus)).toBe(text);
    importScript(undoScript(), once);
    for (const menu of ['filter', 'nat', 'layer7-protocol', 'address-list']) {
      const fresh = new Configuration().menus[`/ip/firewall/${menu}`];
      expect(once.menus[`/ip/firewall/${menu}`]).toHaveLength(fresh?.length ?? Number.NaN);
    }
  });

  test('stands before the rule that drops', () => {
    const rules = imported(fallback).menus['/ip/firewall/filter'] ?? [];
    const input = rules.filter(({ chain }) => chain === 'input');
    expect(input.map(({ comment }) => comment)).toEqual([
      'defconf: accept established,related,untracked',
      'defconf: drop invalid',
      'defconf: accept ICMP',
      'fwknop-mikrotik: tcp/22',
      'fwknop-mikrotik: knock tcp',
      'fwknop-mikrotik: knock udp',
      'fwknop-mikrotik: always tcp/22',
      'defconf: drop all not coming from LAN',
    ]);
  });

  test('the always allowed need no knock', () => {
    const { send } = router(fallback);
    for (const src of ['198.51.100.7', '203.0.113.21', '203.0.113.150']) {
      expect(send('tcp/22', '', src).verdict).toBe('accept');
      expect(send('tcp/443', '', src).to).toEqual({ address: '192.168.88.10', port: 443 });
    }
    expect(send('tcp/22', '', '203.0.113.23').verdict).toBe('drop');
  });

  test('opens all doors for five minutes', () => {
    const { lists, send } = router(fallback);
    const payloads =
      {
        sequence: ['', '', ''],
        payload: ['Open "sesame"? $1'],
        layer7: ['open SESAME? (1)'],
        secret: PASSPHRASES.map(hashOf),
      }[name] ?? [];
    const sent = fallback.kind === 'payload' ? [fallback.knock] : fallback.knocks;
    expect(send('tcp/22').verdict).toBe('drop');
    sent.forEach((knock, index) => {
      expect(send(knock, payloads[index]).verdict).toBe('drop');
    });
    const open = lists.v4.entries().filter(({ list }) => /^FWKNOP_\d/.test(list));
    expect(open.map(({ list, secondsLeft }) => [list, secondsLeft])).toEqual([
      ['FWKNOP_6_22', 300],
      ['FWKNOP_6_443', 300],
      ['FWKNOP_17_51820', 300],
    ]);
    expect(send('tcp/22').verdict).toBe('accept');
    expect(send('udp/51820').to).toEqual({ address: '192.168.88.10', port: 51821 });
    clock = 300_000;
    expect([send('tcp/22').verdict, send('tcp/443').verdict]).toEqual(['drop', 'drop']);
  });
});

describe('refused', () => {
  const sequence = (...texts: string[]): Fallback => ({
    kind: 'sequence',
    always: [],
    knocks: knocks(...texts),
  });
  const faults = (fallback: Fallback) => fallbackFaults(setup(fallback)).map(({ what }) => what);

  test.each<[string, Fallback, string[]]>([
    [
      'ascending',
      sequence('tcp/1', 'tcp/5', 'tcp/9'),
      ['--knocks: ports of one protocol in ascending order'],
    ],
    [
      'the same port again',
      sequence('udp/5', 'udp/5'),
      ['--knocks: ports of one protocol in ascending order'],
    ],
    ['descending neighbours', sequence('tcp/5', 'tcp/4'), ['--knocks: neighbouring ports']],
    ['one port of both', sequence('tcp/5', 'udp/5'), ['--knocks: neighbouring ports']],
    ['neighbours of both', sequence('tcp/5', 'udp/6'), ['--knocks: neighbouring ports']],
    ['a single knock', sequence('tcp/5'), ['--knocks: a sequence needs two knocks or more']],
    [
      'the door itself',
      sequence('tcp/9000', 'tcp/22'),
      ["--knocks: tcp/22 is a service's port, or that of SPA packets"],
    ],
    [
      'the port of SPA packets',
      sequence('udp/62201', 'tcp/80'),
      ["--knocks: udp/62201 is a service's port, or that of SPA packets"],
    ],
    [
      'a payload by TCP',
      { ...FALLBACKS.payload, knock: readKnock('tcp/1') },
      ['--knocks: tcp/1 cannot carry a payload'],
    ],
    [
      'a long payload',
      { ...FALLBACKS.payload, text: 'x'.repeat(129) },
      ['--payload: longer than 128 characters'],
    ],
    [
      'a payload that negates',
      { ...FALLBACKS.payload, text: '!x' },
      ['--payload: begins with "!"'],
    ],
    [
      'one secret',
      { ...FALLBACKS.secret, knocks: knocks('udp/1') },
      ['--knocks: a secret needs two knocks or more'],
    ],
    ['descending, apart: taken', sequence('tcp/9', 'tcp/5'), []],
    ['ascending, mixed: taken', sequence('tcp/100', 'udp/200'), []],
    ['up and down: taken', sequence('tcp/5', 'tcp/9', 'tcp/1'), []],
  ])('%s', (_, fallback, expected) => {
    expect(faults(fallback)).toEqual(expected);
  });
});

describe('no scan opens a door', () => {
  const FIRST = 1000;
  const LAST = 1060;
  const PORTS = Array.from({ length: LAST - FIRST + 1 }, (_, index) => FIRST + index);
  const knock = tuple(constantFrom('tcp', 'udp'), integer({ min: FIRST + 1, max: LAST - 1 })).map(
    ([protocol, port]) => ({ protocol, port }) as Knock,
  );
  const sequences = uniqueArray(knock, { minLength: 2, maxLength: 4, selector: serviceName }).map(
    (all) => ({ kind: 'sequence', always: [], knocks: all }) satisfies Fallback,
  );
  const fit = sequences.filter((fallback) => fallbackFaults(setup(fallback)).length === 0);
  const orders = constantFrom(
    PORTS.map((port) => [port]),
    [...PORTS].reverse().map((port) => [port]),
  );

  test('up or down, of one protocol, of both in turn, or of both at each port', () => {
    void assert(
      property(
        fit,
        orders,
        constantFrom('tcp', 'udp', 'in turn', 'both'),
        (fallback, order, kind) => {
          const { send, isOpen } = router(fallback);
          const ports = order.flat();
          const scan = (protocol: Knock['protocol']) => ports.map((port) => ({ protocol, port }));
          const packets = {
            tcp: scan('tcp'),
            udp: scan('udp'),
            'in turn': [...scan('tcp'), ...scan('udp')],
            both: ports.flatMap((port) => knocks(`tcp/${port}`, `udp/${port}`)),
          }[kind];
          for (const packet of packets ?? []) send(packet);
          expect(isOpen()).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('in any order in which the knocks do not follow each other', () => {
    const scan = shuffledSubarray(PORTS, { minLength: PORTS.length });
    void assert(
      property(fit, scan, constantFrom('tcp', 'udp'), (fallback, ports, protocol) => {
        const { send, isOpen } = router(fallback);
        const sent = ports.map((port) => `${protocol}/${port}`);
        for (const packet of sent) send(packet);
        const isHit = sent.join(' ').includes(fallback.knocks.map(serviceName).join(' '));
        expect(isOpen()).toBe(isHit);
      }),
      { numRuns: 100 },
    );
  });
});
