/** The exit status: a way to each, over every transport; 0 means that the router has the entry. */
import { networkInterfaces } from 'node:os';
import type { RouterOptions } from '../../simulator/api/server';
import { type Fault, fatal, saying, trap } from '../../simulator/faults';
import { leftOut } from '../support/left-out';
import {
  downRouter,
  flags,
  OPENED,
  ourRouter,
  tlsFlags,
  transportOf,
  WAYS,
} from '../support/router';
import { EXECUTABLE, run, said, WORDS } from '../support/run';
import { networkless } from './name-servers';
import { testInNamespace } from './namespace';
import {
  BAD_PORT_TEXT,
  MAY_BE_OPEN_HINT,
  OPENED_TEXT,
  refusedText,
  silentText,
  UNCONFIRMED_TEXT,
} from './says';

const HTTP = 'HTTP/1.0 400 Bad Request\r\n\r\n';

const at = (stage: Fault['at'], how: Fault['how']): RouterOptions => ({
  faults: [{ at: stage, how }],
});

interface Case {
  readonly name: string;
  readonly status: number;
  readonly says: string;
  /** The state of the router; healthy, if left out. */
  readonly router?: RouterOptions;
  readonly args?: readonly string[];
  readonly words?: readonly string[];
  readonly user?: string;
}

/** None of these leaves an entry on the router. */
const FAILS: readonly Case[] = [
  {
    name: 'a bad argument',
    status: 64,
    says: BAD_PORT_TEXT,
    words: ['198.51.100.7', '6', '0', '30'],
  },
  {
    name: 'no answer to the login',
    status: 69,
    says: silentText('login'),
    router: at('login', saying('')),
    args: ['--deadline', '2'],
  },
  {
    name: 'no answer to the add',
    status: 75,
    says: UNCONFIRMED_TEXT,
    router: at('add', saying('')),
    args: ['--deadline', '3'],
  },
  {
    name: 'a refused add',
    status: 76,
    says: '127.0.0.1: the router refused the add: failure: out of memory',
    router: at('add', trap('failure: out of memory')),
  },
  {
    name: 'a !fatal',
    status: 76,
    says: `127.0.0.1: the router ended the session: shutting down; ${MAY_BE_OPEN_HINT}`,
    router: at('add', fatal('shutting down')),
  },
  {
    name: 'another protocol',
    status: 76,
    says: '127.0.0.1: not the RouterOS API: a reply that does not begin with !',
    router: at('login', saying(HTTP, 'fin')),
  },
  {
    name: 'a refused login',
    status: 77,
    says: "127.0.0.1: login refused: invalid user name or password (6); hint: check user and password, and the user's Allowed Address on the router",
    user: 'nobody',
  },
  {
    name: 'no policy write',
    status: 77,
    says: "127.0.0.1: the router refused the add: not enough permissions (9); hint: give the user's group the policy write",
    user: 'looker',
  },
  {
    name: 'a configuration that is not there',
    status: 78,
    says: '/nonexistent/mikrotik.toml: no such file; hint: fwknop-mikrotik init writes one',
    args: ['--config', '/nonexistent/mikrotik.toml'],
  },
];

test.concurrent.each(WAYS)('%s: 0: the add is confirmed', async (way) => {
  const router = await ourRouter({ transport: transportOf(way) });
  const result = await run([...flags(router), ...tlsFlags(way), ...WORDS]);
  expect(result).toMatchObject(said(0, OPENED_TEXT));
  const [entry, ...others] = router.lists.v4.entries();
  expect(entry).toMatchObject(OPENED);
  expect(entry?.secondsLeft).toBeGreaterThan(20);
  expect(entry?.secondsLeft).toBeLessThanOrEqual(30);
  expect(others).toEqual([]);
  expect(router.lists.v6.entries()).toEqual([]);
});

// In one table, so that jest lets one wait while another runs.
const FAILS_EACH_WAY = WAYS.flatMap((way) =>
  FAILS.map((one) => [way, one.status, one.name, one] as const),
);

test.concurrent.each(FAILS_EACH_WAY)('%s: %i: %s', async (way, status, _name, one) => {
  const router = await ourRouter({ transport: transportOf(way), ...one.router });
  const args = [...flags(router, one.user), ...tlsFlags(way), ...(one.args ?? [])];
  const result = await run([...args, ...(one.words ?? WORDS)]);
  expect(result).toMatchObject(said(status, one.says));
  expect(result.stderr.length).toBeLessThanOrEqual(200);
  expect(router.lists.v4.entries()).toEqual([]);
});

test.concurrent('69: nobody listens', async () => {
  const router = await downRouter();
  const result = await run([...flags(router), ...tlsFlags('plain'), ...WORDS]);
  expect(result).toMatchObject(said(69, refusedText(router.host)));
});

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
const withIpv6 = hasIpv6 ? test : leftOut('a router at ::1', 'IPv6 on the loopback interface');

withIpv6.concurrent.each(['plain', 'ca-file'] as const)('0: the router is ::1, %s', async (way) => {
  const router = await ourRouter({ host: '::1', transport: transportOf(way) });
  const result = await run([...flags(router), ...tlsFlags(way), ...WORDS]);
  expect(result).toMatchObject(said(0, OPENED_TEXT.replace('127.0.0.1', '::1')));
});

testInNamespace('the test of an unreachable network').concurrent('69: no way there', async () => {
  const args = [...flags({ host: '192.0.2.1', port: 8728 }), ...tlsFlags('plain')];
  const nowhere = await run([...args, '--deadline=2', ...WORDS], {
    command: networkless([], [EXECUTABLE]),
  });
  expect(nowhere).toMatchObject({ status: 69, stdout: '' });
  expect(nowhere.stderr).toMatch(
    /^fwknop-mikrotik: 192\.0\.2\.1: network unreachable; hint: [^\n]+\n$/,
  );
  expect(nowhere.took).toBeLessThan(4000);
});

test.concurrent('0: an IPv6 source goes to the IPv6 list, in its shortest form', async () => {
  const router = await ourRouter();
  const words = ['2001:DB8:0:0::00c7', 'udp', '51820', '7200'];
  const result = await run([...flags(router), ...tlsFlags('plain'), ...words]);
  const opened = '127.0.0.1: opened udp/51820 to 2001:db8::c7 (FWKNOP_17_51820) for 2h';
  expect(result).toMatchObject(said(0, opened));
  expect(router.lists.v6.entries()).toMatchObject([
    { list: 'FWKNOP_17_51820', address: '2001:db8::c7/128', comment: 'fwknop' },
  ]);
  expect(router.lists.v4.entries()).toEqual([]);
});

test.concurrent('0: a timeout of 0 becomes the default, never an entry without an end', async () => {
  const router = await ourRouter();
  const result = await run([
    ...flags(router),
    ...tlsFlags('plain'),
    ...['198.51.100.7', 'tcp', '22', '0'],
  ]);
  expect(result).toMatchObject(said(0, OPENED_TEXT));
  const [entry] = router.lists.v4.entries();
  expect(entry?.secondsLeft).toBeGreaterThan(20);
  expect(entry?.secondsLeft).toBeLessThanOrEqual(30);
});
