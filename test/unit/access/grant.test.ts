import {
  array,
  assert,
  constantFrom,
  integer,
  nat,
  oneof,
  option,
  property,
  tuple,
} from 'fast-check';
import type { AccessRequest } from '../../../src/access/access-request';
import { parseAddress, parseNetworks } from '../../../src/access/address';
import { type Grant, type GrantRules, permit } from '../../../src/access/grant';
import { type Protocol, serviceName } from '../../../src/access/service';
import * as setting from '../../../src/config/settings';
import { bitsOf } from '../../support/addresses';
import { linesOf, refusal } from '../../support/refusals';
import { ipv4, ipv6 } from '../../support/spellings';

const ANYTHING: GrantRules = {
  client: undefined,
  services: undefined,
  sources: undefined,
  maxTimeout: undefined,
  defaultTimeout: 30,
  prefixes: { 4: 32, 6: 128 },
  tables: { services: '[grant]', sources: '[grant]' },
};

function ask(
  changes: { source?: string; protocol?: Protocol; port?: number; timeout?: number } = {},
) {
  const { source = '203.0.113.9', protocol = 'tcp', port = 22, timeout = 60 } = changes;
  return { source: parseAddress(source)!, protocol, port, timeout } satisfies AccessRequest;
}

const SSH_FROM_HOME: GrantRules = {
  ...ANYTHING,
  services: setting.services(['tcp/22', 'udp/5000-5010']),
  sources: setting.sources(['203.0.113.0/24', '2001:db8::/32']),
};

test('without rules, a request is granted as it is', () => {
  expect(permit(ask(), ANYTHING)).toEqual({ ...ask(), network: '203.0.113.9' });
});

test.each([
  ['the default, for a request of no time', 0, undefined, 30, 30, undefined],
  ['the default, not the ceiling', 0, 3600, 30, 30, undefined],
  ['the ceiling, where the default is above it', 0, 10, 30, 10, 30],
  ['the requested time', 60, undefined, 30, 60, undefined],
  ['the requested time, below the ceiling', 59, 60, 30, 59, undefined],
  ['the requested time, at the ceiling', 60, 60, 30, 60, undefined],
  ['the ceiling, and what it was cut from', 61, 60, 30, 60, 61],
  ['a single second', 1, 3600, 30, 1, undefined],
  ['the longest that RouterOS takes', 21474836, undefined, 30, 21474836, undefined],
  ['the ceiling for the longest', 21474836, 1, 30, 1, 21474836],
])('grants %s', (_, timeout, maxTimeout, defaultTimeout, granted, cutFrom) => {
  const grant = permit(ask({ timeout }), { ...ANYTHING, maxTimeout, defaultTimeout });
  expect(grant).toEqual({ ...ask(), network: '203.0.113.9', timeout: granted, cutFrom });
});

test.each([
  ['a listed port', {}],
  ['the first of a range', { protocol: 'udp', port: 5000 }],
  ['the last of a range', { protocol: 'udp', port: 5010 }],
  ['the first address of a network', { source: '203.0.113.0' }],
  ['the last address of a network', { source: '203.0.113.255' }],
  ['an IPv6 source', { source: '2001:db8::1' }],
] as const)('the rules grant %s', (_, changes) => {
  expect(permit(ask(changes), SSH_FROM_HOME)).toMatchObject(ask(changes));
});

const LIST_SERVICE = 'hint: add it to services under [grant], if it should open';
const LIST_SOURCE = 'hint: add its network to sources under [grant], if it should open';

