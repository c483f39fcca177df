import type { Deadline } from '../common/deadline';
import { formatDuration } from '../common/duration';
import { Failure } from '../common/failure';
import {
  addAttributes,
  ENTRY_FIELDS,
  type Entry,
  entryQuery,
  findExisting,
  type OpeningEntry,
} from './address-list';
import { SessionError, Trap } from './errors';
import { resolve } from './resolve';
import type { Router } from './router';
import { Session, type Trace } from './session';

/** A success: the router has the address. */
export interface Opening {
  /** For the log. */
  readonly what: string;
  /** Whether the entry was added or extended; otherwise it existed and is unchanged. */
  readonly changed: boolean;
  /** A later step that failed. */
  readonly warning?: string;
}

/** A message that the router's e-mail tool is to send. */
export interface Mail {
  readonly subject: string;
  readonly body: string;
}

const PAUSES = [100, 300]; // ms before the second and the third try
const LONGEST_PAUSE = 900; // ms before each further one
const MOST_ADDS = 3;

// From RouterOS's own replies; ids are hexadecimal.
const ENTRY_ID = /^\*[0-9A-F]+$/;
const DUPLICATE = /already have such (?:entry|address)/;
const NO_SUCH_ITEM = 'no such item';
const NOT_PERMITTED = 'not enough permissions';

const MAY_BE_OPEN = 'it may be open: try, or knock again';

/**
 * Puts an entry on a router's address list: adds it, or extends it where it exists and the user may
 * read. Then tells the router to send an e-mail, if it has an address for one. While the router
 * refuses connections or is starting, it tries again until the deadline.
 *
 * @returns only when the router has confirmed that it has the address
 * @throws Failure `unreachable`, `unanswered`, `router` or `denied`
 */
export async function open(
  router: Router,
  entry: OpeningEntry,
  mail: Mail,
  deadline: Deadline,
  trace: Trace,
): Promise<Opening> {
  let unanswered: SessionError | undefined;
  let adds = 0;
  let last: { readonly error: SessionError; readonly seconds: number } | undefined;
  for (let tries = 0; ; tries += 1) {
    const begin = process.uptime();
    let session: Session | undefined;
    try {
      const addresses = await resolve(router.host, deadline);
      const address = addresses[tries % addresses.length] ?? addresses[0];
      session = await Session.open(router, address, deadline, trace);
      const opening = await ensure(session, entry);
      if (router.email === undefined || !opening.changed) return opening;
      return { ...opening, ...(await send(session, router.email, mail)) };
    } catch (error) {
      session?.close();
      if (!(error instanceof SessionError)) {
        // The reply to a repeated add does not tell whether the first add succeeded.
        if (unanswered !== undefined) throw mayBeOpen(unanswered);
        throw error instanceof Trap ? refusedAdd(error) : error;
      }
      const seconds = process.uptime() - begin;
      const isLost = error.cause === 'lost' || error.cause === 'deadline';
      const addSent = session?.sent.has(`${entry.menu}/add`) === true;
      if (addSent && !isLost) throw toFailure(error, MAY_BE_OPEN);
      if (addSent) {
        unanswered = error;
        adds += 1;
      }
      // An add that was lost may be sent again: a duplicate does no harm.
      const mayHelp = error.isTransient || (addSent && error.cause === 'lost');
      const mayTry = mayHelp && adds < MOST_ADDS;
      if (!mayTry || !(await deadline.wait(PAUSES[tries] ?? LONGEST_PAUSE))) {
        if (unanswered !== undefined) throw mayBeOpen(unanswered);
        // The deadline may cut a try short before it can fail as the one before it did.
        const isCutShort = error.cause === 'deadline' && seconds < (last?.seconds ?? 0);
        throw toFailure(isCutShort ? (last?.error ?? error) : error);
      }
      last = { error, seconds };
      trace(`${error.message}; trying again`);
    }
  }
}

async function ensure(session: Session, entry: OpeningEntry): Promise<Opening> {
  return (await addOpening(session, entry)) ?? (await extend(session, entry));
}

