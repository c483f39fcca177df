import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { RouterOSAPI } from 'routeros-client';
import type { Deadline } from '../common/deadline';
import { clip, printable } from '../common/text';
import type { Attributes } from './address-list';
import { SessionError, Trap } from './errors';
import type { Router } from './router';
import { encodeSentence, SentenceReader } from './sentence';
import {
  handshakeFailed,
  notPinned,
  peerFingerprint,
  tlsOptions,
  untrusted,
  withSharedContext,
} from './trust';

const PASSING = ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE'];
const LONGEST_QUOTE = 80; // characters of what a router says
/** Commands whose replies have rows. */
const WITH_ROWS = ['print', 'ping'];
const CHALLENGE = /^=ret=[0-9a-f]{32}$/i;

export const LET_IN = 'is the router up, its API service on, and this host let in?';
export const RIGHT_PORT = 'is this the API port: 8729 for TLS, 8728 without?';
const SERVES_US = "check the API service's address= and the port: 8729 for TLS, 8728 without";

/** Past any deadline, in seconds: the library's idle timer must never come first. */
const NEVER = 86400;

/** The private members of the library that the guard rests on; a test fails when one is gone. */
interface Internals {
  readonly connector: {
    readonly socket: Socket;
    readonly receiver: {
      readonly tags: Map<string, { callback(packet: string[]): void }>;
      processRawData(data: Buffer): void;
    };
    write(words: readonly string[]): unknown;
    emit(event: string): boolean;
  };
  holdConnection(): void;
}

export function internalsOf(api: RouterOSAPI): Internals {
  return api as unknown as Internals;
}

/** Says what happens, for --verbose. */
export type Trace = (text: string) => void;

/**
 * A session with a router's API: the guard around routeros-client, and the only module that knows
 * it. The library connects, logs in, tags commands and sorts their replies; but its promises may never
 * settle, it throws inside socket events, and it drops what it does not expect. So the guard reads the
 * router's replies itself and hands over nothing but what the library takes, watches the socket,
 * and settles every promise: with an answer, or with why there is none.
 *
 * It is the library's raw API: the menus over that read back what they add, for which a user needs the
 * policy read, and change keys and values on their way (a comment `007` comes back as 7).
 */
export class Session {
  /** The commands that were written to the router, such as `/login`. */
  readonly sent = new Set<string>();

  private readonly socket: Socket;
  readonly #reader = new SentenceReader();
  readonly #ended = new Set<string>();
  #stage = 'connecting';
  /** The tag of the command that was written last: the router may still be answering the one before. */
  #tag: string | undefined;
  #trap: string | undefined;
  #broken: SessionError | undefined;
  /** Whether the reply to the command is whole: what follows it cannot take it back. */
  #isAnswered = false;
  #reject: (error: Error) => void = () => undefined;

  private constructor(
    private readonly api: RouterOSAPI,
    private readonly internals: Internals,
    private readonly router: Router,
    private readonly deadline: Deadline,
    private readonly trace: Trace,
  ) {
    this.socket = internals.connector.socket;
    this.#watchSocket();
    this.#guardWriting();
    this.#guardReading();
    deadline.on(this.#expire);
  }

  /**
   * Connects, checks that the router is the trusted one, and logs in.
   *
   * @param address the IP address to connect to, of `router.host`
   * @throws Broken
   */
  static async open(
    router: Router,
    address: string,
    deadline: Deadline,
    trace: Trace,
  ): Promise<Session> {
    const { RouterOSAPI } = await loadLibrary();
    const tls = prepareTls(router);
    const api = new RouterOSAPI({
      host: address,
      port: router.port,
      user: router.user,
      password: router.password,
      timeout: NEVER,
      // The library declares a server's options here, and passes them to tls.connect unchanged.
      ...(tls === undefined ? {} : { tls: tls as object }),
    });
    api.on('error', () => undefined);
    const connected = api.connect();
    const session = new Session(api, internalsOf(api), router, deadline, trace);
    await session.#settle(session.#stage, () => connected);
    trace('logged in');
    return session;
  }

  /**
   * Runs a command that changes something, such as `add`.
   *
   * @returns what its `!done` says in `=ret=`, if anything
   * @throws Trap, Broken
   */
  async exec(menu: string, command: string, attributes: Attributes): Promise<string | undefined> {
    const words = Object.entries(attributes).map(([name, value]) => `=${name}=${value}`);
    const [result] = await this.#run(menu, command, words);
    return result?.ret;
  }

  /**
   * Reads some fields of the rows of a menu whose `key` has a value.
   *
   * @throws Trap, Broken
   */
  async print(
    menu: string,
    fields: readonly string[],
    key: string,
    value: string,
  ): Promise<readonly Attributes[]> {
    return await this.#run(menu, 'print', [`=.proplist=${fields.join(',')}`, `?${key}=${value}`]);
  }

  /** Ends the session at once: there is nothing to wait for. */
  close(): void {
    this.#end(new SessionError('lost', 'closed'));
  }

  /** Writes a command and its words. @returns the rows of its reply */
  async #run(menu: string, command: string, words: string[]): Promise<readonly Attributes[]> {
    return await this.#settle(command, () => this.api.write(`${menu}/${command}`, words));
  }

