import { isIP } from 'node:net';
import { Deadline } from '../common/deadline';
import { Failure } from '../common/failure';
import { ENTRY_FIELDS, type Entry, entryQuery } from '../router/address-list';
import { Connection } from '../router/connection';
import { SessionError, Trap } from '../router/errors';
import { add, refusedAdd, toFailure } from '../router/open';
import { resolve } from '../router/resolve';
import type { Router } from '../router/router';
import { Session } from '../router/session';
import { inspectCertificate } from './certificate';
import type { Section } from './output';
import type { Pinning } from './pin';
import { checkPolicies, type Policies, readPolicies } from './policies';
import { checkRouterSide, type Installation } from './router-side';
import { requireClock, tellTls, untrustedFailure } from './tls-step';

/** The address list that a check writes to. */
export const CHECK_LIST = 'FWKNOP_CHECK';

/** An address of RFC 5737, which no host has, for the shortest time. */
const CHECK_ENTRY: Entry = {
  menu: '/ip/firewall/address-list',
  list: CHECK_LIST,
  address: '192.0.2.1',
  timeout: 1,
  comment: 'fwknop-mikrotik check',
};

const ROUTER_STEPS = ['name', 'TCP', 'TLS', 'login', 'write', 'read', 'policies'] as const;
type RouterStep = (typeof ROUTER_STEPS)[number];

/** The names of the steps for a router. */
export function routerSteps({ email }: Pick<Router, 'email'>): readonly string[] {
  return email === undefined ? ROUTER_STEPS : [...ROUTER_STEPS, 'e-mail'];
}

const MOST_ADDRESSES = 3; // an opening tries no more

/** A user who may read the router's configuration. */
export interface Reader {
  readonly user: string;
  readonly password: string;
}

/** The same for every router. */
export interface RouterCheck {
  /** Seconds for each router; the time that a question takes does not count. */
  readonly deadline: number;
  readonly pinning: Pinning | undefined;
  /** Another user, who may read; undefined for none. */
  readonly as: Reader | undefined;
  readonly installation: Installation;
  /** The beginning of the words that pin a fingerprint, up to its `=`. */
  readonly pinCommand: string;
}

/**
 * Checks everything that an opening needs of a router, and changes nothing but an entry of one second
 * in a list of its own. After a step that fails, the steps that rest on it are skipped.
 */
export async function checkRouter(
  router: Router,
  index: number,
  check: RouterCheck,
  section: Section,
): Promise<void> {
  const visit = new Visit(router, index, check, section);
  try {
    for (const step of ROUTER_STEPS) {
      try {
        await visit.take(step);
      } catch (error) {
        section.fail(step, asFailure(error, step));
        const names = routerSteps(router);
        section.skip(names.slice(names.indexOf(step) + 1), `${step} failed`);
        return;
      }
    }
  } finally {
    visit.end();
  }
}

/** One router, and the results of the steps that were taken. */
class Visit {
  #clock: Deadline;
  #addresses: readonly string[] = [];
  #address = '';
  #connection: Connection | undefined;
  /** The router, with the trust that a pin gives. */
  #trusted: Router;
  #session: Session | undefined;
  #policies: Policies | undefined;

  constructor(
    private readonly router: Router,
    private readonly index: number,
    private readonly check: RouterCheck,
    private readonly section: Section,
  ) {
    this.#clock = startClock(check.deadline);
    this.#trusted = router;
  }

