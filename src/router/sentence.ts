import { SessionError } from './errors';

const LONGEST_SENTENCE = 1 << 20; // bytes; one of RouterOS takes a few hundred
const EXCLAMATION_MARK = 0x21;

/** Marks in the first byte of a length: 0 to 4 more bytes follow (RouterOS manual, API). */
const MARKS = [0, 0x80, 0xc0, 0xe0, 0xf0];
/** From each of these lengths on, the prefix takes one more byte. */
const LIMITS = [0x80, 0x4000, 0x200000, 0x10000000];

/**
 * Encodes a sentence for a router. A character up to U+00FF becomes a byte (latin1).
 *
 * A word is its length in 1 to 5 bytes, and then its bytes; an empty word ends the sentence (RouterOS
 * manual, API).
 */
export function encodeSentence(words: readonly string[]): Buffer {
  const text = [...words, ''].map((word) => encodeLength(word.length) + word).join('');
  return Buffer.from(text, 'latin1');
}

/** Makes whole sentences of a router's bytes, in whatever pieces they arrive. */
export class SentenceReader {
  /** The bytes of an incomplete word. */
  #rest: Buffer | undefined;
  #words: string[] = [];
  #size = 0;

  /**
   * Takes the next bytes and yields the sentences that they complete, without the empty ones. A byte
   * becomes a character (latin1).
   *
   * @throws SessionError `protocol`, as soon as the bytes cannot be replies: a length that is reserved
   *   or greater than any reply's, or a first word that does not begin with `!`
   */
  *read(chunk: Buffer): Generator<readonly string[]> {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const prefix = readLength(bytes, at);
      if (prefix === undefined) break;
      const start = at + prefix.size;
      const end = start + prefix.length;
      this.#refuseImpossible(end - at, prefix.length > 0 ? bytes[start] : undefined);
      if (bytes.length < end) break;
      this.#size += end - at;
      at = end;
      if (prefix.length > 0) {
        this.#words.push(bytes.toString('latin1', start, end));
        continue;
      }
      const sentence = this.#words;
      this.#words = [];
      this.#size = 0;
      if (sentence.length > 0) yield sentence;
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : undefined;
  }

  #refuseImpossible(size: number, firstByte: number | undefined): void {
    if (this.#size + size > LONGEST_SENTENCE) {
      throw new SessionError('protocol', 'not the RouterOS API: a reply of impossible length');
    }
    const startsSentence = this.#words.length === 0 && firstByte !== undefined;
    if (startsSentence && firstByte !== EXCLAMATION_MARK) {
      throw new SessionError(
        'protocol',
        'not the RouterOS API: a reply that does not begin with !',
      );
    }
  }
}

/** Encodes the length of a word: the high bits of the first byte say how many bytes follow. */
function encodeLength(length: number): string {
  const more = LIMITS.filter((limit) => length >= limit).length;
  let text = '';
  for (let rest = length, left = more; left >= 0; left -= 1) {
    text = String.fromCharCode((rest % 256) + (left === 0 ? (MARKS[more] ?? 0) : 0)) + text;
    rest = Math.floor(rest / 256);
  }
  return text;
}

/** Reads a word's length; undefined while bytes of it are missing. */
function readLength(bytes: Buffer, at: number): { size: number; length: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first >= 0xf8)
    throw new SessionError('protocol', 'not the RouterOS API: a reserved length byte');
  const more = MARKS.filter((mark) => first >= mark).length - 1;
  if (bytes.length <= at + more) return undefined;
  let length = first - (MARKS[more] ?? 0);
  for (let next = 1; next <= more; next += 1) length = length * 256 + (bytes[at + next] ?? 0);
  return { size: 1 + more, length };
}
