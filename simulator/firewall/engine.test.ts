import { AddressList } from '../api/address-lists';
import { contents, DOOR, layer7, PENALTY, sequence } from './by-hand';
import { Engine } from './engine';
import { isListed } from './lists';
import type { Packet, TcpFlag } from './packet';
import type { Addition } from './rules';

const SOURCE = '203.0.113.9';
let clock = 0;

beforeEach(() => {
  clock = 0;
});

function router(rules: readonly Addition[]) {
  const now = () => clock;
  const lists = {
    v4: new AddressList('v4', 'plain', now),
    v6: new AddressList('v6', 'plain', now),
  };
  const engine = new Engine(rules, lists);
  return {
    engine,
    send: (knock: string, payload = '', src = SOURCE) => engine.judge(packet(knock, payload, src)),
    has: (list: string, address = SOURCE) => isListed(lists, list, 'v4', address),
    left: (list: string) => lists.v4.entries().find((entry) => entry.list === list)?.secondsLeft,
  };
}

let port = 40_000;

/** A first packet from a fresh port; `tcp/22 fin psh` has other flags than a SYN. */
function packet(knock: string, payload = '', src = SOURCE, srcPort = ++port): Packet {
  const [, protocol = '', dstPort, flags = ''] = /^(tcp|udp)\/(\d+)(.*)$/.exec(knock) ?? [];
  const isTcp = protocol === 'tcp';
  const named = flags === '' && isTcp ? ['syn'] : flags.split(' ').filter((flag) => flag !== '');
  return {
    family: 'v4',
    src,
    dst: '192.0.2.1',
    protocol: isTcp ? 'tcp' : 'udp',
    srcPort,
    dstPort: Number(dstPort),
    payload: Buffer.from(payload),
    length: 20 + (isTcp ? 40 : 8) + payload.length,
    flags: new Set(named as TcpFlag[]),
  };
}

const filter = (named: Record<string, string>): Addition => ({
  menu: '/ip/firewall/filter',
  named,
});
const add = (list: string, named: Record<string, string>) =>
  filter({ chain: 'input', action: 'add-src-to-address-list', 'address-list': list, ...named });

describe('actions', () => {
  test('add-src-to-address-list does not end the chain, and later rules see what it did', () => {
    const { send, has } = router([
      add('A', { protocol: 'tcp' }),
      add('B', { 'src-address-list': 'A' }),
      filter({ chain: 'input', action: 'drop' }),
    ]);
    expect(send('tcp/1')).toMatchObject({ verdict: 'drop', added: ['A', 'B'] });
    expect([has('A'), has('B')]).toEqual([true, true]);
  });

  test('the other way round takes two packets', () => {
    const { send } = router([add('B', { 'src-address-list': 'A' }), add('A', { protocol: 'tcp' })]);
    expect(send('tcp/1').added).toEqual(['A']);
    expect(send('tcp/1').added).toEqual(['B', 'A']);
  });

  test('a match on an address that is in the list gives it its time anew', () => {
    const { send, left } = router([add('A', { 'address-list-timeout': '10s' })]);
    send('tcp/1');
    clock = 6000;
    expect(left('A')).toBe(4);
    send('tcp/1');
    expect(left('A')).toBe(10);
    clock = 16_000;
    expect(left('A')).toBeUndefined();
  });

  test('a static entry stays static', () => {
    const entry = { menu: '/ip/firewall/address-list', named: { list: 'A', address: SOURCE } };
    const { send, has } = router([entry, add('A', { 'address-list-timeout': '1s' })]);
    send('tcp/1');
    clock = 1e6;
    expect(has('A')).toBe(true);
  });

  test.each([
    ['accept', { action: 'accept' }, 'accept'],
    ['no action is accept', {}, 'accept'],
    ['passthrough goes on', { action: 'passthrough' }, 'drop'],
    ['return from the first chain is its end', { action: 'return' }, 'accept'],
    ['disabled', { action: 'accept', disabled: 'yes' }, 'drop'],
  ])('%s', (_, named, verdict) => {
    const rules = [
      filter({ chain: 'input', ...named }),
      filter({ chain: 'input', action: 'drop' }),
    ];
    expect(router(rules).send('tcp/1').verdict).toBe(verdict);
  });

  test('jump goes into a chain, return comes back from it', () => {
    const { send } = router([
      filter({ chain: 'input', action: 'jump', 'jump-target': 'ours' }),
      filter({ chain: 'input', action: 'drop' }),
      filter({ chain: 'ours', action: 'return', protocol: 'udp' }),
      filter({ chain: 'ours', action: 'accept' }),
    ]);
    expect([send('tcp/1').verdict, send('udp/1').verdict]).toEqual(['accept', 'drop']);
  });

  test('dst-nat leads a connection on, past the input chain', () => {
    const { send } = router([
      {
        menu: '/ip/firewall/nat',
        named: {
          chain: 'dstnat',
          action: 'dst-nat',
          protocol: 'tcp',
          'dst-port': '443',
          'to-addresses': '192.168.88.10',
        },
      },
      filter({ chain: 'input', action: 'drop' }),
    ]);
    expect(send('tcp/443')).toMatchObject({
      verdict: 'accept',
      chain: 'forward',
      to: { address: '192.168.88.10', port: 443 },
    });
    expect(send('tcp/80')).toMatchObject({ verdict: 'drop', chain: 'input', to: undefined });
  });
});

