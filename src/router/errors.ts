/** The router refused one command (`!trap`); the session goes on. The message is fit to be shown. */
export class Trap extends Error {
  constructor(
    message: string,
    /** The words of the router, to be compared only: they may hold anything. */
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
 * - `untrusted`: the certificate is not the router's
 * - `login`: the router refused the login
 * - `fatal`: the router said `!fatal`
 * - `protocol`: what answers does not speak the RouterOS API
 */
export type Cause = 'lost' | 'deadline' | 'untrusted' | 'login' | 'fatal' | 'protocol';

/** A session with a router ended early: nothing more can be sent over it. */
export class SessionError extends Error {
  constructor(
    override readonly cause: Cause,
    message: string,
    readonly hint?: string | undefined,
    /** Whether connecting again soon may help. */
    readonly isTransient = false,
  ) {
    super(message);
  }
}
