import {
  type Arbitrary,
  anything,
  assert,
  constantFrom,
  object,
  oneof,
  property,
  string,
} from 'fast-check';
import { parseAddress } from '../../../src/access/address';
import { LONGEST_TIMEOUT } from '../../../src/common/duration';
import { BadValue } from '../../../src/common/values';
import * as setting from '../../../src/config/settings';

/** The message of a reader that refuses a value. */
function refused(reader: (value: unknown) => unknown, value: unknown): string {
  let result: unknown;
  try {
    result = reader(value);
  } catch (error) {
    if (error instanceof BadValue) return error.message;
    throw error;
  }
  throw new Error(`taken, as ${JSON.stringify(result)}`);
}

const HEX = '0123456789abcdef'.repeat(4);
const COLONS = HEX.toUpperCase().replace(/..(?!$)/g, '$&:');

test.each([
  ['any text', setting.text, 'fwknop: a "b" {c}', 'fwknop: a "b" {c}'],
  ['no text', setting.text, '', ''],
  ['a filled text', setting.filledText, ' ', ' '],
  ['a path', setting.path, '/etc/fwknop/ca.pem', '/etc/fwknop/ca.pem'],
  ['a path of any characters', setting.path, '/home/zoë/a b\n', '/home/zoë/a b\n'],
  ['a name', setting.routerName, 'home', 'home'],
  ['a name of 40 characters', setting.routerName, 'x'.repeat(40), 'x'.repeat(40)],
  ['an IPv4 host', setting.host, '192.168.88.1', '192.168.88.1'],
  ['an IPv6 host', setting.host, '2001:db8::1', '2001:db8::1'],
  ['a link-local host', setting.host, 'fe80::1%eth0', 'fe80::1%eth0'],
  ['a name in the DNS', setting.host, 'Router-1.example.com', 'Router-1.example.com'],
  ['a name with an underscore', setting.host, 'my_router', 'my_router'],
  ['a name that begins with a digit', setting.host, '3com', '3com'],
  ['a host name of one letter', setting.host, 'r', 'r'],
  ['a port', setting.port, 8729, 8729],
  ['a port as a text', setting.port, '8729', 8729],
  ['the first port', setting.port, 1, 1],
  ['the last port', setting.port, 65535, 65535],
  ['a fingerprint', setting.fingerprint, HEX, HEX],
  ['a fingerprint as openssl prints it', setting.fingerprint, COLONS, HEX],
  ['an e-mail address', setting.emailAddress, "o'neil+r@b.example", "o'neil+r@b.example"],
  ['an e-mail address of this host', setting.emailAddress, 'root@localhost', 'root@localhost'],
  ['the usual list', setting.listTemplate, 'FWKNOP_{proto}_{port}', 'FWKNOP_{proto}_{port}'],
  ['a prefix', setting.ipv4Prefix, 24, 24],
  ['the longest prefix', setting.ipv4Prefix, 32, 32],
  ['an IPv6 prefix', setting.ipv6Prefix, 48, 48],
  ['the longest IPv6 prefix', setting.ipv6Prefix, 128, 128],
  ['a client', setting.clientName, 'phone-2', 'phone-2'],
  ['a client that begins with a digit', setting.clientName, '2', '2'],
  ['the longest name of a client', setting.clientName, 'x'.repeat(20), 'x'.repeat(20)],
  ['the usual comment', setting.commentTemplate, 'fwknop {client}', 'fwknop {client}'],
  ['no comment', setting.commentTemplate, '', ''],
  ['a list without placeholders', setting.listTemplate, 'knock', 'knock'],
  ['a placeholder twice', setting.listTemplate, '{port}{port}', '{port}{port}'],
  ['a deadline in seconds', setting.deadline, 10, 10],
  ['a deadline as a text', setting.deadline, '10', 10],
  ['a deadline with its unit', setting.deadline, '10s', 10],
  ['the shortest deadline', setting.deadline, '1s', 1],
  ['the longest deadline', setting.deadline, '2m', 120],
  ['a timeout', setting.entryTimeout, '1h30m', 5400],
  ['the shortest timeout', setting.entryTimeout, 1, 1],
  ['the longest timeout', setting.entryTimeout, LONGEST_TIMEOUT, LONGEST_TIMEOUT],
  ['the longest timeout, in units', setting.entryTimeout, '35w3d13h13m56s', LONGEST_TIMEOUT],
])('takes %s', (_, reader: (value: unknown) => unknown, value, result) => {
  expect(reader(value)).toBe(result);
});

test.each(['verify', 'insecure', 'anonymous', 'off'])('takes tls %s', (mode) => {
  expect(setting.tlsMode(mode)).toBe(mode);
});

