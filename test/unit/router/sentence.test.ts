import {
  type Arbitrary,
  array,
  assert,
  constantFrom,
  nat,
  oneof,
  property,
  string,
  tuple,
  uint8Array,
} from 'fast-check';
import { SessionError } from '../../../src/router/errors';
import { encodeSentence, SentenceReader } from '../../../src/router/sentence';

const MIB = 1 << 20;

/** A length as RouterOS's manual has it; more bytes than needed, if so many are asked for. */
function length(value: number, size = 0): Buffer {
  const least =
    value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
  const bytes = Buffer.alloc(Math.max(least, size));
  let rest = value;
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[0]! |= [0, 0, 0x80, 0xc0, 0xe0, 0xf0][bytes.length]!;
  return bytes;
}

function encode(sentence: readonly string[]): Buffer {
  const words = [...sentence, ''].map((word) => Buffer.from(word, 'latin1'));
  return Buffer.concat(words.flatMap((word) => [length(word.length), word]));
}

interface Reading {
  readonly sentences: readonly (readonly string[])[];
  readonly broken?: SessionError;
}

/** The sentences of bytes in these pieces, and the SessionError that ends them. */
function readAll(chunks: readonly Uint8Array[]): Reading {
  const reader = new SentenceReader();
  const sentences: (readonly string[])[] = [];
  try {
    for (const chunk of chunks) {
      for (const sentence of reader.read(Buffer.from(chunk))) sentences.push(sentence);
    }
    return { sentences };
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    return { sentences, broken: error };
  }
}

const byteByByte = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte));

/** Cuts bytes at any places, empty pieces among them. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const brokenBy = (...bytes: (number | string | Buffer)[]) => {
  const parts = bytes.map((part) =>
    typeof part === 'number' ? Buffer.of(part) : Buffer.from(part),
  );
  const { sentences, broken } = readAll([Buffer.concat(parts)]);
  expect(sentences).toEqual([]);
  if (broken !== undefined) expect(broken.cause).toBe('protocol');
  return broken?.message;
};

describe('a sentence to a router', () => {
  test.each([1, 0x7f, 0x80, 0x3fff, 0x4000, 0x1fffff, 0x200000])(
    'has a word of %i bytes',
    (size) => {
      const word = 'x'.repeat(size);
      expect(encodeSentence(['/login', word]).equals(encode(['/login', word]))).toBe(true);
    },
  );

  test('has its words in their order, byte for byte', () =>
    assert(
      property(array(uint8Array({ minLength: 1, maxLength: 200 })), (bytes) => {
        const words = bytes.map((word) => String.fromCharCode(...word));
        expect(encodeSentence(words)).toEqual(encode(words));
      }),
    ));
});

test('a trap that was published byte by byte', () => {
  const message = '=message=invalid user name or password (6)';
  const bytes = Buffer.concat([
    Buffer.from('\x05!trap\x2a', 'latin1'),
    Buffer.from(message),
    Buffer.from('\x00\x05!done\x00', 'latin1'),
  ]);
  expect(readAll([bytes]).sentences).toEqual([['!trap', message], ['!done']]);
  expect(readAll(byteByByte(bytes)).sentences).toEqual([['!trap', message], ['!done']]);
});

test.each([0x01, 0x7f, 0x80, 0xff, 0x3fff, 0x4000, 0xffff])('a word of %i bytes', (size) => {
  const sentence = ['!re', `=${'x'.repeat(size - 1)}`, '.tag=1'];
  expect(readAll([encode(sentence)])).toEqual({ sentences: [sentence] });
});

test.each([1, 2, 3, 4, 5])('a length in %i bytes, more than it needs', (size) => {
  const bytes = [length(5, size), Buffer.from('!done'), length(0, size)];
  expect(readAll(bytes)).toEqual({ sentences: [['!done']] });
  expect(readAll(byteByByte(Buffer.concat(bytes)))).toEqual({ sentences: [['!done']] });
});

test('every byte becomes one character', () => {
  const word = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
  expect(readAll([encode(['!re', word])]).sentences).toEqual([['!re', word]]);
});

test('nothing comes of nothing, nor of empty sentences', () => {
  expect(readAll([])).toEqual({ sentences: [] });
  expect(readAll([Buffer.alloc(0), Buffer.alloc(1000), Buffer.alloc(0)])).toEqual({
    sentences: [],
  });
});

test('half a sentence is none yet', () => {
  const bytes = encode(['!done', '=ret=*3']);
  for (let end = 0; end < bytes.length; end += 1) {
    expect(readAll([bytes.subarray(0, end)])).toEqual({ sentences: [] });
  }
});

describe('a stream that is no RouterOS API is refused at its first wrong byte', () => {
  const NO_MARK = 'not the RouterOS API: a reply that does not begin with !';
  const RESERVED = 'not the RouterOS API: a reserved length byte';
  const TOO_LONG = 'not the RouterOS API: a reply of impossible length';

  test.each([0xf8, 0xf9, 0xfe, 0xff])('a reserved byte 0x%x', (byte) => {
    expect(brokenBy(byte)).toBe(RESERVED);
    expect(brokenBy(encode(['!re']).subarray(0, -1), byte)).toBe(RESERVED);
  });

  test.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n', NO_MARK],
    ['an SSH server', 'SSH-2.0-OpenSSH_9.2\r\n', NO_MARK],
    ['a mail server', '220 mail.example ESMTP\r\n', NO_MARK],
    ['a TLS alert', Buffer.from('15030300020228', 'hex'), NO_MARK],
    ['a TLS ServerHello', Buffer.from('160303007a0200', 'hex'), NO_MARK],
    ['telnet', Buffer.from('fffd18fffd20', 'hex'), RESERVED],
    ['MySQL', Buffer.from('4a0000000a382e30', 'hex'), NO_MARK],
    ['a command instead of a reply', encode(['/login']), NO_MARK],
    ['an attribute in the first place', encode(['=ret=*3', '!done']), NO_MARK],
  ])('%s', (_, bytes, message) => {
    expect(brokenBy(bytes)).toBe(message);
  });

  test('by its second byte, without waiting for the rest', () => {
    expect(brokenBy(0x20, 'x')).toBe(NO_MARK);
    expect(brokenBy(0xbf, 0xff, 'x')).toBe(NO_MARK);
  });

  test.each([
    ['4 GiB', Buffer.from('f0ffffffff', 'hex')],
    ['4 GiB, beside a strange first byte', Buffer.from('f7ffffffff', 'hex')],
    ['256 MiB', Buffer.from('efffffff', 'hex')],
    ['just more than 1 MiB', length(MIB)],
  ])('a word of %s, before any byte of it', (_, prefix) => {
    expect(brokenBy(prefix)).toBe(TOO_LONG);
    expect(brokenBy(3, '!re', prefix)).toBe(TOO_LONG);
  });

  test('a sentence of many words that together are too long', () => {
    const words = ['!re', ...new Array<string>(20).fill('x'.repeat(60_000))];
    expect(readAll([encode(words)]).broken?.message).toBe(TOO_LONG);
    expect(readAll(words.map((word) => encode([word]).subarray(0, -1))).broken?.message).toBe(
      TOO_LONG,
    );
  });

  test('but not many sentences that each are short', () => {
    const sentence = ['!re', '=x='.padEnd(1000, 'y')];
    const reader = new SentenceReader();
    const chunk = Buffer.concat(new Array<Buffer>(100).fill(encode(sentence)));
    for (let count = 0; count < 15; count += 1) expect([...reader.read(chunk)]).toHaveLength(100);
  });

  test('nor a reply that is long, and no more', () => {
    const sentence = ['!re', 'x'.repeat(1_000_000)];
    expect(readAll([encode(sentence)])).toEqual({ sentences: [sentence] });
  });
});

const word = oneof(
  string({ unit: constantFrom('a', '=', '\0', '\xff', '!'), minLength: 1, maxLength: 8 }),
  constantFrom('!done', '=ret=*3', '.tag=1', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(300)),
);
const sentence = tuple(
  constantFrom('!re', '!done', '!trap', '!fatal', '!'),
  array(word, { maxLength: 4 }),
).map(([reply, words]) => [reply, ...words]);
const sentences = array(sentence, { maxLength: 6 });
const places = array(nat(5000), { maxLength: 12 });

test('the same sentences come of the same bytes, in whatever pieces', () =>
  assert(
    property(sentences, places, (all, ends) => {
      const bytes = Buffer.concat(all.map(encode));
      expect(readAll([bytes])).toEqual({ sentences: all });
      expect(readAll(cut(bytes, ends))).toEqual({ sentences: all });
      expect(readAll(byteByByte(bytes))).toEqual({ sentences: all });
    }),
    { numRuns: 200 },
  ));

/** Bytes that are sentences at first, and then perhaps anything. */
const bytes: Arbitrary<Uint8Array> = oneof(
  uint8Array({ maxLength: 60 }),
  tuple(sentences, uint8Array({ maxLength: 30 })).map(([all, more]) =>
    Buffer.concat([...all.map(encode), more]),
  ),
  tuple(sentence, nat(200), nat(255)).map(([one, at, value]) => {
    const changed = encode(one);
    changed[at % changed.length] = value;
    return changed;
  }),
);

