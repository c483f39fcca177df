/** A router at home, and configurations for it: what the end-to-end tests share. */

import type { User } from '../../simulator/api/users';
import { certificates } from '../../simulator/certificates';
import type { RouterHere } from './world';

export const PASSWORD = 'Open-5esame';

const users: User[] = [
  { name: 'fwknop', password: PASSWORD, policies: ['api', 'write'] },
  { name: 'reader', password: PASSWORD, policies: ['api', 'write', 'read'] },
];

export const PLAIN_ROUTER: RouterHere = { port: 8728, users };

export function tlsRouter(): RouterHere {
  const { key, cert } = certificates().selfSigned;
  return { port: 8729, transport: { key, cert }, users };
}

/** The line of TOML that trusts tlsRouter() and nobody else. */
export function pinned(): string {
  return `fingerprint = "${certificates().selfSigned.fingerprint}"`;
}

/**
 * The text of a mikrotik.toml.
 *
 * @param settings lines that come before the router
 */
export function config(settings = '', { user = 'fwknop', trust = pinned() } = {}): string {
  return `${settings}
[[router]]
name = "home"
host = "127.0.0.1"
user = "${user}"
password = "${PASSWORD}"
${trust}
`;
}
