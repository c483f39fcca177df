import type { Deadline } from '../common/deadline';
import { formatDuration } from '../common/duration';
import { Failure } from '../common/failure';
import {
  addAttributes,
  ENTRY_FIELDS,
  type Entry,
  findExisting,
  type OpeningEntry,
} from './address-list';
import { SessionError, Trap } from './errors';
import { resolve } from './resolve';
import type { Router } from './router';
import { Session, type Trace } from './session';

/** The router has the address. */
export interface Opening {
  /** What happened, for the log. */
  readonly what: string;
  /** Whether the entry was made or extended; otherwise it was there and stays as it is. */
  readonly changed: boolean;
  /** What went wrong although the door is open. */
  readonly warning?: string;
}

/** A note for the router's e-mail tool to send. */
export interface Mail {
  readonly subject: string;
  readonly body: string;
}

const PAUSES = [100, 300]; // ms before the second and the third try to connect

// From RouterOS's own replies; ids are hexadecimal.
const ENTRY_ID = /^\*[0-9A-F]+$/;
const DUPLICATE = 'already have such entry';
const NO_SUCH_ITEM = 'no such item';
const NOT_PERMITTED = 'not enough permissions';

const MAY_BE_OPEN = 'it may be open: try, or knock again';

/**
 * Puts an entry on a router's address list: adds it, or, where it is already and the user may read,
 * extends it. Then has the router mail a note, if it should.
 *
 * @returns once the router said that it has the address, and in no other case
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
  for (let tries = 0; ; tries += 1) {
    let session: Session | undefined;
    try {
      const addresses = await resolve(router.host, deadline);
      const address = addresses[tries % addresses.length] ?? router.host;
      session = await Session.open(router, address, deadline, trace);
      const opening = await ensure(session, entry);
      if (router.email === undefined || !opening.changed) return opening;
      return { ...opening, ...(await send(session, router.email, mail)) };
    } catch (error) {
      session?.close();
      if (!(error instanceof SessionError)) {
        // What is said of an add that was sent again says nothing of the first one.
        if (unanswered !== undefined) throw mayBeOpen(unanswered);
        throw error instanceof Trap ? refusedAdd(error) : error;
      }
      const isLost = error.cause === 'lost' || error.cause === 'deadline';
      const addSent = session?.sent.has(`${entry.menu}/add`) === true;
      if (addSent && !isLost) throw toFailure(error, MAY_BE_OPEN);
      if (addSent) unanswered = error;
      const pause = PAUSES[tries];
      // An add that was lost may be sent again: a duplicate does no harm.
      const mayPass = error.isTransient || (addSent && error.cause === 'lost');
      if (pause === undefined || !mayPass || !(await deadline.wait(pause))) {
        throw unanswered === undefined ? toFailure(error) : mayBeOpen(unanswered);
      }
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
 * @throws Trap, Broken, Failure `router`
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
    if (error instanceof Trap && error.said.includes(DUPLICATE)) return false;
    throw error;
  }
}

/**
 * Sees to an entry that the router has already. A duplicate add leaves its timer as it was
 * (RouterOS manual), so a timed entry that ends sooner is set to what was asked.
 */
async function extend(session: Session, entry: OpeningEntry): Promise<Opening> {
  const { service, address, label } = entry;
  const has = `already has ${address} for ${service} (${label})`;
  const unread = { what: `${has}; its expiry is unchanged`, changed: false };
  let rows: Awaited<ReturnType<Session['print']>>;
  try {
    rows = await session.print(entry.menu, ENTRY_FIELDS, 'list', entry.list);
  } catch (error) {
    if (error instanceof Trap) return unread; // no policy read
    if (error instanceof SessionError) return { ...unread, warning: error.message };
    throw error;
  }
  const existing = findExisting(entry, rows);
  // Expired in between, or the router shows nothing to who may not read: another add tells.
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

/** What a refused add comes to. */
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

/** What a session that broke comes to, where its add is not in doubt. */
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
