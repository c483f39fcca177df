/** The settings of the live suite, from environment variables: a command line would show in `ps`. */
import { readFileSync } from 'node:fs';
import { BadValue } from '../../src/common/values';
import { filledText, fingerprint, host, port, tlsMode } from '../../src/config/settings';
import type { Trust } from '../../src/router/router';

/** Users of the router by what they may do; the suite logs in as each. */
export const ROLES = ['writer', 'admin', 'elsewhere', 'noapi', 'mailer'] as const;
export type Role = (typeof ROLES)[number];

/** A need of a question beside the writer. */
export type Need = Exclude<Role, 'writer'> | 'closed-port' | 'rough' | 'tls';

/** How to give it. */
export const NEEDS: Readonly<Record<Need, string>> = {
  admin: 'FWKNOP_LIVE_ADMIN, a user with the policies api, read and write',
  elsewhere: 'FWKNOP_LIVE_ELSEWHERE, a user whose address= names another machine',
  noapi: 'FWKNOP_LIVE_NOAPI, a user without the policy api',
  mailer: 'FWKNOP_LIVE_MAILER, a user with the policies api and test, without write',
  'closed-port': 'FWKNOP_LIVE_CLOSED_PORT, the port of an API service that is disabled',
  rough: 'FWKNOP_LIVE_ROUGH=yes, for a router that may stumble, such as a CHR of your own',
  tls: 'FWKNOP_LIVE_TLS other than off',
};

export interface Login {
  readonly name: string;
  readonly password: string;
}

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly trust: Trust;
  /** Of the CAs to trust, for the executable. */
  readonly caFile: string | undefined;
  readonly users: Readonly<Partial<Record<Role, Login>>> & { readonly writer: Login };
  readonly closedPort: number | undefined;
  readonly rough: boolean;
  /** Where to write the report as well. */
  readonly report: string | undefined;
}

/** Something is missing or wrong; a line for each. */
export class BadSettings extends Error {}

const PREFIX = 'FWKNOP_LIVE_';
const OTHERS = 'HOST PORT TLS FINGERPRINT CA_FILE CLOSED_PORT ROUGH REPORT'.split(' ');

/** The names of a role's variables, without the prefix. */
function variablesOf(role: Role): { user: string; password: string; file: string } {
  const start = role === 'writer' ? '' : `${role.toUpperCase()}_`;
  const user = role === 'writer' ? 'USER' : role.toUpperCase();
  return { user, password: `${start}PASSWORD`, file: `${start}PASSWORD_FILE` };
}

/**
 * Reads the settings.
 *
 * @param environment an empty variable counts as one that is not there
 * @throws BadSettings with everything that is missing or wrong
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const wrong: string[] = [];
  const known = [...OTHERS, ...ROLES.flatMap((role) => Object.values(variablesOf(role)))];
  for (const name of Object.keys(environment).filter((key) => key.startsWith(PREFIX))) {
    if (!known.includes(name.slice(PREFIX.length))) wrong.push(`${name}: no such setting`);
  }

  /** A variable's value, or undefined when it is not there or wrong. */
  function take<T>(name: string, read: (value: unknown) => T): T | undefined {
    const value = environment[PREFIX + name];
    if (value === undefined || value === '') return undefined;
    try {
      return read(value);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      wrong.push(`${PREFIX}${name}: ${error instanceof BadValue ? message : (code ?? 'unfit')}`);
      return undefined;
    }
  }
  const isSet = (name: string) => (environment[PREFIX + name] ?? '') !== '';

  function login(role: Role): Login | undefined {
    const names = variablesOf(role);
    const name = take(names.user, filledText);
    const password = take(names.password, filledText) ?? take(names.file, passwordIn);
    if (!isSet(names.user)) return undefined;
    if (!isSet(names.password) && !isSet(names.file)) {
      wrong.push(`${PREFIX}${names.password} or ${PREFIX}${names.file}: missing`);
    }
    return name === undefined || password === undefined ? undefined : { name, password };
  }

  for (const name of ['HOST', 'USER']) if (!isSet(name)) wrong.push(`${PREFIX}${name}: missing`);
  const users = Object.fromEntries(ROLES.map((role) => [role, login(role)]));
  const mode = take('TLS', tlsMode) ?? 'verify';
  const pin = take('FINGERPRINT', fingerprint);
  const ca = take('CA_FILE', (path) => readFileSync(path as string, 'utf8'));
  const settings = {
    host: take('HOST', host) ?? '',
    port: take('PORT', port) ?? (mode === 'off' ? 8728 : 8729),
    trust: trustOf(mode, pin, ca),
    caFile: environment[`${PREFIX}CA_FILE`],
    users: users as Settings['users'],
    closedPort: take('CLOSED_PORT', port),
    rough: take('ROUGH', yes) ?? false,
    report: take('REPORT', filledText),
  };
  if (mode !== 'verify' && (isSet('FINGERPRINT') || isSet('CA_FILE'))) {
    wrong.push(`${PREFIX}TLS: a fingerprint or CA file goes with verify only`);
  }
  if (wrong.length > 0) throw new BadSettings(wrong.join('\n'));
  return settings;
}

/** Whether a question can be asked. */
export function has({ users, closedPort, rough, trust }: Settings, need: Need): boolean {
  if (need === 'closed-port') return closedPort !== undefined;
  if (need === 'rough') return rough;
  if (need === 'tls') return trust.mode !== 'off';
  return users[need] !== undefined;
}

function passwordIn(path: unknown): string {
  return filledText(readFileSync(path as string, 'latin1').replace(/\r?\n$/, ''));
}

function yes(value: unknown): boolean {
  if (value !== 'yes') throw new BadValue('expected yes');
  return true;
}

function trustOf(
  mode: ReturnType<typeof tlsMode>,
  pin: string | undefined,
  ca: string | undefined,
): Trust {
  if (mode !== 'verify') return { mode };
  return pin === undefined ? { mode, ca } : { mode: 'pinned', fingerprint: pin };
}
