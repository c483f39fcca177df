/** A connection to the router's API on which one asks, and takes whatever comes. */
import { connect as connectTcp, isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Sentence } from '../../simulator/api/codec';
import { RawClient } from '../../simulator/api/raw-client';
import { challengeResponse } from '../../simulator/api/users';
import { peerFingerprint, tlsOptions } from '../../src/router/trust';
import type { Login, Settings } from './settings';

/** Milliseconds for a connection, and for a reply. */
const PATIENCE = 5000;
/** Milliseconds in which a `!done` follows an `!empty`, if one does. */
const AFTER_EMPTY = 200;
const STEP = 5;

const SILENCE = `(no end of an answer in ${PATIENCE / 1000} s)`;
const endedBy = (how: string) => `(connection ended: ${how})`;

/** There is no connection to talk on; the message says what came in its place. */
export class NoConnection extends Error {}

export class Conversation {
  private constructor(private readonly client: RawClient) {}

  /**
   * Connects, and lets the router prove itself as the settings say.
   * @throws NoConnection
   */
  static async open({ host, port, trust }: Settings): Promise<Conversation> {
    const tls = tlsOptions(trust, isIP(host) === 0 ? host : undefined);
    const socket = tls ? connectTls({ ...tls, host, port }) : connectTcp({ host, port });
    const client = new RawClient(socket);
    let isThere = false;
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      // Looked at here, before a word is sent: the first one is the password.
      const seen = 'getPeerCertificate' in socket ? peerFingerprint(socket) : undefined;
      isThere = trust.mode !== 'pinned' || seen === trust.fingerprint;
      if (!isThere) socket.destroy(new Error('not the pinned certificate'));
    });
    await within(PATIENCE, () => isThere || client.ending !== undefined);
    if (!isThere) {
      client.close();
      throw new NoConnection(client.ending === undefined ? SILENCE : endedBy(client.ending));
    }
    return new Conversation(client);
  }

  /** Connects to another port of the router, and returns the outcome. */
  static async knockAt(host: string, port: number): Promise<Sentence[]> {
    const client = RawClient.to({ host, port });
    await within(PATIENCE, () => client.ending !== undefined);
    client.close();
    return [[client.ending === undefined ? SILENCE : endedBy(client.ending)]];
  }

  get isOver(): boolean {
    return this.client.ending !== undefined;
  }

  /**
   * Sends a sentence.
   * @returns its reply; what came in place of sentences stands in brackets
   */
  ask(...words: Sentence): Promise<Sentence[]> {
    return this.#reply(() => this.client.send(...words));
  }

  /** Sends bytes that are no sentence. */
  askBytes(bytes: Buffer): Promise<Sentence[]> {
    return this.#reply(() => this.client.sendBytes(bytes));
  }

  /** Logs in, the old way where the router wants it. @returns all that the router said to it */
  async login({ name, password }: Login): Promise<Sentence[]> {
    const replies = await this.ask('/login', `=name=${name}`, `=password=${password}`);
    const [, challenge] = /^=ret=([0-9a-f]{32})$/.exec(replies[0]?.[1] ?? '') ?? [];
    if (challenge === undefined) return replies;
    const response = challengeResponse(password, challenge);
    return [...replies, ...(await this.ask('/login', `=name=${name}`, `=response=${response}`))];
  }

  close(): void {
    this.client.close();
  }

  async #reply(send: () => void): Promise<Sentence[]> {
    const before = this.#sentences().length;
    send();
    const reply = () => this.#sentences().slice(before);
    const says = (...ends: string[]) => reply().some(([word = '']) => ends.includes(word));
    const isWhole = () => this.isOver || says('!done', '!fatal');
    await within(PATIENCE, () => isWhole() || says('!empty'));
    await within(AFTER_EMPTY, isWhole);
    if (says('!done', '!fatal')) return reply();
    if (this.client.ending !== undefined) return [...reply(), [endedBy(this.client.ending)]];
    if (says('!empty')) return reply();
    // A late sentence would be taken for the next reply.
    const sentences = [...reply(), [SILENCE]];
    this.close();
    this.client.ending = 'closed by this side';
    return sentences;
  }

  #sentences(): Sentence[] {
    try {
      return this.client.sentences;
    } catch {
      return [['(bytes that are no sentence)']];
    }
  }
}

/** Whether the last reply lets the user in. */
export function isLetIn(replies: readonly Sentence[]): boolean {
  const last = replies.at(-1);
  return last?.length === 1 && last[0] === '!done' && replies.every(([word]) => word === '!done');
}

/** Waits until something is so, but no longer than so many milliseconds. */
async function within(milliseconds: number, isSo: () => boolean): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!isSo() && performance.now() < end) await sleep(STEP);
}
