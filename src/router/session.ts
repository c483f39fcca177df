import { createHash } from 'node:crypto';
import { Channel } from 'routeros-client';
import type { Deadline } from '../common/deadline';
import { clip, printable } from '../common/text';
import type { Attributes } from './address-list';
import { Connection, LOGIN } from './connection';
import { SessionError, Trap } from './errors';
import type { Router } from './router';
import { encodeSentence, SentenceReader } from './sentence';
import { prepareTls } from './trust';

const LONGEST_QUOTE = 80; // characters of a router's text
const MOST_BYTES = 1 << 21; // of a session; ten thousand rows of a list take less
const LONGEST_PRINT = 2; // seconds: fwknopd handles no other packet in this time
/** Commands whose replies have rows. */
const WITH_ROWS = ['print', 'ping'];
const CHALLENGE = /^[0-9a-f]{32}$/i;
/** The answers to a login that can never succeed. A router with another answer may be starting. */
const REFUSALS = ['invalid user name or password', 'cannot log in', 'not allowed'];

const HAS_SESSIONS = 'has the API service a free session (max-sessions)? otherwise see its log';

/** Says what happens, for --verbose. */
export type Trace = (text: string) => void;

/** Takes one sentence of a reply. */
type Receive = (sentence: string[]) => void;

/** Receives what follows the end of a reply. */
const IGNORE: Receive = () => undefined;

/**
 * A session with a router's API, and the only module that knows routeros-client. Its Channel gives a
 * command a tag and collects the reply. It throws at an unknown reply word and learns nothing of
 * the connection's end, so the session checks each sentence before the Channel gets it, and ends the
 * connection with a reason when a sentence is not valid.
 */
export class Session {
  /** The commands that were written to the router, such as `/login`. */
  readonly sent = new Set<string>();

  readonly #reader = new SentenceReader();
  #bytesRead = 0;
  /** By the tag of a command. */
  readonly #receivers = new Map<string, Receive>();
  #command = LOGIN;
  /** The tag of the last command: the router may still be answering the one before. */
  #tag: string | undefined;

