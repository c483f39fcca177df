import { array, assert, constantFrom, integer, nat, oneof, property, tuple } from 'fast-check';
import { type AccessRequest, parseAccessRequest } from '../../../src/access/access-request';
import { parsePort, parseProtocol } from '../../../src/access/service';
import { Failure } from '../../../src/common/failure';
import { canonical, isUnfit } from '../../support/addresses';
import { linesOf, refusal } from '../../support/refusals';
import { ipv4, ipv6, nearly } from '../../support/spellings';

const request = (source = '203.0.113.9', protocol = '6', port = '22', timeout = '30') =>
  parseAccessRequest([source, protocol, port, timeout]);

const line = (...words: Parameters<typeof request>) => {
  const lines = linesOf(
    refusal(() => request(...words)),
    'usage',
  );
  expect(lines).toHaveLength(1);
  return lines[0];
};

test('the arguments of fwknopd are read into types', () => {
  expect(request()).toEqual({
    source: { family: 4, text: '203.0.113.9' },
    protocol: 'tcp',
    port: 22,
    timeout: 30,
  });
});

test.each([
  ['6', 'tcp'],
  ['tcp', 'tcp'],
  ['17', 'udp'],
  ['udp', 'udp'],
])('proto %s is %s', (text, name) => {
  expect(request(undefined, text).protocol).toBe(name);
  expect(parseProtocol(text)).toBe(name);
});

test.each(['1', '22', '1024', '65535'])('port %s', (text) => {
  expect(request(undefined, undefined, text).port).toBe(Number(text));
  expect(parsePort(text)).toBe(Number(text));
});

test.each(['0', '1', '65536', '21474836'])('timeout %s', (text) => {
  expect(request(undefined, undefined, undefined, text).timeout).toBe(Number(text));
});

test('an IPv6 source is sent on in its canonical form', () => {
  expect(request('2001:0DB8::0001').source).toEqual({ family: 6, text: '2001:db8::1' });
});

const NOT_AN_ADDRESS = 'not an IP address in its usual form';
const NAME_IT = '; hint: the client must name its own address (-R or -a)';

test.each([
  ['leading zeros, as fwknopd lets through', '010.001.002.003', NOT_AN_ADDRESS],
  ['zeros that slip past REQUIRE_SOURCE_ADDRESS', '00.00.00.00', NOT_AN_ADDRESS],
  ['four digits', '0010.168.100.20', NOT_AN_ADDRESS],
  ['the source of fwknop -s', '0.0.0.0', `0.0.0.0/8 is no host${NAME_IT}`],
  ['this host', '127.0.0.1', `a loopback address${NAME_IT}`],
  ['a group', '224.0.0.1', `a multicast address${NAME_IT}`],
  ['class E', '240.0.0.1', `a reserved address${NAME_IT}`],
  ['everybody', '255.255.255.255', `the broadcast address${NAME_IT}`],
  ['no IPv6 address', '::', `the unspecified address${NAME_IT}`],
  ['this host by IPv6', '::1', `a loopback address${NAME_IT}`],
  ['an IPv6 group', 'ff02::1', `a multicast address${NAME_IT}`],
])('src refused, and why: %s', (_, source, why) => {
  expect(line(source)).toBe(`src ${source}: ${why}`);
});

test('src refused, and why: IPv4 in the clothes of IPv6', () => {
  expect(line('::ffff:203.0.113.9')).toContain(
    'src ::ffff:cb00:7109: an IPv4-mapped address: write it as IPv4',
  );
});

test.each([
  ['nothing', ''],
  ['a network', '203.0.113.0/24'],
  ['a space', ' '],
  ['a name', 'router.example'],
  ['a variable that fwknopd did not know', 'SRC'],
  ['a second line', '203.0.113.9\n203.0.113.10'],
  ['a second line of the log', '203.0.113.9\nfwknop-mikrotik: opened'],
  ['colours', '\x1b[31m203.0.113.9'],
  ['a flood', '9'.repeat(5000)],
  ['a zone', 'fe80::1%eth0'],
])('src refused: %s', (_, source) => {
  expect(line(source)).toMatch(/^src[\d.:]*: not an IP address in its usual form$/);
});

