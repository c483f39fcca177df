/** Arbitraries: addresses however somebody may write them, and text that is nearly right. */
import {
  type Arbitrary,
  array,
  boolean,
  constantFrom,
  integer,
  nat,
  oneof,
  string,
  tuple,
} from 'fast-check';
import { dotted } from './addresses';

export const ipv4 = oneof(
  integer({ min: 0, max: 2 ** 32 - 1 }),
  // The edges of what may be a source.
  tuple(constantFrom(0, 1, 10, 126, 127, 128, 192, 223, 224, 239, 240, 255), nat(2 ** 24 - 1)).map(
    ([first, rest]) => first * 2 ** 24 + rest,
  ),
  constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32 - 2),
).map(dotted);

const group = oneof(
  {
    weight: 3,
    arbitrary: constantFrom(0, 0, 1, 0xffff, 0xff00, 0xff02, 0x0ff0, 0x00ff, 0xfe80, 0x2001),
  },
  { weight: 2, arbitrary: nat(0xffff) },
);

export const ipv6Bits = array(group, { minLength: 8, maxLength: 8 });

/** Eight groups in one of their many spellings: case, leading zeros, `::` anywhere, a dotted tail. */
export const ipv6 = tuple(ipv6Bits, boolean(), boolean(), boolean(), nat(7), nat(8)).map(
  ([groups, upper, padded, tail, start, length]) => {
    const hex = groups.map((value) => value.toString(16).padStart(padded ? 4 : 1, '0'));
    const parts = tail ? [...hex.slice(0, 6), dotted(groups[6]! * 65536 + groups[7]!)] : hex;
    const zeros = groups.slice(start, start + length).every((value) => value === 0);
    const end = Math.min(start + length, parts.length);
    const compressed = zeros && length > 0 && end <= (tail ? 6 : 8) && start < end;
    const text = compressed
      ? `${parts.slice(0, start).join(':')}::${parts.slice(end).join(':')}`
      : parts.join(':');
    return upper ? text.toUpperCase() : text;
  },
);

/** Characters that readers elsewhere skip, take for a digit, or take for the end of the text. */
export const TRAPS = [
  ' ',
  '\t',
  '\n',
  '\r',
  '\v',
  '\f',
  '\0',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\u200b',
  '+',
  '-',
  '.',
  ',',
  ':',
  ';',
  '/',
  '%',
  '_',
  'e',
  'E',
  'e0',
  'x',
  '0x',
  '0',
  '00',
  '.0',
  'n',
  '٣',
  '３',
  '²',
  '𝟑',
  '"',
  "'",
  '=',
  '#',
  '[',
  ']',
  '\\',
  '$',
  '`',
  '::',
  '1',
  '9',
  'f',
  'g',
];

/** A text, with one change that a mistake, a lax reader or an attacker would make. */
export function nearly(text: Arbitrary<string>): Arbitrary<string> {
  const trap = constantFrom(...TRAPS);
  return oneof(
    text,
    tuple(text, trap).map(([whole, extra]) => whole + extra),
    tuple(text, trap).map(([whole, extra]) => extra + whole),
    tuple(text, trap, nat(50), nat(1)).map(([whole, extra, at, removed]) => {
      const index = at % (whole.length + 1);
      return whole.slice(0, index) + extra + whole.slice(index + removed);
    }),
    tuple(text, nat(50)).map(([whole, at]) => {
      const index = at % (whole.length + 1);
      return whole.slice(0, index) + whole.slice(index + 1);
    }),
    text.map((whole) =>
      whole.replace(/\d/g, (digit) => String.fromCodePoint(0x0660 + Number(digit))),
    ),
    text.map((whole) => whole.repeat(2)),
    string({ unit: 'binary', maxLength: 20 }),
  );
}
