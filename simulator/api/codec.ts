/**
 * The RouterOS API on the wire: words and sentences.
 *
 * A word is a length and that many bytes. A sentence is some words and, at its end, the word of
 * length zero. [C] MikroTik's manual, "API": the table of lengths; first bytes from 0xF8 are
 * reserved control bytes after which nobody can read on.
 *
 * Words are strings of one character a byte (latin1): every byte survives the way there and back,
 * and tests can still write words as text.
 */

/** The words of one sentence, without the empty word that ends it on the wire. */
export type Sentence = string[];

/** Thrown for bytes that cannot be the start of a word; nothing after them can be read. */
export class MalformedWord extends Error {}

/**
 * The length prefix of a word in its shortest form.
 * @param length bytes in the word, 0 … 0xFFFFFFFF
 * @returns 1 to 5 bytes
 */
export function encodeLength(length: number): Buffer {
  const prefix = Buffer.alloc(5);
  if (length < 0x80) {
    prefix[4] = length;
    return prefix.subarray(4);
  }
  prefix.writeUInt32BE(length, 1);
  if (length < 0x4000) {
    prefix[3]! |= 0x80;
    return prefix.subarray(3);
  }
  if (length < 0x200000) {
    prefix[2]! |= 0xc0;
    return prefix.subarray(2);
  }
  if (length < 0x10000000) {
    prefix[1]! |= 0xe0;
    return prefix.subarray(1);
  }
  prefix[0] = 0xf0;
  return prefix;
}

/** One word with its length before it. */
export function encodeWord(word: string): Buffer {
  const bytes = Buffer.from(word, 'latin1');
  return Buffer.concat([encodeLength(bytes.length), bytes]);
}

/** Whole sentences, each with the zero byte that ends it. */
export function encodeSentences(sentences: Sentence[]): Buffer {
  return Buffer.concat(sentences.flatMap((words) => [...words, '']).map(encodeWord));
}

/** Where a word of a buffer starts and ends. */
interface WordBounds {
  start: number;
  end: number;
}

/** Finds the word at `offset`; undefined while its length is not there yet. */
function wordAt(bytes: Buffer, offset: number): WordBounds | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  if (first > 0xf0) throw new MalformedWord(`no word starts with byte 0x${first.toString(16)}`);
  const more = first < 0x80 ? 0 : first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const start = offset + 1 + more;
  if (bytes.length < start) return undefined;
  const marker = [0, 0x80, 0xc0, 0xe0, 0xf0][more]!;
  // Multiplied, not shifted: the five-byte form needs all 32 bits, and shifts are signed.
  const length = bytes
    .subarray(offset + 1, start)
    .reduce((value, byte) => value * 256 + byte, first - marker);
  return { start, end: start + length };
}

/** Bytes in pieces of any size → sentences. */
export class SentenceDecoder {
  private unread = Buffer.alloc(0);
  private words: Sentence = [];

  /**
   * @param onSentence called with each sentence as soon as its last byte is there (also with the
   *   empty sentence, which a router ignores [C])
   * @param longestWord bytes; a longer word counts as malformed as soon as it is announced
   */
  constructor(
    private readonly onSentence: (words: Sentence) => void,
    private readonly longestWord = 0xffffffff,
  ) {}

  /** Takes the next bytes. Throws MalformedWord, after it has given out what came before. */
  push(bytes: Buffer): void {
    this.unread = Buffer.concat([this.unread, bytes]);
    let offset = 0;
    for (;;) {
      const word = wordAt(this.unread, offset);
      if (!word) break;
      if (word.end - word.start > this.longestWord) {
        throw new MalformedWord(`a word of ${word.end - word.start} bytes`);
      }
      if (word.end > this.unread.length) break;
      offset = word.end;
      if (word.start < word.end) {
        this.words.push(this.unread.toString('latin1', word.start, word.end));
      } else {
        const sentence = this.words;
        this.words = [];
        this.onSentence(sentence);
      }
    }
    this.unread = this.unread.subarray(offset);
  }
}

/**
 * The attribute words (`=name=value`) of a sentence. The value may itself hold `=` [C].
 * @returns name → value
 */
export function attributes(words: Sentence): Map<string, string> {
  return new Map(
    words
      .map((word) => /^=([^=]+)=(.*)$/s.exec(word))
      .filter((match) => match !== null)
      .map(([, name, value]) => [name!, value!]),
  );
}
