import { assert, ipV6, property } from 'fast-check';
import { normaliseAddress } from './addresses';

test.each([
  ['198.51.100.1', '198.51.100.1'],
  ['198.51.100.1/32', '198.51.100.1'],
  ['203.0.113.77/24', '203.0.113.0/24'],
  ['255.255.255.255/1', '128.0.0.0/1'],
  ['203.0.113.77/0', '0.0.0.0/0'],
  ['198.51.100.0-198.51.100.255', '198.51.100.0/24'],
  ['198.51.100.7-198.51.100.7', '198.51.100.7'],
  ['198.51.100.10-198.51.100.20', '198.51.100.10-198.51.100.20'],
  ['198.51.100.4-198.51.100.11', '198.51.100.4-198.51.100.11'],
  ['198.51.100.1/33', undefined],
  ['198.51.100.256', undefined],
  ['198.51.100.01', undefined],
  ['203.0.113.1-254', undefined],
  ['router.example', undefined],
  ['', undefined],
  ['2001:db8::1', undefined],
])('v4: %s is stored as %s', (text, stored) => {
  expect(normaliseAddress(text, 'v4', 'prefixed')).toBe(stored);
});

test.each([
  ['2001:db8::1', '2001:db8::1/128'],
  ['2001:DB8:0:0::0001', '2001:db8::1/128'],
  ['2001:db8::1/128', '2001:db8::1/128'],
  ['2001:db8:bad:1:2:3:4:5/48', '2001:db8:bad::/48'],
  ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
  ['::ffff:192.0.2.1', '::ffff:c000:201/128'],
  ['::', '::/128'],
  ['::1/0', '::/0'],
  ['2001:db8::1/129', undefined],
  ['fe80::1%ether1', undefined],
  ['2001:db8::1-2001:db8::5', undefined],
  ['192.0.2.1', undefined],
])('v6: %s is stored as %s', (text, stored) => {
  expect(normaliseAddress(text, 'v6', 'prefixed')).toBe(stored);
});

test('v6: the plain form leaves only a /128 out', () => {
  expect(normaliseAddress('2001:db8::1/128', 'v6', 'plain')).toBe('2001:db8::1');
  expect(normaliseAddress('2001:db8::1/64', 'v6', 'plain')).toBe('2001:db8::/64');
});

test('v6: every address has one form', () =>
  assert(
    property(ipV6(), (address) => {
      const stored = normaliseAddress(address, 'v6', 'plain');
      expect(stored).toBe(new URL(`http://[${address}]`).hostname.slice(1, -1));
    }),
  ));
