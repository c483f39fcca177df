import { assert, boolean, constantFrom, nat, oneof, property, tuple } from 'fast-check';
import {
  type Address,
  type Networks,
  networkText,
  parseAddress,
  parseNetwork,
  parseNetworks,
  unfitSource,
} from '../../../src/access/address';
import { bitsOf, canonical, dotted, isUnfit, rfc5952 } from '../../support/addresses';
import { ipv4, ipv6, ipv6Bits, nearly } from '../../support/spellings';

const address = oneof(ipv4, ipv6);

test.each([
  ['an IPv4 address', '203.0.113.9', '203.0.113.9'],
  ['its largest', '255.255.255.255', '255.255.255.255'],
  ['leading zeros, which some take for octal', '010.001.002.003', undefined],
  ['two zeros for none', '00.00.00.00', undefined],
  ['three numbers, which inet_aton takes', '10.0.1', undefined],
  ['one number', '3405803785', undefined],
  ['hexadecimal', '0x7f.0.0.1', undefined],
  ['a number that is too large', '203.0.113.256', undefined],
  ['digits of another script', '٢٠٣.0.113.9', undefined],
  ['a newline after it', '203.0.113.9\n', undefined],
  ['a NUL after it', '203.0.113.9\0', undefined],
  ['a network', '203.0.113.9/32', undefined],
  ['a range', '203.0.113.9-203.0.113.10', undefined],
  ['a name, which RouterOS would look up', 'router.example', undefined],
  ['nothing', '', undefined],
  ['IPv6 in short', '2001:db8::1', '2001:db8::1'],
  [
    'IPv6 in capitals, with all its zeros',
    '2001:0DB8:0000:0000:0000:0000:0000:0001',
    '2001:db8::1',
  ],
  ['the first of two runs of zeros', '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['the longer of two runs of zeros', '2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['a single zero, which stays', '2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  [':: for a single zero, which RFC 5952 forbids', '1::3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
  ['a dotted tail', '64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['all zeros', '0:0:0:0:0:0:0:0', '::'],
  ['a zone', 'fe80::1%eth0', undefined],
  ['an empty zone', 'fe80::1%', undefined],
  ['brackets', '[2001:db8::1]', undefined],
  [':: twice', '2001::db8::1', undefined],
  [':: for nothing', '1:2:3:4:5:6:7::8', undefined],
  ['seven groups', '1:2:3:4:5:6:7', undefined],
  ['five digits in a group', '12345::', undefined],
  ['three colons', ':::1', undefined],
  ['one colon in front', ':1:2:3:4:5:6:7', undefined],
  ['leading zeros in a dotted tail', '::ffff:01.2.3.4', undefined],
])('%s: %j', (_, text, result) => {
  expect(parseAddress(text)?.text).toBe(result);
});

test('an address is taken in exactly the spellings of the RFCs, and made canonical', () =>
  assert(
    property(nearly(address), (text) => {
      expect(parseAddress(text)).toEqual(canonical(text));
    }),
    { numRuns: 1500 },
  ));

test('a canonical address stays as it is', () =>
  assert(
    property(address, (text) => {
      const once = parseAddress(text)!;
      expect(parseAddress(once.text)).toEqual(once);
      expect(once.text).toMatch(/^[0-9a-f.:]+$/);
    }),
  ));

test('every spelling of the same eight groups is the same address', () =>
  assert(
    property(ipv6Bits, (groups) => {
      const long = groups.map((group) => group.toString(16).padStart(4, '0')).join(':');
      const text = rfc5952(groups);
      for (const spelling of [long, long.toUpperCase(), text]) {
        expect(parseAddress(spelling)).toEqual({ family: 6, text });
      }
    }),
  ));

test.each([
  ['0.0.0.0', '0.0.0.0/8 is no host'],
  ['0.255.255.255', '0.0.0.0/8 is no host'],
  ['1.0.0.0', undefined],
  ['126.255.255.255', undefined],
  ['127.0.0.0', 'a loopback address'],
  ['127.255.255.255', 'a loopback address'],
  ['128.0.0.0', undefined],
  ['192.168.1.1', undefined],
  ['223.255.255.255', undefined],
  ['224.0.0.0', 'a multicast address'],
  ['239.255.255.255', 'a multicast address'],
  ['240.0.0.0', 'a reserved address'],
  ['255.255.255.254', 'a reserved address'],
  ['255.255.255.255', 'the broadcast address'],
  ['::', 'the unspecified address'],
  ['::1', 'a loopback address'],
  ['::2', undefined],
  ['::ffff:203.0.113.9', 'an IPv4-mapped address: write it as IPv4'],
  ['::ffff:0:0', 'an IPv4-mapped address: write it as IPv4'],
  ['0:0:0:0:0:FFFF:CB00:7109', 'an IPv4-mapped address: write it as IPv4'],
  ['::fffe:203.0.113.9', undefined],
  ['::ffff:0:203.0.113.9', undefined],
  ['169.253.255.255', undefined],
  ['169.254.0.0', 'a link-local address'],
  ['169.254.255.255', 'a link-local address'],
  ['169.255.0.0', undefined],
  ['fe7f:ffff::1', undefined],
  ['fe80::1', 'a link-local address'],
  ['febf:ffff::1', 'a link-local address'],
  ['fec0::1', undefined],
  ['fe8::1', undefined],
  ['feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', undefined],
  ['ff00::', 'a multicast address'],
  ['FF02::1', 'a multicast address'],
  ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'a multicast address'],
  ['ff0::1', undefined],
])('%s as a source: %s', (text, why) => {
  expect(unfitSource(parseAddress(text)!)).toBe(why);
});

test('the sources that nobody can knock from are just these', () =>
  assert(
    property(address, (text) => {
      expect(unfitSource(parseAddress(text)!) !== undefined).toBe(isUnfit(text));
    }),
    { numRuns: 1000 },
  ));

function networks(...texts: string[]): Networks {
  const read = parseNetworks(texts);
  if ('unreadable' in read) throw new Error(`unreadable: ${read.unreadable}`);
  return read;
}

const at = (text: string): Address => parseAddress(text)!;

test.each([
  ['203.0.113.9/24', '203.0.113.0/24'],
  ['203.0.113.9/32', '203.0.113.9'],
  ['203.0.113.9', '203.0.113.9'],
  ['203.0.113.255/25', '203.0.113.128/25'],
  ['203.0.113.9/0', '0.0.0.0/0'],
  ['2001:DB8::1/64', '2001:db8::/64'],
  ['2001:db8:1:2:3:4:5:6/50', '2001:db8:1::/50'],
  ['2001:db8::1/128', '2001:db8::1'],
  ['2001:db8::ffff/127', '2001:db8::fffe/127'],
  ['ffff::/1', '8000::/1'],
])('the network %s is written %s', (text, written) => {
  expect(networkText(parseNetwork(text)!)).toBe(written);
});

test('a network is written by its first address, at any length', () =>
  assert(
    property(address, nat(128), (text, any) => {
      const known = canonical(text);
      if (known === undefined) return;
      const { family, bits } = bitsOf(known.text)!;
      const all = family === 4 ? 32 : 128;
      const prefix = Math.min(any, all);
      const [first = '', length] = networkText({ address: known, prefix }).split('/');
      const rest = BigInt(all - prefix);
      expect(bitsOf(first)).toEqual({ family, bits: (bits >> rest) << rest });
      expect(canonical(first)?.text).toBe(first);
      expect(length).toBe(prefix === all ? undefined : String(prefix));
    }),
    { numRuns: 1000 },
  ));

test.each([
  [
    'everything of IPv4',
    '0.0.0.0/0',
    ['0.0.0.0', '203.0.113.9', '255.255.255.255'],
    ['::', '2001:db8::1'],
  ],
  ['everything of IPv6', '::/0', ['::', '2001:db8::1'], ['0.0.0.0', '203.0.113.9']],
  ['half of it', '128.0.0.0/1', ['128.0.0.0', '255.255.255.255'], ['127.255.255.255', '8000::']],
  [
    'a usual network',
    '198.51.100.0/24',
    ['198.51.100.0', '198.51.100.255'],
    ['198.51.99.255', '198.51.101.0'],
  ],
  ['one with host bits', '198.51.100.77/24', ['198.51.100.1', '198.51.100.255'], ['198.51.101.77']],
  [
    'a single address',
    '203.0.113.9',
    ['203.0.113.9'],
    ['203.0.113.8', '203.0.113.10', '::cb00:7109'],
  ],
  ['the same, with its length', '203.0.113.9/32', ['203.0.113.9'], ['203.0.113.8']],
  ['two addresses', '203.0.113.9/31', ['203.0.113.8', '203.0.113.9'], ['203.0.113.10']],
  [
    'IPv6 with host bits',
    '2001:db8::77/32',
    ['2001:db8::', '2001:db8:ffff::1'],
    ['2001:db9::', '2001:db7::'],
  ],
  ['an odd length', '2001:db8:8000::/33', ['2001:db8:ffff::'], ['2001:db8:7fff::']],
  ['a single IPv6 address', '2001:DB8::1', ['2001:db8::1'], ['2001:db8::', '2001:db8::2']],
  ['the same, with its length', '2001:db8::1/128', ['2001:db8::1'], ['2001:db8::2']],
  ['IPv4-mapped addresses, which hold no IPv4', '::ffff:0:0/96', [], ['203.0.113.9', '0.0.0.0']],
])('%s: %s', (_, network, inside, outside) => {
  const set = networks(network);
  expect(inside.filter((text) => !set.has(at(text)))).toEqual([]);
  expect(outside.filter((text) => set.has(at(text)))).toEqual([]);
});

test('no network at all holds nobody', () => {
  expect(networks().has(at('203.0.113.9'))).toBe(false);
  expect(networks().has(at('2001:db8::1'))).toBe(false);
});

test.each([
  ['nothing', ''],
  ['a length alone', '/24'],
  ['a length that is left open', '198.51.100.0/'],
  ['a length that is too long', '198.51.100.0/33'],
  ['the same for IPv6', '2001:db8::/129'],
  ['a length of four digits', '2001:db8::/0032'],
  ['a negative length', '198.51.100.0/-1'],
  ['a space', '198.51.100.0 /24'],
  ['a newline', '198.51.100.0/24\n'],
  ['a NUL', '198.51.100.0\0/24'],
  ['a mask', '198.51.100.0/255.255.255.0'],
  ['two lengths', '198.51.100.0/24/24'],
  ['a range, as RouterOS writes it', '198.51.100.1-198.51.100.9'],
  ['a short form', '10/8'],
  ['leading zeros', '010.0.0.0/8'],
  ['a zone', 'fe80::%eth0/64'],
  ['a word', 'any'],
  ['a name', 'home.example'],
])('no network: %s', (_, text) => {
  expect(parseNetworks(['10.0.0.0/8', text, 'worse'])).toEqual({ unreadable: text });
});

/** Whether two addresses share the first bits, computed with numbers. */
function holds(network: string, length: number, text: string): boolean {
  const [a, b] = [bitsOf(network)!, bitsOf(text)!];
  const rest = BigInt((a.family === 4 ? 32 : 128) - length);
  return a.family === b.family && a.bits >> rest === b.bits >> rest;
}

/** An address that differs from a given one in a single bit, or not at all. */
function flipped(text: string, bit: number): string {
  const { family, bits } = bitsOf(text)!;
  const other = bits ^ (1n << BigInt(bit % (family === 4 ? 32 : 128)));
  if (family === 4) return dotted(Number(other));
  return rfc5952(
    Array.from({ length: 8 }, (_, i) => Number((other >> BigInt(112 - 16 * i)) & 0xffffn)),
  );
}

test('a set of networks holds what arithmetic says, and never the other family', () =>
  assert(
    property(
      tuple(address, constantFrom(0, 1, 7, 8, 9, 24, 31, 32, 33, 64, 127, 128), nat(128)),
      tuple(address, nat(32)),
      oneof(address, nat(127)),
      boolean(),
      ([first, edge, any], [second, secondLength], wanted, onEdge) => {
        const most = first.includes(':') ? 128 : 32;
        const firstLength = Math.min(onEdge ? edge : any, most);
        const tested = canonical(typeof wanted === 'string' ? wanted : flipped(first, wanted))!;
        const set = networks(`${first}/${firstLength}`, `${second}/${secondLength}`);
        expect(set.has(tested)).toBe(
          holds(first, firstLength, tested.text) || holds(second, secondLength, tested.text),
        );
      },
    ),
    { numRuns: 1500 },
  ));