test.each(['auto', 'on', 'off'])('takes syslog %s', (mode) => {
  expect(setting.syslogMode(mode)).toBe(mode);
});

const NOT_ASCII = 'expected printable ASCII characters only';
const NO_HOST = 'expected an IP address or a host name';
const NO_PORT = 'expected a port, 1-65535';
const NO_FINGERPRINT = 'expected a SHA-256 fingerprint, 64 hex digits';
const NO_DURATION = 'expected a duration: whole seconds, or such as "1h30m"';
const NO_TIMEOUT = 'expected a duration of 1s to 21474836s';
const NO_CLIENT = 'expected a name of 1 to 20 characters: a-z, 0-9 and -, no - at the start';
const NO_COMMENT = 'expected no placeholder but {client}';
const NO_PLACEHOLDER = 'expected no placeholder but {proto} and {port}';

test.each<[string, (value: unknown) => unknown, unknown, string]>([
  ['a number for a text', setting.text, 5, 'expected a text'],
  ['a truth for a text', setting.text, true, 'expected a text'],
  ['a list for a text', setting.text, ['a'], 'expected a text'],
  ['an accent', setting.text, 'pässword', NOT_ASCII],
  ['a tab', setting.text, 'a\tb', NOT_ASCII],
  ['a newline, which ends an API word nowhere but in a log', setting.text, 'a\n', NOT_ASCII],
  [
    'an empty text where one is needed',
    setting.filledText,
    '',
    'expected a text that is not empty',
  ],
  ['no path', setting.path, '', 'expected the path of a file'],
  ['a path that the system cannot take', setting.path, '/a\0b', 'expected the path of a file'],
  ['a number for a path', setting.path, 5, 'expected the path of a file'],
  [
    'a name that would fill the line',
    setting.routerName,
    'x'.repeat(41),
    'expected at most 40 characters',
  ],
  ['an empty name', setting.routerName, '', 'expected a text that is not empty'],
  ['a host with an empty label', setting.host, 'fw..example', NO_HOST],
  ['an empty host', setting.host, '', 'expected a text that is not empty'],
  ['a host and port', setting.host, '192.168.88.1:8729', NO_HOST],
  ['a URL', setting.host, 'https://192.168.88.1', NO_HOST],
  ['an address that is none', setting.host, '192.168.88.256', NO_HOST],
  ['an address with leading zeros', setting.host, '192.168.088.001', NO_HOST],
  ['a number for an address', setting.host, '3232258049', NO_HOST],
  ['an option of getent', setting.host, '--help', NO_HOST],
  ['a space', setting.host, 'a b', NO_HOST],
  ['a slash', setting.host, '192.168.88.0/24', NO_HOST],
  ['a name beyond the DNS', setting.host, 'x'.repeat(254), NO_HOST],
  ['a dot in front', setting.host, '.example', NO_HOST],
  ['an accent in a host', setting.host, 'zürich.example', NOT_ASCII],
  ['port 0', setting.port, 0, NO_PORT],
  ['a port that is too high', setting.port, 65536, NO_PORT],
  ['a negative port', setting.port, -1, NO_PORT],
  ['half a port', setting.port, 8729.5, NO_PORT],
  ['no number', setting.port, Number.NaN, NO_PORT],
  ['an exponent', setting.port, '8e3', NO_PORT],
  ['a hexadecimal port', setting.port, '0x2219', NO_PORT],
  ['a leading zero', setting.port, '08729', NO_PORT],
  ['a list of one port', setting.port, [8729], NO_PORT],
  ['a table for a port', setting.port, { port: 8729 }, NO_PORT],
  ['a truth for a port', setting.port, true, NO_PORT],
  ['another TLS', setting.tlsMode, 'on', 'expected verify, insecure, anonymous or off'],
  ['TLS in capitals', setting.tlsMode, 'OFF', 'expected verify, insecure, anonymous or off'],
  ['TLS by truth', setting.tlsMode, false, 'expected verify, insecure, anonymous or off'],
  ['another syslog', setting.syslogMode, 'yes', 'expected auto, on or off'],
  ['syslog by truth', setting.syslogMode, true, 'expected auto, on or off'],
  ['a SHA-1 fingerprint', setting.fingerprint, HEX.slice(0, 40), NO_FINGERPRINT],
  ['a digit too many', setting.fingerprint, `${HEX}0`, NO_FINGERPRINT],
  ['a letter past f', setting.fingerprint, `g${HEX.slice(1)}`, NO_FINGERPRINT],
  ['a fingerprint with a newline', setting.fingerprint, `${HEX}\n`, NO_FINGERPRINT],
  ['a pin of base64', setting.fingerprint, 'sha256//AAAA', NO_FINGERPRINT],
  ['a number for a fingerprint', setting.fingerprint, 12, NO_FINGERPRINT],
  ['no at sign', setting.emailAddress, 'me', 'expected an e-mail address'],
  ['two recipients', setting.emailAddress, 'a@b.example,c@d.example', 'expected an e-mail address'],
  [
    'a name beside the address',
    setting.emailAddress,
    'Me <me@b.example>',
    'expected an e-mail address',
  ],
  ['a line end in an address', setting.emailAddress, 'a@b\r\nbcc:c@d', NOT_ASCII],
  ['an empty list name', setting.listTemplate, '', 'expected a text that is not empty'],
  ['an unknown placeholder', setting.listTemplate, 'FWKNOP_{src}', NO_PLACEHOLDER],
  ['a placeholder in capitals', setting.listTemplate, 'FWKNOP_{PORT}', NO_PLACEHOLDER],
  ['a placeholder left open', setting.listTemplate, 'FWKNOP_{port', NO_PLACEHOLDER],
  ['a placeholder of fwknopd', setting.listTemplate, 'FWKNOP_{$PORT}', NO_PLACEHOLDER],
  ['one placeholder inside another', setting.listTemplate, '{{proto}port}', NO_PLACEHOLDER],
  ['an accent in a list', setting.listTemplate, 'é_{port}', NOT_ASCII],
  ['a network that is too wide', setting.ipv4Prefix, 23, 'expected a prefix length, 24-32'],
  ['a prefix that is too long', setting.ipv4Prefix, 33, 'expected a prefix length, 24-32'],
  ['half a bit', setting.ipv4Prefix, 24.5, 'expected a prefix length, 24-32'],
  ['a prefix as a text', setting.ipv4Prefix, '24', 'expected a prefix length, 24-32'],
  ['an IPv6 network that is too wide', setting.ipv6Prefix, 47, 'expected a prefix length, 48-128'],
  ['an IPv6 prefix that is too long', setting.ipv6Prefix, 129, 'expected a prefix length, 48-128'],
  ['no client', setting.clientName, '', NO_CLIENT],
  ['a client in capitals', setting.clientName, 'Phone', NO_CLIENT],
  ['a client that begins with a dash', setting.clientName, '-a', NO_CLIENT],
  ['a client of 21 characters', setting.clientName, 'x'.repeat(21), NO_CLIENT],
  ['a client with a space', setting.clientName, 'my phone', NO_CLIENT],
  ['a client with a newline', setting.clientName, 'phone\n', NO_CLIENT],
  ['a number for a client', setting.clientName, 5, NO_CLIENT],
  ['an unknown placeholder in a comment', setting.commentTemplate, '{port}', NO_COMMENT],
  ['a placeholder in a comment left open', setting.commentTemplate, '{client', NO_COMMENT],
  ['a number for a comment', setting.commentTemplate, 5, 'expected a text'],
  ['no time for a run', setting.deadline, 0, 'expected a duration of 1s to 120s'],
  ['too much time for a run', setting.deadline, '121', 'expected a duration of 1s to 120s'],
  ['half a second', setting.deadline, 0.5, NO_DURATION],
  ['half a second as a text', setting.deadline, '0.5', NO_DURATION],
  ['a negative time', setting.deadline, -1, NO_DURATION],
  ['no end', setting.deadline, Number.POSITIVE_INFINITY, NO_DURATION],
  ['a time of words', setting.deadline, 'ten', NO_DURATION],
  ['an entry without end, to RouterOS', setting.entryTimeout, 0, NO_TIMEOUT],
  ['the same as a text', setting.entryTimeout, '0s', NO_TIMEOUT],
  ['more than RouterOS takes', setting.entryTimeout, LONGEST_TIMEOUT + 1, NO_TIMEOUT],
  ['far more', setting.entryTimeout, '99999999w', NO_TIMEOUT],
  ['a clock', setting.entryTimeout, '01:00:00', NO_DURATION],
  ['an empty time', setting.entryTimeout, '', NO_DURATION],
  ['a list for a time', setting.entryTimeout, [30], NO_DURATION],
  ['a time of the day', setting.entryTimeout, new Date(0), NO_DURATION],
])('refuses %s', (_, reader, value, message) => {
  expect(refused(reader, value)).toBe(message);
});

