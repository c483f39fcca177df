/** A router at home, and configurations for it: what the end-to-end tests share. */

import { usersWith } from '../../simulator/api/server';
import { certificates } from '../../simulator/certificates';
import { routerTable } from '../support/toml';
import type { RouterHere } from './world';

export const PASSWORD = 'Open-5esame';

const users = usersWith(PASSWORD);

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
  const router = { name: 'home', host: '127.0.0.1', user, password: PASSWORD };
  return `${settings}
${routerTable(router, trust)}`;
}
