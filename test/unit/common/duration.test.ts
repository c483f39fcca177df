import { assert, constantFrom, integer, nat, oneof, property, tuple } from 'fast-check';
import {
  formatDuration,
  LONGEST_TIMEOUT,
  parseDuration,
  parseRouterDuration,
} from '../../../src/common/duration';
import { nearly } from '../../support/spellings';

/** Every timeout that an entry may have, the edges of the units more often. */
const seconds = oneof(
  integer({ min: 0, max: LONGEST_TIMEOUT }),
  tuple(
    constantFrom(1, 60, 3600, 86400, 604800),
    integer({ min: 1, max: 35 }),
    constantFrom(-1, 0, 1),
  ).map(([unit, count, off]) => Math.min(unit * count + off, LONGEST_TIMEOUT)),
  constantFrom(0, 1, LONGEST_TIMEOUT),
);

test('the longest timeout is RouterOS’s own', () => {
  expect(LONGEST_TIMEOUT).toBe((((35 * 7 + 3) * 24 + 13) * 60 + 13) * 60 + 56);
  expect(formatDuration(LONGEST_TIMEOUT)).toBe('35w3d13h13m56s');
});

test.each([
  ['whole seconds', '90', 90],
  ['seconds with their unit', '90s', 90],
  ['no time', '0', 0],
  ['minutes', '2m', 120],
  ['hours and minutes', '1h30m', 5400],
  ['days', '2d', 172800],
  ['weeks', '1w', 604800],
  ['all units', '1w2d3h4m5s', 788645],
  ['units with gaps', '1w5s', 604805],
  ['more than a unit holds', '90m', 5400],
  ['nothing', '', undefined],
  ['a unit alone', 's', undefined],
  ['units in the wrong order', '30m1h', undefined],
  ['a unit twice', '1h1h', undefined],
  ['a number without its unit, after one with', '1h30', undefined],
  ['a space between', '1h 30m', undefined],
  ['a space before', ' 30', undefined],
  ['a newline after', '30\n', undefined],
  ['capitals', '1H', undefined],
  ['a word for a unit', '30 seconds', undefined],
  ['minutes as some write them', '5min', undefined],
  ['milliseconds', '500ms', undefined],
  ['a fraction', '1.5h', undefined],
  ['a negative time', '-30', undefined],
  ['a plus sign', '+30', undefined],
  ['an exponent', '1e3', undefined],
  ['hexadecimal', '0x1e', undefined],
  ['a clock', '00:00:30', undefined],
  ['digits of another script', '٣٠', undefined],
  ['for ever', 'none', undefined],
  ['more digits than a number holds', '9'.repeat(30), undefined],
])('a person writes %s: %j', (_, text, result) => {
  expect(parseDuration(text)).toBe(result);
});

test.each([
  ['units', '1w2d3h4m5s', 788645],
  ['a clock', '00:00:05', 5],
  ['days and a clock', '1d02:03:04', 93784],
  ['days and a clock, apart', '1d 02:03:04', 93784],
  ['weeks, days and a clock', '1w2d03:04:05', 788645],
  ['weeks and a clock', '1w03:04:05', 615845],
  ['the longest', '35w3d13h13m56s', LONGEST_TIMEOUT],
  ['the longest, with a clock', '35w3d13:13:56', LONGEST_TIMEOUT],
  ['milliseconds too', '5s500ms', 5],
  ['milliseconds alone', '500ms', 0],
  ['minutes and milliseconds', '1m500ms', 60],
  ['no time', '0s', 0],
  ['bare seconds', '30', 30],
  ['nothing', '', undefined],
  ['a word', 'none', undefined],
  ['a unit without a number', 'ms', undefined],
  ['half a clock', '02:03', undefined],
  ['a clock with a unit', '1d02:03:04s', undefined],
  ['a negative clock', '-00:00:05', undefined],
])('RouterOS prints %s: %j', (_, text, result) => {
  expect(parseRouterDuration(text)).toBe(result);
});

test.each([
  [0, '0s'],
  [1, '1s'],
  [59, '59s'],
  [60, '1m'],
  [3600, '1h'],
  [3661, '1h1m1s'],
  [86400, '1d'],
  [604799, '6d23h59m59s'],
  [604800, '1w'],
  [604805, '1w5s'],
])('%i seconds are written %s', (number, text) => {
  expect(formatDuration(number)).toBe(text);
});

test('a written duration can be read, by either reader', () =>
  assert(
    property(seconds, (number) => {
      expect(parseDuration(formatDuration(number))).toBe(number);
      expect(parseRouterDuration(formatDuration(number))).toBe(number);
      expect(parseDuration(String(number))).toBe(number);
    }),
    { numRuns: 1000 },
  ));

test('no duration is written as nothing, which RouterOS would take for no end', () =>
  assert(property(seconds, (number) => expect(formatDuration(number)).toMatch(/^(\d+[wdhms])+$/))));

test('every form that RouterOS prints is the same time', () =>
  assert(
    property(seconds, integer({ min: 1, max: 999 }), (number, thousandths) => {
      const two = (part: number) => String(Math.floor(part)).padStart(2, '0');
      const clock = `${two((number / 3600) % 24)}:${two((number / 60) % 60)}:${two(number % 60)}`;
      const days = Math.floor(number / 86400);
      const [weeks, rest] = [Math.floor(days / 7), days % 7];
      const inDays = days === 0 ? '' : `${days}d`;
      const inWeeks = (weeks === 0 ? '' : `${weeks}w`) + (rest === 0 ? '' : `${rest}d`);
      const units = formatDuration(number).replace(/^0s$/, '');
      for (const text of [inDays + clock, inWeeks + clock, `${units}${thousandths}ms`]) {
        expect(parseRouterDuration(text)).toBe(number);
      }
    }),
    { numRuns: 1000 },
  ));

test('any other text is no duration, and never a time that no number holds', () =>
  assert(
    property(nearly(oneof(seconds.map(formatDuration), nat().map(String))), (text) => {
      for (const result of [parseDuration(text), parseRouterDuration(text)]) {
        if (result === undefined) continue;
        expect(Number.isSafeInteger(result) && result >= 0).toBe(true);
        expect(text).toMatch(/^[0-9wdhms: ]+$/);
      }
    }),
    { numRuns: 2000 },
  ));

test('a person’s duration is the sum of its parts', () =>
  assert(
    property(tuple(nat(99), nat(99), nat(99), nat(99), nat(99)), ([w, d, h, m, s]) => {
      const text = `${w}w${d}d${h}h${m}m${s}s`;
      expect(parseDuration(text)).toBe((((w * 7 + d) * 24 + h) * 60 + m) * 60 + s);
    }),
  ));
