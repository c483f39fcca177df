import { Broken } from './errors';

const LONGEST_SENTENCE = 1 << 20; // bytes; one of RouterOS takes a few hundred
const MOST_BYTES = 1 << 21; // of a session; ten thousand entries of a list take less
const EXCLAMATION_MARK = 0x21;

/**
 * Puts the bytes of a router together to whole sentences, however they arrive.
 *
 * A sentence is a list of words; a word is its length in 1 to 5 bytes and that many bytes; an empty
 * word ends the sentence (RouterOS manual, API).
 */
export class SentenceReader {
  #bytes: Buffer = Buffer.alloc(0);
  #words: string[] = [];
  #size = 0;
  #total = 0;

  /**
   * Takes the next bytes and yields the sentences that they complete, empty ones left out. Bytes become
   * characters one to one (latin1).
   *
   * @throws Broken `alien`, as soon as the bytes cannot be replies: a length that is reserved or past
   *   any reply's, a first word that does not begin with `!`, or more than a session ever takes
   */
  *read(chunk: Buffer): Generator<readonly string[]> {
    this.#total += chunk.length;
    if (this.#total > MOST_BYTES) {
      throw new Broken('alien', 'not the RouterOS API: replies without end');
    }
    let bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const prefix = readLength(bytes);
      if (prefix === undefined) break;
      const end = prefix.size + prefix.length;
      this.#refuseImpossible(end, prefix.length > 0 ? bytes[prefix.size] : undefined);
      if (bytes.length < end) break;
      const word = bytes.toString('latin1', prefix.size, end);
      bytes = bytes.subarray(end);
      this.#size += end;
      if (word !== '') {
        this.#words.push(word);
        continue;
      }
      const sentence = this.#words;
      this.#words = [];
      this.#size = 0;
      if (sentence.length > 0) yield sentence;
    }
    this.#bytes = bytes;
  }

  #refuseImpossible(size: number, firstByte: number | undefined): void {
    if (this.#size + size > LONGEST_SENTENCE) {
      throw new Broken('alien', 'not the RouterOS API: a reply of impossible length');
    }
    const startsSentence = this.#words.length === 0 && firstByte !== undefined;
    if (startsSentence && firstByte !== EXCLAMATION_MARK) {
      throw new Broken('alien', 'not the RouterOS API: a reply that does not begin with !');
    }
  }
}

/** Reads a word's length; undefined while bytes of it are missing. */
function readLength(bytes: Buffer): { size: number; length: number } | undefined {
  const first = bytes[0];
  if (first === undefined) return undefined;
  if (first >= 0xf8) throw new Broken('alien', 'not the RouterOS API: a reserved length byte');
  const size = first < 0x80 ? 1 : first < 0xc0 ? 2 : first < 0xe0 ? 3 : first < 0xf0 ? 4 : 5;
  if (bytes.length < size) return undefined;
  if (size === 5) return { size, length: bytes.readUInt32BE(1) };
  const marks = [0, 0, 0x80, 0xc0, 0xe0][size] ?? 0;
  return { size, length: bytes.readUIntBE(0, size) - marks * 256 ** (size - 1) };
}