test('services are ports and ranges of either protocol', () => {
  expect(setting.services(['tcp/22', 'udp/5000-5010', '6/80', '17/53-53', 'tcp/1-65535'])).toEqual([
    { protocol: 'tcp', firstPort: 22, lastPort: 22 },
    { protocol: 'udp', firstPort: 5000, lastPort: 5010 },
    { protocol: 'tcp', firstPort: 80, lastPort: 80 },
    { protocol: 'udp', firstPort: 53, lastPort: 53 },
    { protocol: 'tcp', firstPort: 1, lastPort: 65535 },
  ]);
  expect(setting.services([])).toEqual([]);
});

test.each([
  'tcp',
  '22',
  'tcp/',
  '/22',
  'tcp/0',
  'tcp/65536',
  'tcp/022',
  'tcp/22-',
  'tcp/-22',
  'tcp/30-22',
  'tcp/22-65536',
  'tcp/22-23-24',
  'tcp/22,23',
  'tcp/ssh',
  'tcp 22',
  'tcp/ 22',
  'TCP/22',
  'icmp/1',
  '47/1',
  'any',
  '*',
  '',
  'tcp/22/',
  'tcp/2e1',
  'toString/22',
  'tcp:22',
])('no service: %j', (entry) => {
  expect(refused(setting.services, ['tcp/22', entry])).toBe(
    `expected services such as "tcp/22" or "tcp/8000-8100", not "${entry}"`,
  );
});

