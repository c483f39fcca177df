import { assert, integer, property } from 'fast-check';
import { parseDuration, printDuration } from './durations';

test.each([
  ['30', 30],
  ['30s', 30],
  ['0', 0],
  ['1h', 3600],
  ['1w2d3h4m5s', 788645],
  ['1d 00:00:30', 86430],
  ['1d00:00:30', 86430],
  ['00:01:00', 60],
  ['35w3d13h13m56s', 21474836],
  ['35w3d13:13:56', 21474836],
  ['1d', 86400],
])('%s is %i seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(['', 'none', '-1', '1s1m', '1x', '1.5s', '30 s', ':', '1:2:3', 'undefined', '30s\n'])(
  '%j is no time',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test.each([
  [0, '0s'],
  [29.9, '29s'],
  [60, '1m'],
  [86395, '23h59m55s'],
  [788645, '1w2d3h4m5s'],
])('%d seconds are printed as %s', (seconds, text) => {
  expect(printDuration(seconds)).toBe(text);
});

test('what is printed can be read', () =>
  assert(
    property(integer({ min: 0, max: 21474836 }), (seconds) => {
      expect(parseDuration(printDuration(seconds))).toBe(seconds);
    }),
  ));
