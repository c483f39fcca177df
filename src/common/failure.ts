/**
 * Every outcome of a run, and the exit status that tells it to the caller.
 *
 * The statuses are those of sysexits.h, where it has a fitting one.
 */
export const EXIT = {
  open: { status: 0, meaning: 'every router has the address' },
  usage: { status: 64, meaning: 'bad arguments' },
  unreachable: {
    status: 69,
    meaning: 'a router could not be reached: lost or timed out before the add was sent',
  },
  bug: { status: 70, meaning: 'a bug in this program' },
  unanswered: {
    status: 75,
    meaning: 'the add was sent and never answered: the port may be open',
  },
  router: {
    status: 76,
    meaning: 'the router answered with an error, or is no RouterOS API',
  },
  denied: {
    status: 77,
    meaning: 'denied: login, policy, certificate not trusted, or not granted',
  },
  config: {
    status: 78,
    meaning: 'configuration: a file is missing, unreadable, insecure or invalid',
  },
} as const;

export type FailureKind = Exclude<keyof typeof EXIT, 'open'>;

/** A fault and, where there is one, a hint how to fix it: both lower case, without a full stop. */
export interface Fault {
  readonly what: string;
  readonly hint?: string | undefined;
}

/** The one error of this program: a kind, which decides the exit status, and one or more faults. */
export class Failure extends Error {
  readonly faults: readonly Fault[];

  constructor(
    readonly kind: FailureKind,
    what: string | readonly Fault[],
    hint?: string,
  ) {
    const faults = typeof what === 'string' ? [{ what, hint }] : what;
    super(faults.map((fault) => fault.what).join('; '));
    this.faults = faults;
  }
}

/** Turns a thrown error into a Failure; any error of another class is a bug of this program. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure('bug', `internal error: ${(error as Error).message}`, 'please report it');
}

/** Puts a fault into one text: `what failed: why; hint: what to do`. */
export function faultText({ what, hint }: Fault): string {
  return hint === undefined ? what : `${what}; hint: ${hint}`;
}

/** Runs a step, and collects the faults that it fails with instead of failing. */
export function collectFaults<T>(faults: Fault[], step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}