  /** Settles with the library's promise, or with what broke the session, whichever comes. */
  async #settle<T>(stage: string, start: () => Promise<T>): Promise<T> {
    if (this.#broken !== undefined) throw this.#broken;
    if (stage !== this.#stage) this.trace(stage);
    this.#stage = stage;
    this.#trap = undefined;
    this.#isAnswered = false;
    return await new Promise<T>((resolve, reject) => {
      this.#reject = reject;
      start().then(resolve, () => reject(this.#whyRejected()));
    });
  }

  #whyRejected(): Error {
    if (this.#trap === undefined) {
      return (
        this.#broken ?? new SessionError('protocol', 'not the RouterOS API: an unexpected reply')
      );
    }
    if (this.sent.has('/login') && this.sent.size === 1) {
      return new SessionError(
        'login',
        `login refused: ${this.#quote(this.#trap)}`,
        loginHint(this.#trap),
      );
    }
    return new Trap(this.#quote(this.#trap), this.#trap);
  }

  /** Whether the router took the login: what goes wrong later is not for want of being let in. */
  #isLetIn(): boolean {
    return !['connecting', 'TLS handshake', 'login'].includes(this.#stage);
  }

  readonly #expire = (): void => {
    const hint = this.#stage === 'connecting' ? LET_IN : this.#isLetIn() ? undefined : RIGHT_PORT;
    this.#end(new SessionError('deadline', `no answer in time (${this.#stage})`, hint));
  };

  #end(why: SessionError): void {
    if (this.#broken !== undefined) return;
    this.#broken = why;
    this.deadline.off(this.#expire);
    // It drops its own listeners, and would then throw at the next error of the socket.
    this.internals.connector.emit = () => false;
    this.socket.destroy();
    if (!this.#isAnswered) this.#reject(why);
  }

  /** Keeps the real cause of what the library reports without a text, or not at all. */
  #watchSocket(): void {
    const { socket, router } = this;
    let fingerprint: string | undefined;
    let handshake = false;
    let checking = false;
    socket.setNoDelay(true);
    socket.prependListener('connect', () => {
      handshake = router.trust.mode !== 'off';
      this.#stage = handshake ? 'TLS handshake' : 'login';
      this.trace('connected');
    });
    // Emitted when the handshake is over and Node has not yet judged the certificate; after a
    // refusal it can no longer be asked for.
    socket.prependListener('secure', () => {
      handshake = false;
      checking = true;
      fingerprint = peerFingerprint(socket as TLSSocket);
    });
    // Prepended, so that it comes before the library's own listener, which sends the login.
    socket.prependListener('secureConnect', () => {
      checking = false;
      // It comes again in the middle of a command, where a router begins a handshake anew (TLS 1.2).
      if (!this.#isLetIn()) this.#stage = 'login';
      this.trace(`${(socket as TLSSocket).getProtocol()}, certificate ${fingerprint ?? 'none'}`);
      if (router.trust.mode === 'pinned' && fingerprint !== router.trust.fingerprint) {
        this.#end(notPinned(fingerprint));
      }
    });
    socket.prependListener('error', (error: NodeJS.ErrnoException) => {
      if (checking) this.#end(untrusted(error, fingerprint));
      else if (handshake && !isNetworkError(error)) this.#end(handshakeFailed(error, router.trust));
      else this.#end(lost(error, this.#stage));
    });
    socket.prependListener('close', () => {
      const what = `connection closed by the router (${this.#stage})`;
      this.#end(new SessionError('lost', what, this.#isLetIn() ? undefined : SERVES_US));
    });
  }

  /** Sends each command in one piece: the library writes word by word, and Nagle waits for ACKs. */
  #guardWriting(): void {
    // It would probe a router that takes long to answer.
    this.internals.holdConnection = () => undefined;
    this.internals.connector.write = (words) => {
      this.sent.add(words[0] ?? '');
      this.#tag = tagOf(words);
      this.socket.write(encodeSentence(words));
    };
  }

  #guardReading(): void {
    this.internals.connector.receiver.processRawData = (data) => {
      try {
        for (const sentence of this.#reader.read(data)) this.#take(sentence);
      } catch (error) {
        this.#end(
          error instanceof SessionError
            ? error
            : new SessionError('protocol', 'not the RouterOS API: an unexpected reply'),
        );
      }
    };
  }

  #take([reply = '', ...words]: readonly string[]): void {
    if (this.#broken !== undefined) return;
    if (reply === '!fatal') {
      throw new SessionError('fatal', `the router ended the session: ${this.#quote(words[0])}`);
    }
    const tag = tagOf(words);
    const listener = this.internals.connector.receiver.tags.get(tag ?? '');
    if (tag !== undefined && this.#ended.has(tag)) return;
    if (tag === undefined || listener === undefined) {
      throw new SessionError('protocol', 'not the RouterOS API: a reply to no command');
    }
    const attributes = words.filter((word) => word.startsWith('='));
    if (reply === '!done') {
      this.#ended.add(tag);
      // The library takes any attribute in answer to a login for a challenge.
      const isLogin = this.#stage === 'login';
      const taken = isLogin ? attributes.filter((word) => CHALLENGE.test(word)) : attributes;
      // The library may answer a login's reply with another sentence.
      this.#isAnswered = !isLogin && tag === this.#tag;
      listener.callback([reply, ...taken]);
    } else if (reply === '!trap') {
      const message = attributes.find((word) => word.startsWith('=message='));
      if (tag === this.#tag) this.#trap ??= message?.replace('=message=', '') ?? '';
      listener.callback([reply, ...attributes]);
    } else if (reply === '!re' && WITH_ROWS.includes(this.#stage)) {
      listener.callback([reply, ...attributes]);
    } else if (reply === '!empty') {
      // RouterOS 7.18 and later begin a reply without data with it. Whether a !done follows is
      // disputed, and the library knows neither; it confirms nothing that was to be done.
      if (!WITH_ROWS.includes(this.#stage)) return;
      this.#ended.add(tag);
      listener.callback(['!done']);
    } else {
      throw new SessionError(
        'protocol',
        `not the RouterOS API: ${clip(this.#quote(reply), 20)} as a reply`,
      );
    }
  }

  /** What a router said, fit to be shown: short, printable, and without our password. */
  #quote(text = ''): string {
    const said = text.replace(/^=message=/, '').replaceAll(this.router.password, '***');
    return clip(printable(said), LONGEST_QUOTE) || 'no reason given';
  }
}

function tagOf(words: readonly string[]): string | undefined {
  return words.find((word) => word.startsWith('.tag='))?.slice(5);
}

async function loadLibrary(): Promise<typeof import('routeros-client')> {
  // With these in the environment the library prints the password, or fails to load.
  delete process.env.DEBUG;
  delete process.env.ENV;
  return await import('routeros-client');
}

/**
 * The options that make Node check a router's identity; undefined for the plain API.
 *
 * @throws Broken `untrusted` when the CAs cannot be read, or OpenSSL takes none of them
 */
export function prepareTls({ trust, host }: Router): ConnectionOptions | undefined {
  try {
    const options = tlsOptions(trust, isIP(host) === 0 ? host : undefined);
    return options && withSharedContext(options);
  } catch (error) {
    const isGiven = trust.mode === 'verify' && trust.ca !== undefined;
    const mend = isGiven ? 'check ca-file' : 'name the CAs in ca-file, or pin the certificate';
    throw new SessionError('untrusted', `TLS settings: ${(error as Error).message}`, mend);
  }
}

/** Whether it is the network that failed, and not what TLS made of it. */
export function isNetworkError(error: NodeJS.ErrnoException): boolean {
  return error.syscall !== undefined || PASSING.includes(error.code ?? '');
}

/** What to say of a connection that could not be made or went away. */
export function lost(error: NodeJS.ErrnoException, stage: string): SessionError {
  const code = error.code ?? '';
  const hint = stage === 'connecting' ? LET_IN : undefined;
  const what =
    code === 'ECONNREFUSED'
      ? 'connection refused'
      : `connection lost (${stage}): ${code || error.message}`;
  return new SessionError('lost', what, hint, PASSING.includes(code));
}

function loginHint(trap: string): string {
  return trap.includes('not allowed')
    ? "give the user's group the policy api"
    : "check user and password, and the user's address= on the router";
}
