import { assert, constantFrom, nat, option, property, tuple } from 'fast-check';
import { render } from '../../../src/cli/report';

const ROOM = 200 - 'fwknop-mikrotik: \n'.length;

test.each([
  ['a fault alone', 'connection refused', undefined, 'connection refused'],
  ['a fault and its hint', 'a: loose', 'chmod go= a', 'a: loose; hint: chmod go= a'],
  ['two lines in one', 'a\nb', 'do that', 'a?b; hint: do that'],
  ['a command that a line cannot show', 'a: loose', 'chmod go= é', 'a: loose'],
  [
    'a fault that is too long, by its middle',
    `/etc/${'x'.repeat(300)}: missing`,
    undefined,
    `/etc/${'x'.repeat(85)}...${'x'.repeat(80)}: missing`,
  ],
  [
    'a fault that is too long beside its hint, which stays whole',
    `/etc/${'x'.repeat(300)}: missing`,
    'do that',
    `/etc/${'x'.repeat(77)}...${'x'.repeat(73)}: missing; hint: do that`,
  ],
  [
    'a hint that would leave too little of the fault',
    'too loose',
    `chmod go= /${'x'.repeat(130)}`,
    'too loose',
  ],
])('%s', (_, what, hint, line) => {
  expect(render({ what, hint })).toBe(line);
});

/** Long enough to be cut, and of characters that take more than one byte. */
const anyText = tuple(constantFrom('x', '\n', 'é', '😀'), nat(300)).map(([c, n]) => c.repeat(n));

test('any line is printable and takes at most 200 bytes with its tag', () =>
  assert(
    property(anyText, option(anyText, { nil: undefined }), (what, hint) => {
      const line = render({ what, hint });
      expect(line).toMatch(/^[\x20-\x7e]*$/);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(ROOM);
    }),
  ));

test('a hint is whole or left out', () =>
  assert(
    property(anyText, anyText, (what, hint) => {
      const line = render({ what, hint });
      if (line.includes('; hint: ')) expect(line.endsWith(`; hint: ${hint}`)).toBe(true);
      // Room for a fingerprint with its words, or for a command with a path.
      else expect(/^x{0,110}$/.test(hint)).toBe(false);
    }),
  ));
