import * as fc from 'fast-check';
import { Failure } from '../../../src/common/failure';
import { MARKER_BEGIN, MARKER_END } from '../../../src/common/fwknopd';
import { mark, splitAtMarkers, withMarked, withoutMarked } from '../../../src/install/markers';

const MARKED = mark('A 1\n');

test('the marker lines stand around the lines', () => {
  expect(MARKED).toBe(`${MARKER_BEGIN}\nA 1\n${MARKER_END}\n`);
});

test.each([
  ['an empty file', '', MARKED],
  ['a file', 'X 1\n', `X 1\n\n${MARKED}`],
  ['a file without a last newline', 'X 1', `X 1\n\n${MARKED}`],
  ['a file with carriage returns', 'X 1\r\n', `X 1\r\n\n${MARKED}`],
  ['a file that has marked lines', `X 1\n${mark('B 2\nC 3\n')}Y 1\n`, `X 1\n${MARKED}Y 1\n`],
  [
    'marker lines that were edited elsewhere',
    `${MARKER_BEGIN}\r\nB 2\r\n${MARKER_END} \r\nY 1`,
    `${MARKED}Y 1`,
  ],
  ['a last marker line without a newline', `X 1\n${MARKER_BEGIN}\n${MARKER_END}`, `X 1\n${MARKED}`],
])('marked lines go into %s', (_, text, expected) => {
  expect(withMarked(text, 'f', MARKED)).toBe(expected);
  expect(withMarked(expected, 'f', MARKED)).toBe(expected);
});

test('they can be taken out of any text again', () => {
  const line = fc.constantFrom('X 1\n', '\n', '# y\r\n', ' \n', 'Z 2\n');
  void fc.assert(
    fc.property(fc.array(line), fc.array(line), (before, after) => {
      const text = before.join('');
      expect(withoutMarked(withMarked(text, 'f', MARKED), 'f')).toBe(text);
      const middle = withMarked(text, 'f', MARKED) + after.join('');
      expect(splitAtMarkers(middle, 'f').after).toBe(after.join(''));
      expect(withoutMarked(middle, 'f')).toBe(text + after.join(''));
    }),
  );
});

test('a text without markers stays', () => {
  expect(withoutMarked('X 1\n\n', 'f')).toBe('X 1\n\n');
});

test.each([
  ['only the first marker', `X\n${MARKER_BEGIN}\nA 1\n`, '2'],
  ['only the last marker', `A 1\n${MARKER_END}\n`, '2'],
  ['both the wrong way round', `${MARKER_END}\n${MARKER_BEGIN}\n`, '1, 2'],
  ['two pairs', MARKED + MARKED, '1, 3, 4, 6'],
])('%s: refused, with the lines', (_, text, lines) => {
  const attempt = () => withMarked(text, 'f', MARKED);
  expect(attempt).toThrow(Failure);
  expect(attempt).toThrow(`found markers in line ${lines}`);
  expect(() => withoutMarked(text, 'f')).toThrow(Failure);
});
