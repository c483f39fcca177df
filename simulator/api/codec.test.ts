import { array, assert, integer, property, string } from 'fast-check';
import {
  attributes,
  encodeLength,
  encodeSentences,
  encodeWord,
  MalformedWord,
  type Sentence,
  SentenceDecoder,
} from './codec';

/** The sentences of bytes that arrive in these pieces. */
function decode(...pieces: Buffer[]): Sentence[] {
  const sentences: Sentence[] = [];
  const decoder = new SentenceDecoder((words) => sentences.push(words));
  for (const piece of pieces) decoder.push(piece);
  return sentences;
}

/** Cuts bytes into pieces of these sizes, again from the first when they are used up. */
function cut(bytes: Buffer, sizes: number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = sizes[pieces.length % sizes.length]!;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

test.each([
  [0, '00'],
  [0x7f, '7f'],
  [0x80, '8080'],
  [0x3fff, 'bfff'],
  [0x4000, 'c04000'],
  [0x1fffff, 'dfffff'],
  [0x200000, 'e0200000'],
  [0xfffffff, 'efffffff'],
  [0x10000000, 'f010000000'],
  [0xffffffff, 'f0ffffffff'],
])('the length %i is written as %s', (length, hex) => {
  expect(encodeLength(length).toString('hex')).toBe(hex);
});

test.each([0x7f, 0x80, 0x3fff, 0x4000, 0x1fffff, 0x200000])(
  'a word of %i bytes comes back, whole and in pieces',
  (length) => {
    const words = ['!re', 'x'.repeat(length)];
    const bytes = encodeSentences([words]);
    expect(decode(bytes)).toEqual([words]);
    expect(decode(...cut(bytes, [1, 5, 70_000]))).toEqual([words]);
  },
);

test('the frame that was published from a 6.47.6 router', () => {
  const frame = Buffer.concat([
    Buffer.of(0x05),
    Buffer.from('!trap'),
    Buffer.of(0x2a),
    Buffer.from('=message=invalid user name or password (6)'),
    Buffer.of(0x00, 0x05),
    Buffer.from('!done'),
    Buffer.of(0x00),
  ]);
  const sentences = [['!trap', '=message=invalid user name or password (6)'], ['!done']];
  expect(decode(frame)).toEqual(sentences);
  expect(encodeSentences(sentences)).toEqual(frame);
});

test('any sentences come back from any chunking', () => {
  const byteString = array(integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 300 }).map(
    (bytes) => Buffer.from(bytes).toString('latin1'),
  );
  const sentence = array(byteString, { maxLength: 5 });
  const sizes = array(integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });
  return assert(
    property(array(sentence, { maxLength: 5 }), sizes, (sentences, cuts) => {
      expect(decode(...cut(encodeSentences(sentences), cuts))).toEqual(sentences);
    }),
  );
});

test.each(['f1', 'f8', 'ff'])('a word that starts with 0x%s is malformed', (hex) => {
  const bytes = Buffer.concat([encodeSentences([['!done']]), Buffer.from(hex, 'hex')]);
  const sentences: Sentence[] = [];
  const decoder = new SentenceDecoder((words) => sentences.push(words));
  expect(() => decoder.push(bytes)).toThrow(MalformedWord);
  expect(sentences).toEqual([['!done']]); // What came before is not lost.
});

test('a word above the limit is malformed as soon as it is announced', () => {
  const decoder = new SentenceDecoder(() => undefined, 100);
  decoder.push(encodeWord('x'.repeat(100)));
  expect(() => decoder.push(Buffer.of(101))).toThrow(MalformedWord);
});

test('attributes are the words =name=value; a value may hold = and newlines', () => {
  expect([
    ...attributes(['/x/add', '=list=a', '=comment=b=c\nd', '=x=', '?list=e', '.tag=1']),
  ]).toEqual([
    ['list', 'a'],
    ['comment', 'b=c\nd'],
    ['x', ''],
  ]);
});

test('any attribute comes back', () =>
  assert(
    property(string(), (value) => {
      expect(attributes([`=name=${value}`]).get('name')).toBe(value);
    }),
  ));