test.each([
  ['the port of another protocol', { protocol: 'udp' }, `udp/22 for 203.0.113.9; ${LIST_SERVICE}`],
  ['the port beside', { port: 23 }, `tcp/23 for 203.0.113.9; ${LIST_SERVICE}`],
  [
    'the port before a range',
    { protocol: 'udp', port: 4999 },
    `udp/4999 for 203.0.113.9; ${LIST_SERVICE}`,
  ],
  [
    'the port after a range',
    { protocol: 'udp', port: 5011 },
    `udp/5011 for 203.0.113.9; ${LIST_SERVICE}`,
  ],
  ['a range of the other protocol', { port: 5005 }, `tcp/5005 for 203.0.113.9; ${LIST_SERVICE}`],
  ['the address before', { source: '203.0.112.255' }, `source 203.0.112.255; ${LIST_SOURCE}`],
  ['the address after', { source: '203.0.114.0' }, `source 203.0.114.0; ${LIST_SOURCE}`],
  ['an IPv6 stranger', { source: '2001:db9::1' }, `source 2001:db9::1; ${LIST_SOURCE}`],
  [
    'the longest of strangers, at any port',
    { source: 'fe80:1111:2222:3333:4444:5555:6666:7777', port: 65535 },
    `tcp/65535 for fe80:1111:2222:3333:4444:5555:6666:7777; ${LIST_SERVICE}`,
  ],
] as const)('the rules refuse %s', (_, changes, line) => {
  const failure = refusal(() => permit(ask(changes), SSH_FROM_HOME));
  expect(linesOf(failure, 'denied')).toEqual([`not granted: ${line}`]);
});

test.each([
  ['services', { ...ANYTHING, services: [] }],
  ['sources', { ...ANYTHING, sources: setting.sources([]) }],
])('an empty list of %s grants nothing, unlike one that was left out', (_, rules) => {
  expect(refusal(() => permit(ask(), rules)).kind).toBe('denied');
});

test('a network of one family grants nothing of the other', () => {
  const four = { ...ANYTHING, sources: setting.sources(['0.0.0.0/0']) };
  const six = { ...ANYTHING, sources: setting.sources(['::/0']) };
  expect(refusal(() => permit(ask({ source: '2001:db8::1' }), four)).kind).toBe('denied');
  expect(refusal(() => permit(ask(), six)).kind).toBe('denied');
});

test.each([
  [{ protocol: 'tcp', port: 22 }, 'tcp/22'],
  [{ protocol: 'udp', port: 51820 }, 'udp/51820'],
] as const)('%j is called %s', (service, name) => {
  expect(serviceName(service)).toBe(name);
});

const protocol = constantFrom<Protocol[]>('tcp', 'udp');
const port = oneof(integer({ min: 1, max: 65535 }), integer({ min: 20, max: 30 }));
const timeout = oneof(nat(100), nat(21474836));
const source = oneof(ipv4, ipv6);
const range = tuple(protocol, port, nat(5)).map(([name, first, more]) => ({
  protocol: name,
  firstPort: first,
  lastPort: Math.min(first + more, 65535),
}));
const network = tuple(source, nat(128)).map(([text, length]) => ({
  text,
  length: Math.min(length, text.includes(':') ? 128 : 32),
}));

test('only a listed service is granted, up to the ceiling, and never without an end', () =>
  assert(
    property(
      tuple(source, protocol, port, timeout),
      option(array(range, { maxLength: 3 }), { nil: undefined }),
      option(array(network, { maxLength: 3 }), { nil: undefined }),
      option(integer({ min: 1, max: 100 }), { nil: undefined }),
      integer({ min: 1, max: 200 }),
      ([from, name, at, asked], services, networks, maxTimeout, defaultTimeout) => {
        const request = ask({ source: from, protocol: name, port: at, timeout: asked });
        const sources =
          networks && setting.sources(networks.map(({ text, length }) => `${text}/${length}`));
        const here = bitsOf(request.source.text)!;
        const isListed =
          services?.some(
            (service) =>
              service.protocol === name && at >= service.firstPort && at <= service.lastPort,
          ) ?? true;
        const isKnown =
          networks?.some(({ text, length }) => {
            const there = bitsOf(text)!;
            const rest = BigInt((there.family === 4 ? 32 : 128) - length);
            return there.family === here.family && there.bits >> rest === here.bits >> rest;
          }) ?? true;

        let grant: Grant | undefined;
        try {
          grant = permit(request, { ...ANYTHING, services, sources, maxTimeout, defaultTimeout });
        } catch (error) {
          linesOf(
            refusal(() => {
              throw error;
            }),
            'denied',
          );
        }
        expect(grant !== undefined).toBe(isListed && isKnown);
        if (grant === undefined) return;
        const wished = asked === 0 ? defaultTimeout : asked;
        expect(grant).toMatchObject({ source: request.source, protocol: name, port: at });
        expect(grant.timeout).toBeGreaterThanOrEqual(1);
        expect(grant.timeout).toBe(Math.min(wished, maxTimeout ?? Number.POSITIVE_INFINITY));
        expect(grant.cutFrom).toBe(grant.timeout === wished ? undefined : wished);
        expect(grant.network).toBe(request.source.text);
      },
    ),
    { numRuns: 1000 },
  ));