test('sources are networks of either family', () => {
  const sources = setting.sources(['198.51.100.0/24', '2001:db8::/32']);
  expect(sources.has(parseAddress('198.51.100.7')!)).toBe(true);
  expect(sources.has(parseAddress('2001:db8::7')!)).toBe(true);
  expect(sources.has(parseAddress('198.51.101.7')!)).toBe(false);
});

test.each(['any', '198.51.100.0/33', '198.51.100', 'home.example', ''])(
  'no source: %j',
  (entry) => {
    expect(refused(setting.sources, ['10.0.0.0/8', entry])).toBe(
      `expected networks such as "198.51.100.0/24", not "${entry}"`,
    );
  },
);

test.each([
  ['a text for services', setting.services, 'tcp/22'],
  ['numbers for services', setting.services, [22]],
  ['a table for services', setting.services, { tcp: 22 }],
  ['a text for sources', setting.sources, '0.0.0.0/0'],
  ['lists for sources', setting.sources, [['0.0.0.0/0']]],
  ['nothing for sources', setting.sources, null],
] as [string, (value: unknown) => unknown, unknown][])('no list: %s', (_, reader, value) => {
  expect(refused(reader, value)).toBe('expected a list of texts');
});

type Reader = (value: unknown) => unknown;

const READERS = Object.entries(setting).flatMap(([name, reader]): [string, Reader][] =>
  typeof reader === 'function' ? [[name, reader as Reader]] : [],
);

/** Any value that a TOML parser could return, and more: tables without a prototype, dates. */
const value: Arbitrary<unknown> = oneof(
  anything({ withNullPrototype: true, withDate: true, withBigInt: true }),
  object({ withNullPrototype: true, key: constantFrom('toString', 'valueOf', 'length', '0') }),
  string({ unit: 'binary' }),
  string({ unit: constantFrom(...'0123456789wdhms:./-{}@tcpudprox') }),
);

test.each(READERS)('%s takes or refuses any value, and says what it expected', (_, reader) =>
  assert(
    property(value, (tried) => {
      try {
        reader(tried);
      } catch (error) {
        expect(error).toBeInstanceOf(BadValue);
        const { message } = error as Error;
        expect(message).toMatch(/^expected [\x20-\x7e]*[^.]$/);
        expect(message.length).toBeLessThanOrEqual(120);
      }
    }),
    { numRuns: 300 },
  ),
);

test.each(READERS.filter(([name]) => !['services', 'sources'].includes(name)))(
  '%s never repeats what it refuses',
  (_, reader) => {
    for (const secret of [
      'Tr0ub4dor&3',
      'Tr0ub4dör&3',
      'Tr0ub4dor&3\n',
      ['Tr0ub4dor&3'],
      { a: 'Tr0ub4dor&3' },
    ]) {
      let message = '';
      try {
        reader(secret);
      } catch (error) {
        message = String(error);
      }
      expect(message).not.toContain('Tr0ub4d');
    }
  },
);

test('a fingerprint is the same in either case, with colons or without', () =>
  assert(
    property(
      string({ unit: constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
      (digits) => {
        const colons = digits.replace(/..(?!$)/g, '$&:');
        for (const text of [digits, digits.toUpperCase(), colons, colons.toUpperCase()]) {
          expect(setting.fingerprint(text)).toBe(digits);
        }
      },
    ),
  ));