describe('matchers', () => {
  const accepts = (named: Record<string, string>, knock: string, payload = '') =>
    router([filter({ chain: 'input', ...named }), filter({ chain: 'input', action: 'drop' })]).send(
      knock,
      payload,
    ).verdict === 'accept';

  test.each<[string, Record<string, string>, string, string, boolean]>([
    ['protocol', { protocol: 'tcp' }, 'tcp/1', '', true],
    ['another protocol', { protocol: 'tcp' }, 'udp/1', '', false],
    ['not a protocol', { protocol: '!tcp' }, 'udp/1', '', true],
    ['a port', { protocol: 'tcp', 'dst-port': '22' }, 'tcp/22', '', true],
    ['several ports', { protocol: 'tcp', 'dst-port': '22,80-90' }, 'tcp/85', '', true],
    ['not a port', { protocol: 'tcp', 'dst-port': '!22' }, 'tcp/22', '', false],
    ['content', { content: 'abc' }, 'udp/1', 'xxabcxx', true],
    ['content in another case', { content: 'abc' }, 'udp/1', 'ABC', false],
    ['a content with a !', { content: '!abc' }, 'udp/1', 'x!abc', true],
    ['size, headers counted', { 'packet-size': '31' }, 'udp/1', 'abc', true],
    ['another size', { 'packet-size': '3' }, 'udp/1', 'abc', false],
    ['a range of sizes', { 'packet-size': '0-31' }, 'udp/1', 'abc', true],
    ['not in a range of sizes', { 'packet-size': '!0-31' }, 'udp/1', 'abc', false],
    ['an interface list', { 'in-interface-list': 'WAN' }, 'udp/1', '', true],
    ['not an interface list', { 'in-interface-list': '!LAN' }, 'udp/1', '', true],
    ['an interface', { 'in-interface': 'ether1' }, 'udp/1', '', true],
    ['another interface', { 'in-interface': 'pppoe-out1' }, 'udp/1', '', false],
    ['a new connection', { 'connection-state': 'new' }, 'tcp/1', '', true],
    ['a lone ACK is picked up', { 'connection-state': 'new' }, 'tcp/1 ack', '', true],
    ['a lone FIN is invalid', { 'connection-state': 'invalid' }, 'tcp/1 fin', '', true],
    ['so is a lone SYN and ACK', { 'connection-state': 'invalid' }, 'tcp/1 syn ack', '', true],
    ['and all flags', { 'connection-state': 'invalid' }, 'tcp/1 fin psh urg', '', true],
    ['in no list', { 'src-address-list': '!A' }, 'udp/1', '', true],
  ])('%s', (_, named, knock, payload, expected) => {
    expect(accepts(named, knock, payload)).toBe(expected);
  });

  test('what was let in is established, what was dropped is forgotten', () => {
    const { engine } = router([
      filter({ chain: 'input', 'connection-state': 'established' }),
      filter({ chain: 'input', 'connection-state': 'new', protocol: 'tcp' }),
      filter({ chain: 'input', action: 'drop' }),
    ]);
    const verdicts = (knock: string) =>
      [packet(knock, '', SOURCE, 5), packet(knock, '', SOURCE, 5)].map(
        (some) => engine.judge(some).verdict,
      );
    expect(verdicts('tcp/1')).toEqual(['accept', 'accept']);
    expect(verdicts('udp/1')).toEqual(['drop', 'drop']);
  });

  test.each([
    ['203.0.113.9', true],
    ['203.0.113.0/24', true],
    ['203.0.113.8-203.0.113.10', true],
    ['203.0.113.10-203.0.113.20', false],
    ['203.0.113.8', false],
    ['203.0.113.128/25', false],
    ['knocker.example', false],
  ])('a list with %s', (address, expected) => {
    const entry = { menu: '/ip/firewall/address-list', named: { list: 'A', address } };
    const rules = [
      entry,
      filter({ chain: 'input', 'src-address-list': 'A' }),
      filter({ chain: 'input', action: 'drop' }),
    ];
    expect(router(rules).send('tcp/1').verdict === 'accept').toBe(expected);
  });

  describe('layer 7', () => {
    const pattern = (regexp: string): Addition[] => [
      { menu: '/ip/firewall/layer7-protocol', named: { name: 'p', regexp } },
      add('HIT', { 'layer7-protocol': 'p' }),
    ];
    const feed = (regexp: string, ...payloads: string[]) => {
      const { engine, has } = router(pattern(regexp));
      for (const payload of payloads) engine.judge(packet('udp/1', payload, SOURCE, 7));
      return has('HIT');
    };

    test.each([
      ['the whole', '^open$', ['open'], true],
      ['in any case of letters', '^open$', ['OpEn'], true],
      ['over two packets of a connection', '^open$', ['op', 'en'], true],
      ['more than the whole', '^open$', ['opens'], false],
      ['the tenth packet', 'x', [...Array(9).fill('-'), 'x'], true],
      ['no eleventh', 'x', [...Array(10).fill('-'), 'x'], false],
      ['the last of 2 KB', 'x', ['-'.repeat(2047), 'x'], true],
      ['nothing beyond', 'x', ['-'.repeat(2048), 'x'], false],
    ])('%s', (_, regexp, payloads, expected) => {
      expect(feed(regexp, ...(payloads as string[]))).toBe(expected);
    });
  });
});

