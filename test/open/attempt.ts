import {
  type RouterOptions,
  startRouter,
  type TestRouter,
  usersWith,
} from '../../simulator/api/server';
import type { User } from '../../simulator/api/users';
import { certificates } from '../../simulator/certificates';
import { Deadline } from '../../src/common/deadline';
import { Failure } from '../../src/common/failure';
import { type Entry, entryFor, type OpeningEntry } from '../../src/router/address-list';
import { type Opening, open } from '../../src/router/open';
import type { Router, Trust } from '../../src/router/router';

export const PASSWORD = 'Zq7-correct-horse';

/** How many misbehaviours are tried at a time: on a busy machine more would be late by themselves. */
export const AT_ONCE = 40;

/** The two ways in which every misbehaviour is tried. */
export const TRANSPORTS = ['plain', 'TLS'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** The usual users, and one who may send e-mail and not read. */
export const USERS: User[] = [
  ...usersWith(PASSWORD),
  { name: 'mailer', password: PASSWORD, policies: ['api', 'write', 'test'] },
];

const targets: TestRouter[] = [];

afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.close()));
});

/** Starts a test router that `aim` fits; it is closed after the test. */
export async function startTarget(
  transport: TransportName,
  options: RouterOptions = {},
): Promise<TestRouter> {
  const target = await startRouter({
    users: USERS,
    transport: transport === 'TLS' ? certificates().selfSigned : 'plain',
    ...options,
  });
  targets.push(target);
  return target;
}

/** The router of a configuration that names this test router. */
export function aim(
  target: TestRouter,
  transport: TransportName,
  more: Partial<Router> = {},
): Router {
  const pinned: Trust = { mode: 'pinned', fingerprint: certificates().selfSigned.fingerprint };
  return {
    name: 'home',
    host: target.host,
    port: target.port,
    user: 'fwknop',
    password: PASSWORD,
    trust: transport === 'TLS' ? pinned : { mode: 'off' },
    email: undefined,
    ...more,
  };
}

export const ENTRY: OpeningEntry = entryFor(
  {
    source: { family: 4, text: '203.0.113.9' },
    network: '203.0.113.9',
    client: undefined,
    protocol: 'tcp',
    port: 22,
    timeout: 60,
    cutFrom: undefined,
    warning: undefined,
  },
  'FWKNOP_{proto}_{port}',
  'fwknop',
);

export interface Attempt {
  readonly opening: Opening | undefined;
  readonly failure: Failure | undefined;
  /** Milliseconds until it was settled. */
  readonly took: number;
  readonly trace: readonly string[];
}

/** Opens, within a deadline in milliseconds, and says what came of it; a bug is thrown. */
export async function attempt(router: Router, deadline = 1000, entry = ENTRY): Promise<Attempt> {
  const end = new Deadline(process.uptime() + deadline / 1000);
  const started = performance.now();
  const trace: string[] = [];
  const mail = { subject: 'Router: Port Opened', body: 'Given IP' };
  try {
    const opening = await open(router, entry, mail, end, (text) => trace.push(text));
    return { opening, failure: undefined, took: performance.now() - started, trace };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { opening: undefined, failure: error, took: performance.now() - started, trace };
  } finally {
    end.cancel();
  }
}

/** Whether the router has the entry now. */
export function isOpen(target: TestRouter, entry: Entry = ENTRY): boolean {
  return target.lists.v4
    .entries()
    .some(
      ({ list, address, disabled }) =>
        list === entry.list && address === entry.address && !disabled,
    );
}
