import { isIP } from 'node:net';
import { Deadline } from '../common/deadline';
import { Failure } from '../common/failure';
import { ENTRY_FIELDS, type Entry } from '../router/address-list';
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
import { tellTls, untrustedFailure } from './tls-step';

/** The address list that a check may write to. */
export const CHECK_LIST = 'FWKNOP_CHECK';

/** An address of RFC 5737, which is nobody's, for the shortest time that there is. */
const CHECK_ENTRY: Entry = {
  menu: '/ip/firewall/address-list',
  list: CHECK_LIST,
  address: '192.0.2.1',
  timeout: 1,
  comment: 'fwknop-mikrotik check',
};

const ROUTER_STEPS = [
  'name',
  'TCP',
  'TLS',
  'login',
  'write',
  'read',
  'policies',
  'e-mail',
] as const;
type RouterStep = (typeof ROUTER_STEPS)[number];

/** The steps for a router, those that it has nothing for left out. */
export function routerSteps({ email }: Pick<Router, 'email'>): readonly RouterStep[] {
  return ROUTER_STEPS.filter((step) => step !== 'e-mail' || email !== undefined);
}

const MOST_ADDRESSES = 3; // an opening tries no more

/** What does not change from router to router. */
export interface RouterCheck {
  /** Seconds for each router; the time that a question takes does not count. */
  readonly deadline: number;
  readonly pinning: Pinning | undefined;
  /** The command that pins a fingerprint, without it. */
  readonly pinCommand: string;
}

/**
 * Goes through all that an opening needs of a router, and changes nothing but an entry of one second
 * in a list of its own. What fails is told of; the steps that rest on it are left out.
 */
export async function checkRouter(
  router: Router,
  index: number,
  check: RouterCheck,
  section: Section,
): Promise<void> {
  let step: RouterStep = 'name';
  let clock = startClock(check.deadline);
  let session: Session | undefined;
  const done = (what: string) => section.ok(step, what);
  try {
    const addresses = await resolve(router.host, clock);
    done(isIP(router.host) === 0 ? addresses.join(', ') : 'an address, nothing to look up');

    step = 'TCP';
    const { address, connection, unanswering } = await connectToOne(router, addresses, clock);
    if (unanswering.length === 0) done(`port ${router.port} answers`);
    else {
      const what = `${address} answers on port ${router.port}, but not ${unanswering.join(', ')}`;
      section.warn(step, what, 'use the address that answers as host');
    }

    step = 'TLS';
    let trusted = router;
    if (router.trust.mode === 'off') {
      connection.close();
      section.warn(
        step,
        'off: password and entries go over the network as they are',
        'use api-ssl',
      );
    } else {
      const shown = await inspectCertificate(router, connection);
      const pin = await check.pinning?.pinIfWanted(router, index, shown);
      if (check.pinning !== undefined) {
        // The time that an answer took is not the router's.
        clock.cancel();
        clock = startClock(check.deadline);
      }
      if (pin !== undefined) {
        trusted = { ...router, trust: { mode: 'pinned', fingerprint: pin } };
        section.ok('pin', `${pin} is written to the configuration`);
      } else if (shown.untrusted !== undefined) {
        throw untrustedFailure(shown, shown.untrusted, check.pinCommand);
      }
      tellTls(trusted.trust, shown, check.pinCommand, section);
    }

    step = 'login';
    const opened = await Session.open(trusted, address, clock, () => undefined);
    session = opened;
    done(`as ${router.user}`);

    step = 'write';
    await checkWrite(opened, section);

    step = 'read';
    const policies = await readPolicies(opened, router.user, () => readsBack(opened));
    tellReading(policies, section);

    step = 'policies';
    section.addAll(checkPolicies(policies, router));
  } catch (error) {
    section.fail(step, asFailure(error, step));
    const later = routerSteps(router).slice(ROUTER_STEPS.indexOf(step) + 1);
    section.skip(later, `${step} failed`);
  } finally {
    session?.close();
    clock.cancel();
  }
}

function startClock(seconds: number): Deadline {
  return new Deadline(process.uptime() + seconds);
}

/** Tries the addresses in turn, as one opening after the other would. */
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

/** Says whether the user may write; without it, what follows can still be told. */
async function checkWrite(session: Session, section: Section): Promise<void> {
  const { address, list } = CHECK_ENTRY;
  try {
    const added = await add(session, CHECK_ENTRY);
    const what = added ? 'added for one second' : 'is there from a moment ago';
    section.ok('write', `yes: ${address} ${what}, in ${list}`);
  } catch (error) {
    if (!(error instanceof Trap)) throw error;
    section.fail('write', refusedAdd(error));
  }
}

/**
 * Whether the router shows us what we have just added: without the policy read it refuses, or
 * perhaps shows nothing (not known).
 */
async function readsBack(session: Session): Promise<boolean> {
  const rows = await session.print(CHECK_ENTRY.menu, ENTRY_FIELDS, 'list', CHECK_LIST);
  return rows.length > 0;
}

function tellReading({ mayRead }: Policies, section: Section): void {
  const what = mayRead
    ? 'yes: another knock extends an entry. The price: who has the password can read the whole configuration'
    : 'no: another knock leaves an entry as it is, until it ends. The policy read would change that, and let the user read the whole configuration';
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
