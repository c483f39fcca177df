/** The fallback that init writes: its script, imported, as rules that judge packets. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  assert,
  constantFrom,
  integer,
  oneof,
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
  const isOpen = () => isListed(lists, 'FWKNOP_KNOCKED', 'v4', '203.0.113.9');
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

/** Cuts a script before and behind its rules of chain input. */
function parts(script: string): [before: string, input: string, end: string] {
  const [start, end] = ['# Rules of chain input', '# The fingerprint'].map((text) =>
    script.indexOf(text),
  );
  return [script.slice(0, start), script.slice(start, end), script.slice(end)];
}

describe.each(Object.entries(FALLBACKS))('%s', (name, fallback) => {
  test('imported again, says that the knocks stay what they were', () => {
    const router = imported(fallback);
    const printed = importScript(routerScript(setup(fallback), SECRETS), router);
    expect(printed.join('\n')).toMatch(
      /the rules of the fallback exist already and stay as they are/,
    );
  });

  // UPDATE_GOLDEN=1 writes them anew: then read what has changed.
  test('its part of the script is the one that was read and approved, the rest is router.rsc', () => {
    const [before, input, end] = parts(routerScript(SETUP, SECRETS));
    const [itsBefore, itsInput, itsEnd] = parts(routerScript(setup(fallback), SECRETS));
    expect(itsBefore.startsWith(before)).toBe(true);
    expect(itsEnd).toBe(end);
    const known = new Set(input.split('\n'));
    for (const line of known) expect(itsInput).toContain(line);

    const path = join(__dirname, '../../test/golden', `fallback-${name}.rsc`);
    const added = itsInput.split('\n').filter((line) => !known.has(line));
    const own = `${itsBefore.slice(before.length)}${added.join('\n')}\n`;
    if (process.env.UPDATE_GOLDEN) writeFileSync(path, own);
    expect(own).toBe(readFileSync(path, 'utf8'));
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
      'fwknop-mikrotik: knocked tcp/22',
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

  const payloads =
    {
      sequence: ['', '', ''],
      payload: ['Open "sesame"? $1'],
      layer7: ['open SESAME? (1)'],
      secret: PASSPHRASES.map(hashOf),
    }[name] ?? [];
  const sent = fallback.kind === 'payload' ? [fallback.knock] : fallback.knocks;

  test('opens all services for five minutes', () => {
    const { lists, send } = router(fallback);
    expect(send('tcp/22').verdict).toBe('drop');
    sent.forEach((knock, index) => {
      expect(send(knock, payloads[index]).verdict).toBe('drop');
    });
    const open = lists.v4.entries().filter(({ list }) => !/_KNOCK_\d|_ALWAYS/.test(list));
    expect(open).toMatchObject([{ list: 'FWKNOP_KNOCKED', secondsLeft: 300 }]);
    expect(send('tcp/22').verdict).toBe('accept');
    expect(send('tcp/443').to).toEqual({ address: '192.168.88.10', port: 443 });
    expect(send('udp/51820').to).toEqual({ address: '192.168.88.10', port: 51821 });
    clock = 300_000;
    expect([send('tcp/22').verdict, send('tcp/443').verdict]).toEqual(['drop', 'drop']);
  });

  test('shortens no entry that an opening made', () => {
    const { lists, send } = router(fallback);
    const entry = { list: 'FWKNOP_6_22', address: '203.0.113.9', timeout: '1h' };
    lists.v4.add(new Map(Object.entries(entry)));
    sent.forEach((knock, index) => {
      send(knock, payloads[index]);
    });
    const left = lists.v4.entries().map(({ list, secondsLeft }) => [list, secondsLeft] as const);
    expect(new Map(left).get('FWKNOP_6_22')).toBe(3600);
    clock = 301_000;
    expect(send('tcp/22').verdict).toBe('accept');
  });

  test('with --sliding a connection renews the entry of a knock too', () => {
    const sliding = new Configuration();
    importScript(routerScript({ ...setup(fallback), sliding: true }, SECRETS), sliding);
    const renewed = (sliding.menus['/ip/firewall/mangle'] ?? []).map((rule) => [
      rule['src-address-list'],
      rule['address-list'],
    ]);
    expect(renewed.filter(([source]) => source === 'FWKNOP_KNOCKED')).toHaveLength(3);
    for (const [source, list] of renewed) expect(source).toBe(list);
  });
});

describe('refused', () => {
  const sequence = (...texts: string[]): Fallback => ({
    kind: 'sequence',
    always: [],
    knocks: knocks(...texts),
  });
  /** Sequences that a scan sends: at a fixed step, of both protocols, and from one range's end to its begin. */
  const SCANNED = [
    ['tcp/5', 'tcp/4'],
    ['tcp/7000', 'tcp/6998'],
    ['udp/30', 'udp/20', 'udp/10'],
    ['tcp/5', 'udp/5'],
    ['tcp/5', 'udp/6'],
    ['udp/500', 'tcp/502'],
    ['udp/500', 'tcp/500', 'udp/490'],
    ['tcp/65535', 'udp/1'],
    ['tcp/1024', 'udp/1'],
    ['udp/1023', 'tcp/1'],
    ['tcp/49151', 'udp/1024'],
    ['udp/1', 'tcp/65535'],
    ['udp/1025', 'tcp/49152'],
    ['tcp/65534', 'tcp/65535', 'udp/1025', 'udp/1026'],
    ['tcp/65531', 'udp/1'],
    ['tcp/65533', 'udp/1'],
  ];
  const FREE = [
    ['tcp/1337', 'udp/17954'],
    ['tcp/20', 'tcp/9'],
    ['udp/30', 'udp/20', 'udp/11'],
    ['tcp/100', 'udp/200'],
    ['tcp/5', 'tcp/9', 'tcp/1'],
    ['tcp/5', 'tcp/4', 'tcp/5'],
    ['tcp/5', 'udp/5', 'udp/6'],
    ['udp/500', 'tcp/511'],
    ['udp/500', 'tcp/500', 'udp/490', 'tcp/489'],
    ['tcp/65535', 'udp/2'],
    ['tcp/65534', 'udp/1'],
    ['tcp/1024', 'udp/1', 'tcp/65535'],
  ];
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
    ...SCANNED.map((texts): [string, Fallback, string[]] => [
      texts.join(' '),
      sequence(...texts),
      ['--knocks: a port scan sends these one after the other'],
    ]),
    ...FREE.map((texts): [string, Fallback, string[]] => [
      `${texts.join(' ')}: taken`,
      sequence(...texts),
      [],
    ]),
    ['a single knock', sequence('tcp/5'), ['--knocks: a sequence needs two knocks or more']],
    [
      'the port of a service',
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
  ])('%s', (_, fallback, expected) => {
    expect(faults(fallback)).toEqual(expected);
  });
});

describe('no scan opens a service', () => {
  const ENDS = [0, 1, 1023, 1024, 1025, 49151, 49152, 65535];
  const PROTOCOLS: Knock['protocol'][] = ['tcp', 'udp'];

  /** A scan as the list of its packets, made without the code under test. */
  interface Scan {
    readonly step: number;
    readonly low: number;
    readonly high: number;
    readonly order: 'one' | 'port by port' | 'in turn';
    readonly first: Knock['protocol'];
  }
  const packetsOf = ({ step, low, high, order, first }: Scan): readonly Knock[] => {
    const ports: number[] = [];
    const begin = step > 0 ? low : high;
    for (let port = begin; low <= port && port <= high; port += step) ports.push(port);
    const protocols = [first, ...PROTOCOLS.filter((protocol) => protocol !== first)];
    const of = (protocol: Knock['protocol']) => ports.map((port) => ({ protocol, port }));
    if (order === 'one') return of(first);
    if (order === 'in turn') return protocols.flatMap(of);
    return ports.flatMap((port) => protocols.map((protocol) => ({ protocol, port })));
  };

  const step = integer({ min: 1, max: 10 }).chain((size) => constantFrom(size, -size));
  const usualRange = uniqueArray(constantFrom(...ENDS), { minLength: 2, maxLength: 2 }).map(
    (ends) => [Math.min(...ends), Math.max(...ends)] as const,
  );
  const anyRange = tuple(integer({ min: 1, max: 65_400 }), integer({ min: 10, max: 100 })).map(
    ([low, length]) => [low, low + length] as const,
  );
  const scans = oneof(
    tuple(step, usualRange, constantFrom('in turn' as const)),
    tuple(step, oneof(usualRange, anyRange), constantFrom('one' as const, 'port by port' as const)),
  ).chain(([size, [low, high], order]) =>
    constantFrom(...PROTOCOLS).map((first): Scan => ({ step: size, low, high, order, first })),
  );

  /** Ports at and beside the ends of ranges, or close together, so that a scan may meet them in order. */
  const edge = tuple(constantFrom(...ENDS), integer({ min: -10, max: 10 })).map(([end, by]) =>
    Math.min(Math.max(end + by, 1), 65_535),
  );
  const port = oneof(edge, integer({ min: 1000, max: 1060 }));
  const knock = tuple(constantFrom(...PROTOCOLS), port).map(
    ([protocol, number]): Knock => ({ protocol, port: number }),
  );
  const asFallback = (all: readonly Knock[]): Fallback => ({
    kind: 'sequence',
    always: [],
    knocks: all,
  });
  const taken = uniqueArray(knock, { minLength: 2, maxLength: 4, selector: serviceName })
    .map(asFallback)
    .filter((fallback) => fallbackFaults(setup(fallback)).length === 0);

  test('of any order, step and range', () => {
    void assert(
      property(taken, scans, (fallback, scan) => {
        if (fallback.kind !== 'sequence') return;
        const { send, isOpen } = router(fallback);
        const names = new Set(fallback.knocks.map(serviceName));
        const packets = packetsOf(scan);
        const isKnock = packets.map((packet) => packet.port > 0 && names.has(serviceName(packet)));
        // Every packet that is no knock does the same: the first of several in a row is enough.
        packets.forEach((packet, index) => {
          if (packet.port > 0 && (isKnock[index] || isKnock[index - 1])) send(packet);
        });
        expect(isOpen()).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  test('and every sequence of packets that a scan sends in a row is refused', () => {
    const windows = scans.chain((scan) => {
      const packets = packetsOf(scan);
      const last = Math.max(packets.length - 2, 0);
      const begin = oneof(
        integer({ min: 0, max: last }),
        // Where one protocol follows the other.
        integer({ min: -2, max: 2 }).map((by) => Math.floor(packets.length / 2) + by),
      ).map((index) => Math.min(Math.max(index, 0), last));
      return tuple(begin, integer({ min: 2, max: 4 })).map(([from, length]) =>
        packets.slice(from, from + length),
      );
    });
    const sequences = windows.filter(
      (all) => all.length > 1 && all.every((packet) => packet.port > 0),
    );
    void assert(
      property(sequences, (all) => {
        const faults = fallbackFaults(setup(asFallback(all))).map(({ what }) => what);
        expect(faults.filter((what) => /port scan|ascending/.test(what))).toHaveLength(1);
      }),
      { numRuns: 150 },
    );
  });

  test('in any order in which the knocks do not follow each other', () => {
    const ports = Array.from({ length: 61 }, (_, index) => 1000 + index);
    const scan = shuffledSubarray(ports, { minLength: ports.length });
    void assert(
      property(taken, scan, constantFrom(...PROTOCOLS), (fallback, order, protocol) => {
        if (fallback.kind !== 'sequence') return;
        const { send, isOpen } = router(fallback);
        const sent = order.map((number) => `${protocol}/${number}`);
        for (const packet of sent) send(packet);
        const isHit = ` ${sent.join(' ')} `.includes(
          ` ${fallback.knocks.map(serviceName).join(' ')} `,
        );
        expect(isOpen()).toBe(isHit);
      }),
      { numRuns: 100 },
    );
  });
});
