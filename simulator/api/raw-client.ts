/** A client of bare sockets, for tests: it judges nothing and keeps every byte. */
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { encodeSentences, type Sentence, SentenceDecoder } from './codec';

/** No wait in a test is longer. */
const PATIENCE_MS = 5000;

export class RawClient {
  private readonly chunks: Buffer[] = [];
  /** How the other side ended it: in order (`FIN`), or the code of an error. */
  ending: string | undefined;

  /** @param socket one that connects already; `to` makes it */
  constructor(private readonly socket: Socket) {
    socket.on('data', (bytes: Buffer) => {
      this.chunks.push(bytes);
    });
    socket.on('end', () => {
      this.ending ??= 'FIN';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.ending ??= error.code ?? error.message;
    });
  }

  /**
   * Connects; resolves at once, not when the connection is there.
   * @param tls options of TLS; plain TCP if left out
   */
  static to({ host, port }: { host: string; port: number }, tls?: ConnectionOptions): RawClient {
    return new RawClient(
      tls ? connectTls({ host, port, ...tls }) : connectTcp({ host, port, noDelay: true }),
    );
  }

  /** Everything received. */
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Everything received, as sentences; throws if it is none. */
  get sentences(): Sentence[] {
    const sentences: Sentence[] = [];
    new SentenceDecoder((words) => sentences.push(words)).push(this.bytes);
    return sentences;
  }

  send(...words: Sentence): void {
    this.sendBytes(encodeSentences([words]));
  }

  sendBytes(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** Waits until something is so; looks again whenever something happens on the socket. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    if (isSo()) return;
    await new Promise<void>((resolve, reject) => {
      const events = ['data', 'end', 'error', 'close', 'secureConnect'];
      const finish = (error?: Error) => {
        clearTimeout(timer);
        for (const event of events) this.socket.off(event, look);
        if (error) reject(error);
        else resolve();
      };
      const look = () => {
        if (isSo()) finish();
      };
      const timer = setTimeout(() => {
        finish(new Error(`waited in vain for ${what}; ${this.ending ?? 'open'}; ${this.bytes}`));
      }, PATIENCE_MS);
      for (const event of events) this.socket.on(event, look);
    });
  }

  /**
   * Sends a sentence and waits for the end of its reply: `!fatal`, or a `!done` with its tag.
   * @returns all that came since the sentence was sent
   */
  async talk(...words: Sentence): Promise<Sentence[]> {
    const before = this.sentences.length;
    const tag = words.find((word) => /^\.tag=./.test(word));
    const isEnd = ([reply, ...more]: Sentence) =>
      reply === '!fatal' || (reply === '!done' && (tag === undefined || more.includes(tag)));
    this.send(...words);
    await this.until(words.join(' '), () => this.sentences.slice(before).some(isEnd));
    return this.sentences.slice(before);
  }

  close(): void {
    this.socket.destroy();
  }
}