test.each([
  ...['', '1', '06', '6 ', ' 6', '+6', '6.0', '0x6', 'TCP', 'Tcp', 'icmp', 'tcp/22', 'tcp,udp'],
  ...['6\n', '6\0', '٦', 'toString', '__proto__'],
])('proto refused: %j', (text) => {
  expect(line(undefined, text)).toBe('proto: expected tcp, udp, 6 or 17');
  expect(parseProtocol(text)).toBeUndefined();
});

test.each([
  ...['', '0', '00', '022', '65536', '99999', '100000', '-1', '+22', '22 ', '22\n', '2 2', '1e3'],
  ...['0x16', '22.0', '22,23', '22-23', 'ssh', 'NaN', '٢٢', '２２', '22\0'],
])('port refused: %j', (text) => {
  expect(line(undefined, undefined, text)).toBe('port: not a number in 1-65535');
  expect(parsePort(text)).toBeUndefined();
});

test.each([
  ...['', '21474837', '99999999', '00', '030', '-1', '+30', '30s'],
  ...['1h', '30 ', '30\n', '1e3', '0x1e', '30.0', '30.5', 'Infinity', 'none', '٣٠', '30\0'],
])('timeout refused: %j', (text) => {
  expect(line(undefined, undefined, undefined, text)).toBe(
    'timeout: not a whole number of seconds up to 21474836',
  );
});

test.each(['999999999', '1795251600', '9'.repeat(30)])(
  'timeout refused, as the time of day that $TIMEOUT is: %j',
  (text) => {
    expect(line(undefined, undefined, undefined, text)).toBe(
      'timeout: not a whole number of seconds up to 21474836; hint: use $CLIENT_TIMEOUT, not $TIMEOUT',
    );
  },
);

test.each([0, 1, 2, 3, 5, 6, 40])('%i arguments are refused, and not repeated', (count) => {
  const failure = refusal(() => parseAccessRequest(new Array<string>(count).fill('Tr0ub4dor')));
  expect(linesOf(failure, 'usage')).toEqual([
    `expected four arguments, <src> <proto> <port> <timeout>, got ${count}; hint: see fwknop-mikrotik --help`,
  ]);
});

/** The four arguments by the specification, computed with numbers instead of patterns. */
function specified([source, protocol, port, timeout]: readonly string[]):
  | AccessRequest
  | undefined {
  const address = canonical(source!);
  const name = protocol === '6' || protocol === 'tcp' ? 'tcp' : 'udp';
  const isNumber = (text: string, from: number, to: number) =>
    String(Number(text)) === text &&
    Number.isInteger(Number(text)) &&
    Number(text) >= from &&
    Number(text) <= to;
  if (address === undefined || isUnfit(source!)) return undefined;
  if (!['6', 'tcp', '17', 'udp'].includes(protocol!)) return undefined;
  if (!isNumber(port!, 1, 65535) || !isNumber(timeout!, 0, 21474836)) return undefined;
  return { source: address, protocol: name, port: Number(port), timeout: Number(timeout) };
}

const words = tuple(
  oneof(ipv4, ipv6),
  constantFrom('6', '17', 'tcp', 'udp'),
  oneof(nat(65535), nat(70000), constantFrom(0, 1, 65535, 65536)).map(String),
  oneof(nat(100), integer({ min: 21474000, max: 21475000 }), nat()).map(String),
);

/** Good arguments, of which one has a slip. */
const nearlyWords = tuple(
  words,
  nearly(oneof(ipv4, ipv6, nat(99999).map(String), constantFrom('tcp', '17'))),
  nat(7),
).map(([whole, other, at]) => whole.map((word, index) => (index === at ? other : word)));
const mutatedWords = tuple(words, nat(3)).chain(([whole, at]) =>
  nearly(constantFrom(whole[at]!)).map((word) =>
    whole.map((good, index) => (index === at ? word : good)),
  ),
);

test('just what the specification takes is taken, and nothing is rounded or guessed', () =>
  assert(
    property(oneof(words, nearlyWords, mutatedWords), (tried) => {
      const expected = specified(tried);
      if (expected !== undefined) expect(parseAccessRequest(tried)).toEqual(expected);
      else {
        linesOf(
          refusal(() => parseAccessRequest(tried)),
          'usage',
        );
      }
    }),
    { numRuns: 2000 },
  ));

test('arbitrary arguments end in a request or a refusal', () =>
  assert(
    property(
      array(nearly(constantFrom('6', '203.0.113.9', '22', '')), { maxLength: 6 }),
      (tried) => {
        try {
          parseAccessRequest(tried);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      },
    ),
    { numRuns: 500 },
  ));