describe('refused: what is not known here', () => {
  test.each<[string, Addition, RegExp]>([
    ['a menu', { menu: '/ip/firewall/mangle', named: {} }, /menu/],
    ['a matcher', filter({ chain: 'input', ttl: '3' }), /matcher ttl=/],
    ['an action', filter({ chain: 'input', action: 'log' }), /action=log/],
    ["another action's argument", filter({ chain: 'input', 'address-list': 'A' }), /address-list=/],
    ['no chain', filter({ action: 'drop' }), /without chain/],
    ['a port without a protocol', filter({ chain: 'input', 'dst-port': '22' }), /needs protocol=/],
    [
      'a jump to nowhere',
      filter({ chain: 'input', action: 'jump', 'jump-target': 'x' }),
      /no chain x/,
    ],
    [
      'a pattern that is not there',
      filter({ chain: 'input', 'layer7-protocol': 'x' }),
      /no layer7/,
    ],
    ['a time that is none', add('A', { 'address-list-timeout': 'soon' }), /timeout=soon/],
    [
      'drop in nat',
      { menu: '/ip/firewall/nat', named: { chain: 'dstnat', action: 'drop' } },
      /no place/,
    ],
    [
      'dst-nat in filter',
      filter({ chain: 'input', action: 'dst-nat', 'to-addresses': '10.0.0.1' }),
      /no place/,
    ],
    [
      'a port too high',
      filter({ chain: 'input', protocol: 'tcp', 'dst-port': '65536' }),
      /dst-port=/,
    ],
    ['layer 7 of IPv6', { menu: '/ipv6/firewall/layer7-protocol', named: {} }, /menu/],
  ])('%s', (_, addition, why) => {
    expect(() => router([addition])).toThrow(why);
  });

  test('a circle of jumps', () => {
    const jump = (chain: string, to: string) =>
      filter({ chain, action: 'jump', 'jump-target': to });
    const { send } = router([jump('input', 'a'), jump('a', 'b'), jump('b', 'a')]);
    expect(() => send('tcp/1')).toThrow(/circle/);
  });
});

