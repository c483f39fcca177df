/** Routers with the users of the tests, and the flags that lead to them. */
import { join } from 'node:path';
import {
  type RouterOptions,
  startRouter,
  type TestRouter,
  type Transport,
  usersWith,
} from '../../simulator/api/server';
import type { User } from '../../simulator/api/users';
import { certificates } from '../../simulator/certificates';
import { makeFolder, writeAs } from './files';

/** Like no other text here: wherever it shows up, it was leaked. */
export const PASSWORD = 'Zuckerrohr~17"&\'x';

export const OUR_USERS: User[] = [
  ...usersWith(PASSWORD),
  { name: 'looker', password: PASSWORD, policies: ['api', 'read'] },
];

/** The entry that the executable makes for WORDS. */
export const OPENED = {
  list: 'FWKNOP_6_22',
  address: '198.51.100.7',
  comment: 'fwknop',
  disabled: false,
  dynamic: true,
};

/** Ways to speak to a router: what it offers, and the flags that suit it. */
export const WAYS = ['plain', 'ca-file', 'pinned', 'insecure', 'anonymous'] as const;
export type Way = (typeof WAYS)[number];

export function transportOf(way: Way): Transport {
  if (way === 'plain' || way === 'anonymous') return way;
  const { leaf, selfSigned } = certificates();
  return way === 'ca-file' ? leaf : selfSigned;
}

export function tlsFlags(way: Way): readonly string[] {
  const { ca, selfSigned } = certificates();
  switch (way) {
    case 'plain':
      return ['--tls', 'off'];
    case 'ca-file':
      return ['--ca-file', ca.certPath];
    case 'pinned':
      return ['--fingerprint', selfSigned.fingerprint];
    case 'insecure':
    case 'anonymous':
      return ['--tls', way];
  }
}

const started: TestRouter[] = [];
const folder = makeFolder();
let secret: string | undefined;
let paths = 0;

afterAll(async () => {
  await Promise.all(started.map((router) => router.close()));
});

/** A router of ours; it is closed when the test file ends. */
export async function ourRouter(options: RouterOptions = {}): Promise<TestRouter> {
  const router = await startRouter({ users: OUR_USERS, ...options });
  started.push(router);
  return router;
}

/** Where no other test listens: who stops listening here leaves a port that stays closed. */
export const NOBODYS_HOST = '127.0.0.8';

/** A router that is down. */
export async function downRouter(): Promise<TestRouter> {
  const router = await ourRouter({ host: NOBODYS_HOST });
  await router.close();
  return router;
}

/** The flags that lead to a router, with the password in a file. */
export function flags(router: { host: string; port: number }, user = 'fwknop'): readonly string[] {
  const target = ['--routerip', router.host, '--routerport', String(router.port)];
  return [...target, '--routeruser', user, '--password-file', passwordFile()];
}

/** The directory of this test file's own files; it is gone when the test file ends. */
export function ownFolder(): string {
  return folder;
}

/** A path in that directory that nothing has yet. */
export function ownPath(name: string): string {
  paths += 1;
  return join(folder, `${paths}-${name}`);
}

/** Writes a file there, closed to others. Returns its path. */
export function ownFile(name: string, text: string | Buffer, mode = 0o600): string {
  return writeAs(ownPath(name), text, mode);
}

export function passwordFile(): string {
  secret ??= ownFile('password', `${PASSWORD}\n`);
  return secret;
}
