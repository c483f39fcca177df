import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Deadline } from '../common/deadline';
import { SessionError } from './errors';
import type { Router } from './router';
import { handshakeFailed, type Presented, presented } from './trust';

/** Network errors that may be gone a moment later, in words. */
const TRANSIENT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  EPIPE: 'connection reset',
};

const CONNECTING = 'connecting';
const HANDSHAKE = 'TLS handshake';
export const LOGIN = 'login';

const IS_UP = 'is the router up, the API service enabled, and this host in its Available From?';
const IS_API = 'is this the API port: 8729 for TLS, 8728 without?';

/** The hints for silence, by stage. */
const SILENT: Readonly<Record<string, string>> = {
  [CONNECTING]: IS_UP,
  [HANDSHAKE]: IS_API,
  [LOGIN]: `${IS_API} a login by RADIUS may need a longer deadline`,
};

/**
 * A service that does not let this host in accepts the connection and closes it, over TLS in the
 * handshake [C]. One without a free session perhaps does the same [? too-many-sessions].
 */
const IS_SERVED =
  "check the API service's Available From, max-sessions and port: 8729 for TLS, 8728 without";

/** The hints for a connection that was lost, by stage. */
const LOST: Readonly<Record<string, string>> = {
  [CONNECTING]: IS_UP,
  [HANDSHAKE]: IS_SERVED,
  [LOGIN]: IS_SERVED,
};

/**
 * A connection to a router: TCP, and TLS where the router's trust asks for it. It ends once, with a
 * reason: what its socket shows, the deadline, or what its owner says.
 */
export class Connection {
  /** The TLS socket once there is one. */
  #socket: Socket;
  /** The current step, for messages: `connecting`, `TLS handshake`, `login` or a command. */
  #stage = CONNECTING;
  #ended: SessionError | undefined;
  #reject: ((why: SessionError) => void) | undefined;
  #trust: Router['trust'] = { mode: 'off' };

  private constructor(
    socket: Socket,
    private readonly deadline: Deadline,
  ) {
    this.#socket = socket;
    socket.on('error', this.#fail).on('close', this.#close);
    deadline.on(this.#expire);
  }

  /**
   * Opens a TCP connection.
   *
   * @throws SessionError `lost` or `deadline`
   */
  static async open(address: string, port: number, deadline: Deadline): Promise<Connection> {
    // Without noDelay, a command waits about 40 ms for the ACK of the one before.
    const socket = connectTcp({ host: address, port, noDelay: true });
    const connection = new Connection(socket, deadline);
    await connection.during(CONNECTING, (resolve) => socket.once('connect', resolve));
    return connection;
  }

  /**
   * Makes the TLS handshake, and sends nothing else.
   *
   * @param options of `prepareTls`
   * @returns what the router presents, trusted or not: the caller decides
   * @throws SessionError `lost` or `deadline`
   */
  async startTls(options: ConnectionOptions, trust: Router['trust']): Promise<Presented> {
    this.#trust = trust;
    // When a TLS socket fails it closes the TCP socket first, and then says why.
    this.#socket.off('close', this.#close);
    // Node verifies the certificate as the options say, but reports a refusal instead of closing: check shows the
    // certificate that was refused. `presented` tells the refusal, and the caller must obey it before it logs in.
    const socket = connectTls({ ...options, socket: this.#socket, rejectUnauthorized: false });
    this.#socket = socket.on('error', this.#fail).on('close', this.#close);
    await this.during(HANDSHAKE, (resolve) => socket.once('secureConnect', resolve));
    return presented(socket, trust);
  }

  /**
   * Does one step. A step that resolved stays resolved, whatever becomes of the connection.
   *
   * @param stage what messages call it
   * @throws SessionError as soon as the connection has ended
   */
  async during<T>(
    stage: string,
    step: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
  ): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended;
    this.#stage = stage;
    return await new Promise<T>((resolve, reject) => {
      this.#reject = reject;
      step(resolve, reject);
    });
  }

  onData(listener: (bytes: Buffer) => void): void {
    this.#socket.on('data', listener);
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The current step has succeeded: the end of the connection no longer makes it fail. */
  succeed(): void {
    this.#reject = undefined;
  }

  /** Ends the connection at once. Only the first reason counts. */
  end(why: SessionError): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.deadline.off(this.#expire);
    this.#socket.destroy();
    this.#reject?.(why);
  }

  close(): void {
    this.end(new SessionError('lost', 'closed'));
  }

  readonly #expire = (): void => {
    const what = `no answer in time (${this.#stage})`;
    this.end(new SessionError('deadline', what, SILENT[this.#stage]));
  };

  readonly #close = (): void => {
    const hint = LOST[this.#stage];
    // Before the login it may be a router that is still starting.
    const isTransient = hint !== undefined;
    const what = `connection closed by the router (${this.#stage})`;
    this.end(new SessionError('lost', what, hint, isTransient));
  };

  readonly #fail = (error: NodeJS.ErrnoException): void => {
    const { code = error.message, syscall } = error;
    // Node's own error for a connection that the router closed in the handshake.
    if (code === 'ECONNRESET' && syscall === undefined) {
      this.#close();
      return;
    }
    const known = TRANSIENT[code];
    if (this.#stage === HANDSHAKE && syscall === undefined && known === undefined) {
      this.end(handshakeFailed(error, this.#trust));
      return;
    }
    const why = known ?? `connection lost: ${code}`;
    const what = this.#stage === CONNECTING ? why : `${why} (${this.#stage})`;
    this.end(new SessionError('lost', what, LOST[this.#stage], known !== undefined));
  };
}