  /** @throws the failure of the step */
  async take(step: RouterStep): Promise<void> {
    const steps: Readonly<Record<RouterStep, () => Promise<void> | void>> = {
      name: () => this.#resolveName(),
      TCP: () => this.#connect(),
      TLS: () => this.#verify(),
      login: () => this.#logIn(),
      write: () => checkWrite(this.#open, this.section),
      read: () => this.#read(),
      policies: () => this.#lookInside(),
    };
    await steps[step]();
  }

  end(): void {
    this.#connection?.close();
    this.#session?.close();
    this.#clock.cancel();
  }

  async #resolveName(): Promise<void> {
    const { host } = this.router;
    this.#addresses = await resolve(host, this.#clock);
    const isName = isIP(host) === 0;
    this.section.ok('name', isName ? this.#addresses.join(', ') : 'an address: no lookup');
  }

  async #connect(): Promise<void> {
    const { router, section } = this;
    const found = await connectToOne(router, this.#addresses, this.#clock);
    this.#address = found.address;
    this.#connection = found.connection;
    if (found.unanswering.length === 0) section.ok('TCP', `port ${router.port} answers`);
    else {
      const what = `${found.address} answers on port ${router.port}, but not ${found.unanswering.join(', ')}`;
      section.warn('TCP', what, 'use the address that answers as host');
    }
  }

  async #verify(): Promise<void> {
    const { router, section, check } = this;
    if (router.trust.mode === 'off' || this.#connection === undefined) {
      this.#connection?.close();
      section.warn('TLS', 'off: the network can read password and entries', 'use api-ssl');
      return;
    }
    const shown = await inspectCertificate(router, this.#connection);
    requireClock(shown);
    const pin = await check.pinning?.pinIfWanted(router, this.index, shown);
    if (check.pinning !== undefined) {
      // The time for an answer is not the router's.
      this.#clock.cancel();
      this.#clock = startClock(check.deadline);
    }
    if (pin !== undefined) {
      this.#trusted = { ...router, trust: { mode: 'pinned', fingerprint: pin } };
      section.ok('pin', `${pin} is written to the configuration`);
    } else if (shown.untrusted !== undefined) {
      throw untrustedFailure(shown, shown.untrusted, check.pinCommand);
    }
    tellTls(this.#trusted.trust, shown, check.pinCommand, section);
  }

  async #logIn(): Promise<void> {
    this.#session = await Session.open(this.#trusted, this.#address, this.#clock, () => undefined);
    this.section.ok('login', `as ${this.router.user}`);
  }

  async #read(): Promise<void> {
    const session = this.#open;
    this.#policies = await readPolicies(session, this.router.user, () => readsBack(session));
    tellReading(this.#policies, this.section);
  }

  /** Checks the policies, and the rest of the router, by the user who may read them. */
  async #lookInside(): Promise<void> {
    const { router, section, check } = this;
    const own = this.#policies;
    if (own === undefined) return;
    const reader = check.as === undefined ? undefined : await this.#logInAs(check.as);
    try {
      const isRead = async () => true;
      const seen = reader === undefined ? own : await readPolicies(reader, router.user, isRead);
      section.addAll(checkPolicies({ ...seen, mayRead: own.mayRead }, router));
      const session = reader ?? (own.mayRead ? this.#open : undefined);
      if (session === undefined) return;
      section.addAll(await checkRouterSide(session, router, check.installation));
    } catch (error) {
      // An opening reads nothing of this: its steps are done.
      if (!(error instanceof SessionError)) throw error;
      section.warn('router', `cannot be read: ${error.message}`, error.hint);
    } finally {
      reader?.close();
    }
  }

  /** @returns undefined where that user is not logged in */
  async #logInAs(reader: Reader): Promise<Session | undefined> {
    const { mode } = this.#trusted.trust;
    if (mode !== 'verify' && mode !== 'pinned') {
      const why = `the connection is not verified: the password of ${reader.user} is not sent`;
      this.section.skip(['--as'], why);
      return undefined;
    }
    try {
      const router = { ...this.#trusted, ...reader };
      return await Session.open(router, this.#address, this.#clock, () => undefined);
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      this.section.warn('--as', `${reader.user}: ${error.message}`, error.hint);
      return undefined;
    }
  }

  get #open(): Session {
    if (this.#session === undefined) throw new Error('no session');
    return this.#session;
  }
}

function startClock(seconds: number): Deadline {
  return new Deadline(process.uptime() + seconds);
}

/** Tries the addresses in turn, as an opening does. */
async function connectToOne(
  { host, port }: Router,
  addresses: readonly string[],
  deadline: Deadline,
): Promise<{ address: string; connection: Connection; unanswering: readonly string[] }> {
  const unanswering: string[] = [];
  let first: unknown;
  for (const address of addresses.slice(0, MOST_ADDRESSES)) {
    try {
      return { address, connection: await Connection.open(address, port, deadline), unanswering };
    } catch (error) {
      first ??= error;
      unanswering.push(address);
    }
  }
  throw first ?? new SessionError('lost', `not reachable: ${host} has no address`);
}

/** Checks that the user may write; the next steps work without it. */
async function checkWrite(session: Session, section: Section): Promise<void> {
  const { address, list } = CHECK_ENTRY;
  try {
    const added = await add(session, CHECK_ENTRY);
    const what = added ? 'added for one second' : 'is still there from the last check';
    section.ok('write', `yes: ${address} ${what}, in ${list}`);
  } catch (error) {
    if (!(error instanceof Trap)) throw error;
    section.fail('write', refusedAdd(error));
  }
}

/**
 * Whether the router shows the entry that was just added: without the policy read it refuses, or
 * perhaps shows nothing (not known).
 */
async function readsBack(session: Session): Promise<boolean> {
  const rows = await session.print(CHECK_ENTRY.menu, ENTRY_FIELDS, entryQuery(CHECK_ENTRY));
  return rows.length > 0;
}

function tellReading({ mayRead }: Policies, section: Section): void {
  const what = mayRead
    ? 'yes: another knock extends an entry; but anybody with the password can read the whole configuration'
    : 'no: another knock does not extend an entry (the policy read allows it, and to read the whole configuration)';
  section.ok('read', what);
}

function asFailure(error: unknown, step: RouterStep): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof SessionError)) throw error;
  const isLost = error.cause === 'lost' || error.cause === 'deadline';
  return step === 'write' && isLost
    ? new Failure('unanswered', error.message, 'look at the router: an opening would end like this')
    : toFailure(error);
}