test('arbitrary bytes are sentences or no RouterOS API, whatever the pieces, and never more', () =>
  assert(
    property(bytes, places, (all, ends) => {
      const slow = readAll(byteByByte(all));
      if (slow.broken !== undefined) expect(slow.broken.cause).toBe('protocol');
      for (const chunks of [[all], cut(all, ends)]) {
        const fast = readAll(chunks);
        expect(fast.broken?.message).toBe(slow.broken?.message);
        expect(fast.sentences).toEqual(slow.sentences);
      }
    }),
    { numRuns: 1000 },
  ));

test('a stream without end is ended, or forgotten as it is read', () => {
  const chunk = (text: string) => Buffer.from(text.repeat(65536 / text.length), 'latin1');
  const streams = {
    'words of one byte': [chunk('\x01!'), MIB + 65536],
    'empty sentences': [chunk('\0'), Number.POSITIVE_INFINITY],
    'short sentences': [chunk('\x06!empty\0'), Number.POSITIVE_INFINITY],
  } as const;
  for (const [name, [bytesOfChunk, most]] of Object.entries(streams)) {
    const reader = new SentenceReader();
    const before = process.memoryUsage();
    let taken = 0;
    try {
      for (; taken < 4 * MIB; taken += bytesOfChunk.length) {
        for (const _ of reader.read(bytesOfChunk));
      }
    } catch (error) {
      expect(error).toBeInstanceOf(SessionError);
    }
    const after = process.memoryUsage();
    expect([name, taken <= most]).toEqual([name, true]);
    expect([name, after.arrayBuffers - before.arrayBuffers < 2 * MIB]).toEqual([name, true]);
  }
});
