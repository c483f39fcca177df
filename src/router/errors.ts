/** The router refused one command (`!trap`); the session goes on. The message is fit to be shown. */
export class Trap extends Error {
  constructor(
    message: string,
    /** The router's own text: to compare, never to show. */
    readonly said: string,
  ) {
    super(message);
  }
}

/**
 * Why a session with a router ended early:
 *
 * - `lost`: no connection, or it went away
 * - `deadline`: no answer in time
 * - `untrusted`: the router's certificate is not trusted
 * - `login`: the router refused the login
 * - `fatal`: the router sent `!fatal`
 * - `protocol`: the replies are not those of a RouterOS API
 */
export type Cause = 'lost' | 'deadline' | 'untrusted' | 'login' | 'fatal' | 'protocol';

/** A session with a router ended early: nothing more can be sent over it. */
export class SessionError extends Error {
  constructor(
    override readonly cause: Cause,
    message: string,
    readonly hint?: string | undefined,
    /** Whether another try may succeed. */
    readonly isTransient = false,
  ) {
    super(message);
  }
}
