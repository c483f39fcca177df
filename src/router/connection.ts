import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Deadline } from '../common/deadline';
import { SessionError } from './errors';
import type { Router } from './router';
import { handshakeFailed, type Presented, presented } from './trust';

/** Codes of network errors that may be gone a moment later. */
const TRANSIENT = ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE'];

const CONNECTING = 'connecting';
const HANDSHAKE = 'TLS handshake';
export const LOGIN = 'login';
const BEFORE_LOGIN = [CONNECTING, HANDSHAKE, LOGIN];

const IS_UP = 'is the router up, its API service on, and this host let in?';
const RIGHT_PORT = 'is this the API port: 8729 for TLS, 8728 without?';
const IS_SERVED = "check the API service's address= and the port: 8729 for TLS, 8728 without";

/**
 * A connection to a router: TCP, and TLS where the router's trust asks for it. It ends once, with a
 * reason: what its socket shows, the deadline, or what its owner says.
 */
export class Connection {
  /** The TLS socket once there is one. */
  #socket: Socket;
  /** What happens now, for messages: `connecting`, `TLS handshake`, `login` or a command. */
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
    const hint = this.#hint(RIGHT_PORT);
    this.end(new SessionError('deadline', `no answer in time (${this.#stage})`, hint));
  };

  readonly #close = (): void => {
    const what = `connection closed by the router (${this.#stage})`;
    this.end(new SessionError('lost', what, this.#hint(IS_SERVED)));
  };

  readonly #fail = (error: NodeJS.ErrnoException): void => {
    const code = error.code ?? '';
    const isNetworkError = error.syscall !== undefined || TRANSIENT.includes(code);
    if (this.#stage === HANDSHAKE && !isNetworkError) {
      this.end(handshakeFailed(error, this.#trust));
      return;
    }
    const what =
      code === 'ECONNREFUSED'
        ? 'connection refused'
        : `connection lost (${this.#stage}): ${code || error.message}`;
    this.end(new SessionError('lost', what, this.#hint(undefined), TRANSIENT.includes(code)));
  };

  /** @param unserved the hint for a router that accepted the connection, and then no login */
  #hint(unserved: string | undefined): string | undefined {
    if (this.#stage === CONNECTING) return IS_UP;
    return BEFORE_LOGIN.includes(this.#stage) ? unserved : undefined;
  }
}