  private constructor(
    private readonly connection: Connection,
    private readonly router: Router,
    private readonly trace: Trace,
  ) {
    connection.onData((bytes) => this.#read(bytes));
  }

  /**
   * Connects, checks that the router is the trusted one, and logs in.
   *
   * @param address the IP address to connect to, of `router.host`
   * @throws SessionError
   */
  static async open(
    router: Router,
    address: string,
    deadline: Deadline,
    trace: Trace,
  ): Promise<Session> {
    const tls = prepareTls(router);
    const connection = await Connection.open(address, router.port, deadline);
    try {
      trace('connected');
      if (tls !== undefined) {
        const { protocol, fingerprint, untrusted } = await connection.startTls(tls, router.trust);
        trace(`${protocol}, certificate ${fingerprint ?? 'none'}`);
        if (untrusted !== undefined) throw untrusted;
      }
      const session = new Session(connection, router, trace);
      await session.#logIn();
      trace('logged in');
      return session;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /**
   * Runs a command that changes something, such as `add`.
   *
   * @returns the value of `=ret=` in its `!done`, if there is one
   * @throws Trap, SessionError
   */
  async exec(menu: string, command: string, attributes: Attributes): Promise<string | undefined> {
    const words = Object.entries(attributes).map(([name, value]) => `=${name}=${value}`);
    const [result] = await this.#run(menu, command, words);
    return result?.ret;
  }

  /**
   * Reads the rows of a menu. The session ends where this takes more than 2 s: the list is too long.
   *
   * @param fields the fields to read; all, if there are none
   * @param query words that choose the rows, such as `?name=fwknop` (RouterOS manual, API)
   * @throws Trap, SessionError
   */
  async print(
    menu: string,
    fields: readonly string[],
    query: readonly string[],
  ): Promise<readonly Attributes[]> {
    const what = `no answer in ${LONGEST_PRINT} s (print): the list may be too long to read`;
    const timer = setTimeout(
      () => this.connection.end(new SessionError('deadline', what)),
      LONGEST_PRINT * 1000,
    );
    try {
      const wanted = fields.length === 0 ? [] : [`=.proplist=${fields.join(',')}`];
      return await this.#run(menu, 'print', [...wanted, ...query]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the session at once: there is nothing to wait for. */
  close(): void {
    this.connection.close();
  }

  /** Logs in; a router before 6.43 answers with a challenge (RouterOS manual, API). */
  async #logIn(): Promise<void> {
    const { user, password } = this.router;
    const name = `=name=${user}`;
    try {
      const [result] = await this.#run('', LOGIN, [name, `=password=${password}`]);
      const challenge = result?.ret ?? '';
      if (!CHALLENGE.test(challenge)) return;
      const hash = createHash('md5').update(`\0${password}`, 'latin1').update(challenge, 'hex');
      await this.#run('', LOGIN, [name, `=response=00${hash.digest('hex')}`]);
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      const isFinal = REFUSALS.some((text) => error.said.includes(text));
      const what = `login refused: ${error.message}`;
      throw new SessionError('login', what, loginHint(error.said, isFinal), !isFinal);
    }
  }

  /**
   * Writes a command and its words.
   *
   * @returns the rows of its reply
   */
  async #run(menu: string, command: string, words: string[]): Promise<readonly Attributes[]> {
    if (command !== this.#command) this.trace(command);
    this.#command = command;
    const path = `${menu}/${command}`;
    const channel = new Channel(this.#connector);
    return await this.connection.during(command, (resolve, reject) => {
      this.sent.add(path);
      this.#tag = channel.Id;
      channel
        .write([path, ...words])
        .then(resolve, ({ message }: Error) => reject(new Trap(this.#quote(message), message)));
    });
  }

  /** The three methods of the library's Connector that a Channel calls. */
  readonly #connector = {
    read: (tag: string, receive: Receive) => this.#receivers.set(tag, receive),
    write: (words: readonly string[]) => this.connection.write(encodeSentence(words)),
    stopRead: (tag: string) => this.#receivers.set(tag, IGNORE),
  } as unknown as ConstructorParameters<typeof Channel>[0];

  #read(bytes: Buffer): void {
    try {
      this.#bytesRead += bytes.length;
      if (this.#bytesRead > MOST_BYTES) {
        const what = this.#mayHaveRows()
          ? 'the list is too long to read'
          : 'not the RouterOS API: replies without end';
        throw new SessionError('protocol', what);
      }
      for (const sentence of this.#reader.read(bytes)) this.#take(sentence);
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      this.connection.end(error);
    }
  }

  #take([reply = '', ...words]: readonly string[]): void {
    if (reply === '!fatal') {
      const what = `the router ended the session: ${this.#quote(words[0])}`;
      throw new SessionError('fatal', what, this.#command === LOGIN ? HAS_SESSIONS : undefined);
    }
    const tag = words.find((word) => word.startsWith('.tag='))?.slice('.tag='.length);
    const receive = this.#receivers.get(tag ?? '');
    if (receive === undefined) {
      throw new SessionError('protocol', 'not the RouterOS API: a reply to no command');
    }
    if (receive === IGNORE) return;
    const attributes = words.filter((word) => word.startsWith('='));
    if (reply === '!done' || reply === '!trap' || (reply === '!re' && this.#mayHaveRows())) {
      if (reply === '!done' && tag === this.#tag) this.connection.succeed();
      receive([reply, ...attributes]);
    } else if (reply === '!empty') {
      // RouterOS 7.18 and later begin a reply without data with it. Whether a !done follows is
      // disputed. It confirms no change.
      if (this.#mayHaveRows()) receive(['!done']);
    } else {
      throw new SessionError(
        'protocol',
        `not the RouterOS API: ${clip(this.#quote(reply), 20)} as a reply`,
      );
    }
  }

  #mayHaveRows(): boolean {
    return WITH_ROWS.includes(this.#command);
  }

  /** Makes a router's text fit to be shown: short, printable, and without the password. */
  #quote(text = ''): string {
    const said = text.replace(/^=message=/, '').replaceAll(this.router.password, '***');
    return clip(printable(said), LONGEST_QUOTE) || 'no reason given';
  }
}

function loginHint(trap: string, isFinal: boolean): string {
  if (!isFinal) return 'is the router still starting? otherwise see its log';
  return trap.includes('not allowed')
    ? "give the user's group the policy api"
    : "check user and password, and the user's Allowed Address on the router";
}
