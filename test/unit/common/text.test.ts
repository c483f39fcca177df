import { assert, integer, property, string } from 'fast-check';
import { clip, clipMiddle, isPrintable, printable, quote } from '../../../src/common/text';

const anyText = string({ unit: 'binary', maxLength: 300, size: 'max' });

test.each([
  ['plain text', 'a b~', 'a b~'],
  ['line ends and other control characters', 'a\r\n\tb\0\x1b[31m\x7f', 'a???b??[31m?'],
  ['accents', 'é', '?'],
  ['a character outside the basic plane', '😀', '??'],
  ['line separators that JavaScript takes for line ends', '\u2028\u2029\u0085', '???'],
  ['text that is written from right to left', '\u202etxt', '?txt'],
])('printable: %s', (_, text, fit) => {
  expect(printable(text)).toBe(fit);
});

test('printable gives one line of ASCII for any text', () =>
  assert(
    property(anyText, (text) => {
      expect(printable(text)).toMatch(/^[\x20-\x7e]*$/);
      expect(printable(text)).toHaveLength(text.length);
    }),
  ));

test.each([
  ['a text that fits', 'abcdef', 6, 'abcdef'],
  ['a text that is one too long', 'abcdefg', 6, 'abc...'],
  ['nothing', '', 6, ''],
  ['room for the dots alone', 'abcdef', 3, '...'],
])('clip: %s', (_, text, length, clipped) => {
  expect(clip(text, length)).toBe(clipped);
});

test('clip never gives more than its length, and keeps the beginning', () =>
  assert(
    property(anyText, integer({ min: 3, max: 400 }), (text, length) => {
      const clipped = clip(text, length);
      expect(clipped.length).toBeLessThanOrEqual(length);
      expect(text.startsWith(clipped.replace(/\.\.\.$/, ''))).toBe(true);
    }),
  ));

test.each([
  ['a text that fits', 'abcdefg', 7, 'abcdefg'],
  ['a text that is one too long', 'abcdefgh', 7, 'ab...gh'],
  ['an even length', 'abcdefghi', 8, 'abc...hi'],
  ['nothing', '', 7, ''],
])('clipMiddle: %s', (_, text, length, clipped) => {
  expect(clipMiddle(text, length)).toBe(clipped);
});

test('clipMiddle never gives more than its length, and keeps both ends', () =>
  assert(
    property(anyText, integer({ min: 3, max: 400 }), (text, length) => {
      const clipped = clipMiddle(text, length);
      expect(clipped.length).toBe(Math.min(text.length, length));
      if (clipped === text) return;
      const head = Math.ceil((length - 3) / 2);
      expect(text.startsWith(clipped.slice(0, head))).toBe(true);
      expect(text.endsWith(clipped.slice(head + 3))).toBe(true);
    }),
  ));

test.each([
  ['nothing', '', '""'],
  ['a word', '6x', '"6x"'],
  ['forty characters', 'x'.repeat(40), `"${'x'.repeat(40)}"`],
  ['more of them', 'x'.repeat(41), `"${'x'.repeat(37)}..."`],
  ['an attempt at a second line', '6\nfwknop-mikrotik: opened', '"6?fwknop-mikrotik: opened"'],
])('quote: %s', (_, text, quoted) => {
  expect(quote(text)).toBe(quoted);
});

test('isPrintable says whether printable has nothing to do', () =>
  assert(
    property(anyText, (text) => {
      expect(isPrintable(text)).toBe(printable(text) === text);
    }),
  ));