describe('the rules by hand', () => {
  const KNOCKS = ['tcp/1337', 'udp/17954', 'tcp/99'];
  const open = (...sent: (string | number)[]): boolean => {
    const { send, has } = router(sequence(...KNOCKS));
    for (const step of sent) {
      if (typeof step === 'number') clock += step;
      else send(step);
    }
    return has(DOOR);
  };

  test.each<[string, (string | number)[], boolean]>([
    ['the sequence', KNOCKS, true],
    ['each knock twice', KNOCKS.flatMap((knock) => [knock, knock]), true],
    ['in time', [KNOCKS[0]!, 1900, KNOCKS[1]!, 1900, KNOCKS[2]!], true],
    ['a late second', [KNOCKS[0]!, 2000, ...KNOCKS.slice(1)], false],
    ['a late third', [...KNOCKS.slice(0, 2), 2000, KNOCKS[2]!], false],
    ['backwards', [...KNOCKS].reverse(), false],
    ['the last two changed about', ['tcp/1337', 'tcp/99', 'udp/17954'], false],
    ['another port between', ['tcp/1337', 'tcp/5', ...KNOCKS.slice(1)], false],
    ['the same port of the other protocol', ['tcp/1337', 'tcp/17954', ...KNOCKS.slice(1)], false],
    ['again, too early after another port', ['tcp/1337', 'tcp/5', 2900, ...KNOCKS], false],
    ['again, when the penalty is over', ['tcp/1337', 'tcp/5', 3000, ...KNOCKS], true],
    ['the service itself between', ['tcp/1337', 'tcp/22', ...KNOCKS.slice(1)], false],
  ])('%s', (_, sent, expected) => {
    expect(open(...sent)).toBe(expected);
  });

  test('no packet passes two stages, also where all knocks are the same', () => {
    const { send, has } = router(sequence('udp/5', 'udp/5', 'udp/5'));
    const stages = [1, 2, 3].map(() => send('udp/5').added.at(0));
    expect(stages).toEqual(['KNOCK_1', 'KNOCK_2', DOOR]);
    expect(has(PENALTY)).toBe(false);
  });

  test('a source is judged by its own knocks alone', () => {
    const { send, has } = router(sequence(...KNOCKS));
    send(KNOCKS[0]!);
    send('tcp/5', '', '203.0.113.10');
    send(KNOCKS[1]!, '', '203.0.113.10');
    for (const knock of KNOCKS.slice(1)) send(knock);
    expect([has(DOOR), has(DOOR, '203.0.113.10')]).toEqual([true, false]);
  });

  test('an open service takes its port, and no other, until it closes', () => {
    const { send } = router(sequence(...KNOCKS));
    for (const knock of KNOCKS) send(knock);
    expect([send('tcp/22').verdict, send('tcp/23').verdict]).toEqual(['accept', 'drop']);
    clock = 4000;
    expect(send('tcp/22').verdict).toBe('drop');
  });

  test.each(['203.0.113.130', '203.0.113.21', '198.51.100.7'])('%s is always allowed', (src) => {
    const { send } = router(sequence(...KNOCKS));
    expect(send('tcp/22', '', src).verdict).toBe('accept');
    expect(send('tcp/22', '', '203.0.113.23').verdict).toBe('drop');
  });

  test('payload: exactly, no more, no less', () => {
    const { send, has } = router(contents(['udp/1234', 'sesame']));
    for (const payload of ['', 'sesam', 'sesame!', ' sesame', 'SESAME', 'sesane']) {
      send('udp/1234', payload);
    }
    expect(has(DOOR)).toBe(false);
    send('udp/1234', 'sesame');
    expect(has(DOOR)).toBe(true);
  });

  test('layer 7 takes the text in any case of letters', () => {
    const { send, has } = router(layer7('udp/1234', '^sesame$'));
    send('udp/1234', 'sesame!');
    expect(has(DOOR)).toBe(false);
    send('udp/1234', 'SESAME');
    expect(has(DOOR)).toBe(true);
  });
});