/** Adds the entry. @returns undefined when the router has it already */
async function addOpening(session: Session, entry: OpeningEntry): Promise<Opening | undefined> {
  if (!(await add(session, entry))) return undefined;
  const { service, address, label, timeout } = entry;
  const time = formatDuration(timeout);
  return { what: `opened ${service} to ${address} (${label}) for ${time}`, changed: true };
}

/**
 * Adds an entry.
 *
 * @returns false when the router has it already
 * @throws Trap, SessionError, Failure `router`
 */
export async function add(session: Session, entry: Entry): Promise<boolean> {
  try {
    const id = await session.exec(entry.menu, 'add', addAttributes(entry));
    if (id === undefined || !ENTRY_ID.test(id)) {
      throw new Failure(
        'router',
        'the router confirmed no entry: its !done has no id',
        'look at the address list on the router',
      );
    }
    return true;
  } catch (error) {
    if (error instanceof Trap && DUPLICATE.test(error.said)) return false;
    throw error;
  }
}

/**
 * Extends an entry that the router has already, where it ends sooner than requested: a duplicate add
 * leaves its timer as it was (RouterOS manual). An entry without an end stays as it is.
 */
async function extend(session: Session, entry: OpeningEntry): Promise<Opening> {
  const { service, address, label } = entry;
  const has = `already has ${address} for ${service} (${label})`;
  const unread = { what: `${has}; its expiry is unchanged`, changed: false };
  let rows: Awaited<ReturnType<Session['print']>>;
  try {
    rows = await session.print(entry.menu, ENTRY_FIELDS, entryQuery(entry));
  } catch (error) {
    if (error instanceof Trap) return unread; // no policy read
    if (error instanceof SessionError) return { ...unread, warning: error.message };
    throw error;
  }
  const existing = findExisting(entry, rows);
  // The entry expired meanwhile, or the user may not read lists. A second add shows which.
  if (existing === undefined) return (await addOpening(session, entry)) ?? unread;
  if (existing.disabled) {
    throw new Failure('router', `${has}, but disabled`, 'enable or remove that entry');
  }
  if (existing.left === undefined) return { what: `${has}, without an end`, changed: false };
  if (Number.isNaN(existing.left)) return unread;
  const left = formatDuration(existing.left);
  if (existing.left >= entry.timeout) return { what: `${has}, ${left} left`, changed: false };
  const time = formatDuration(entry.timeout);
  try {
    await session.exec(entry.menu, 'set', { '.id': existing.id, timeout: time });
    return { what: `extended ${service} for ${address} (${label}) to ${time}`, changed: true };
  } catch (error) {
    if (error instanceof Trap && error.said.includes(NO_SUCH_ITEM)) {
      return (await addOpening(session, entry)) ?? unread;
    }
    if (error instanceof Trap || error instanceof SessionError) {
      return { what: `${has}, ${left} left`, changed: false, warning: error.message };
    }
    throw error;
  }
}

async function send(session: Session, to: string, mail: Mail): Promise<{ warning?: string }> {
  try {
    await session.exec('/tool/e-mail', 'send', { to, ...mail });
    return {};
  } catch (error) {
    if (!(error instanceof Trap || error instanceof SessionError)) throw error;
    return { warning: `no e-mail: ${error.message}` };
  }
}

/** The failure of an add that the router refused. */
export function refusedAdd(trap: Trap): Failure {
  if (!trap.said.includes(NOT_PERMITTED)) {
    return new Failure('router', `the router refused the add: ${trap.message}`);
  }
  return new Failure(
    'denied',
    `the router refused the add: ${trap.message}`,
    "give the user's group the policy write",
  );
}

/** The failure of a session that ended early, where no add is in doubt. */
export function toFailure(error: SessionError, hint = error.hint): Failure {
  switch (error.cause) {
    case 'lost':
    case 'deadline':
      return new Failure('unreachable', error.message, hint);
    case 'untrusted':
    case 'login':
      return new Failure('denied', error.message, hint);
    case 'fatal':
    case 'protocol':
      return new Failure('router', error.message, hint);
  }
}

function mayBeOpen(error: SessionError): Failure {
  return new Failure('unanswered', `add not confirmed: ${error.message}`, MAY_BE_OPEN);
}