test('the networks of a set are each what they are alone', () =>
  assert(
    property(array(network, { maxLength: 4 }), source, (networks, text) => {
      const names = networks.map((one) => `${one.text}/${one.length}`);
      const has = (...some: string[]) => {
        const set = parseNetworks(some);
        return 'has' in set && set.has(parseAddress(text)!);
      };
      expect(has(...names)).toBe(names.some((name) => has(name)));
    }),
  ));

describe('the network of the source', () => {
  const wide = (sources?: readonly string[]): GrantRules => ({
    ...ANYTHING,
    prefixes: { 4: 24, 6: 64 },
    sources: sources && setting.sources(sources),
  });

  test.each<[source: string, sources: string[] | undefined, network: string]>([
    ['203.0.113.9', undefined, '203.0.113.0/24'],
    ['203.0.113.9', ['203.0.0.0/16'], '203.0.113.0/24'],
    ['203.0.113.9', ['203.0.113.0/28'], '203.0.113.0/28'],
    ['203.0.113.9', ['203.0.113.9'], '203.0.113.9'],
    ['203.0.113.9', ['203.0.113.9', '203.0.113.8/29'], '203.0.113.8/29'],
    ['2001:db8:0:5:1::9', undefined, '2001:db8:0:5::/64'],
    ['2001:db8::9', ['::/0'], '2001:db8::/64'],
    ['2001:db8::9', ['2001:db8::8/125'], '2001:db8::8/125'],
  ])('of %s, with sources %j, is %s', (source, sources, network) => {
    expect(permit(ask({ source }), wide(sources))).toMatchObject({ network });
  });

  test('has the source, and no address that sources refuses', () =>
    assert(
      property(
        source,
        array(network, { maxLength: 3 }),
        integer({ min: 24, max: 32 }),
        (text, networks, length) => {
          const names = networks.map((one) => `${one.text}/${one.length}`);
          const sources = setting.sources([...names, text.includes(':') ? '::/0' : `${text}/20`]);
          const rules = { ...ANYTHING, sources, prefixes: { 4: length, 6: length * 4 } };
          const request = ask({ source: text });
          const grant = permit(request, rules);
          const letIn = setting.sources([grant.network]);
          expect(letIn.has(request.source)).toBe(true);
          const prefix = letIn.prefixOf(request.source)!;
          expect(prefix).toBeGreaterThanOrEqual(sources.prefixOf(request.source)!);
          expect(prefix).toBeGreaterThanOrEqual(rules.prefixes[request.source.family]);
        },
      ),
    ));
});

describe('a private source', () => {
  const warning = (text: string) =>
    `${text} is private: a client on the Internet must name its public address (-R)`;

  test.each([
    '10.0.0.5',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.2',
    '100.64.0.1',
    '100.127.0.1',
    'fc00::1',
    'fdff::1',
  ])('%s is let in with a warning', (source) => {
    expect(permit(ask({ source }), ANYTHING)).toMatchObject({
      network: source,
      warning: warning(source),
    });
  });

  test.each([
    '11.0.0.5',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.1.2',
    '100.63.0.1',
    '100.128.0.1',
    'fbff::1',
    'fe00::1',
    'fc::1',
  ])('%s is none', (source) => {
    expect(permit(ask({ source }), ANYTHING).warning).toBeUndefined();
  });

  test('that sources names is let in without', () => {
    const sources = setting.sources(['192.168.1.0/24']);
    expect(
      permit(ask({ source: '192.168.1.2' }), { ...ANYTHING, sources }).warning,
    ).toBeUndefined();
  });
});
