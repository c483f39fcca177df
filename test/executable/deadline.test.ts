/** The deadline: whatever is silent, the process is gone in time, with the right status. */
import type { Fault } from '../../simulator/faults';
import { drip, fatal, late, saying, trap } from '../../simulator/faults';
import {
  flags,
  OPENED,
  ourRouter,
  ownFile,
  tlsFlags,
  transportOf,
  type Way,
} from '../support/router';
import { EXECUTABLE, line, type Run, run, said, WORDS } from '../support/run';
import { routerTable } from '../support/toml';
import { networkless, withDeafNameServers } from './name-servers';
import { fileInPlaceOf, testInNamespace } from './namespace';
import { HAS_TEXT, OPENED_TEXT, silentText, UNCONFIRMED_TEXT } from './says';
import { type Answer, runOnTerminal, testOnTerminal } from './terminal';

/** Milliseconds that a busy machine may be late. */
const SLACK = 1800;

const silence = saying('');
const dripped = drip(Buffer.alloc(0), () => Buffer.of(0), 20);
const unfinished = drip(Buffer.of(0x7f), () => Buffer.from('!'), 20);

interface Case {
  readonly at: Fault['at'];
  readonly how: Fault['how'];
  readonly way: Way;
  readonly status: number;
  readonly says: string;
}

/** The status is 69 before the add was sent, and 75 afterwards. */
const CASES: readonly Case[] = [
  ...(['plain', 'pinned'] as const).flatMap((way): Case[] => [
    {
      at: 'connect',
      how: silence,
      way,
      status: 69,
      says: silentText(way === 'plain' ? 'login' : 'TLS handshake'),
    },
    {
      at: 'login',
      how: silence,
      way,
      status: 69,
      says: silentText('login'),
    },
    {
      at: 'login',
      how: dripped,
      way,
      status: 69,
      says: silentText('login'),
    },
    {
      at: 'add',
      how: silence,
      way,
      status: 75,
      says: UNCONFIRMED_TEXT,
    },
    {
      at: 'add',
      how: unfinished,
      way,
      status: 75,
      says: UNCONFIRMED_TEXT,
    },
    {
      at: 'add',
      how: late(60_000),
      way,
      status: 75,
      says: UNCONFIRMED_TEXT,
    },
  ]),
  {
    at: 'tls',
    how: silence,
    way: 'pinned',
    status: 69,
    says: silentText('TLS handshake'),
  },
  {
    at: 'tls',
    // A TLS record that never ends.
    how: drip(Buffer.from('1603034000', 'hex'), () => Buffer.of(0), 20),
    way: 'pinned',
    status: 69,
    says: silentText('TLS handshake'),
  },
];

function inTime({ took }: Run, seconds: number): void {
  expect(took).toBeGreaterThan(seconds * 1000 - 200);
  expect(took).toBeLessThan(seconds * 1000 + SLACK);
}

// First, since it takes longest.
test.concurrent('10 seconds, if nothing is said', async () => {
  const router = await ourRouter({ faults: [{ at: 'connect', how: silence }] });
  const result = await run([...flags(router), ...tlsFlags('plain'), ...WORDS]);
  expect(result.status).toBe(69);
  inTime(result, 10);
});

test.concurrent.each(CASES.map((one, index) => [one.way, one.at, index, one] as const))(
  '%s, stuck at %s (%i)',
  async (way, at, _index, { how, status, says }) => {
    const router = await ourRouter({ transport: transportOf(way), faults: [{ at, how }] });
    // It must have had the time to get there.
    const seconds = at === 'login' || at === 'add' ? 2 : 1;
    const args = [...flags(router), ...tlsFlags(way), '--deadline', `${seconds}s`, ...WORDS];
    const result = await run(args);
    expect(result).toMatchObject(said(status, says));
    inTime(result, seconds);
    expect(router.adds).toBe(at === 'add' ? 1 : 0);
  },
);

const ASKED = { list: OPENED.list, address: OPENED.address };

test.concurrent('the address is there, and then silence at the print', async () => {
  const router = await ourRouter({ faults: [{ at: 'print', how: silence }] });
  router.addEntry({ ...ASKED, timeout: '10s' });
  const args = [...flags(router, 'reader'), ...tlsFlags('plain'), '--deadline', '2', ...WORDS];
  const result = await run(args);
  const text = `${HAS_TEXT}; no answer in time (print)`;
  expect(result).toMatchObject(said(0, text));
  inTime(result, 2);
});

test.concurrent('the address is there, and then silence at the e-mail', async () => {
  const router = await ourRouter({ faults: [{ at: 'send', how: silence }] });
  const email = ['--email', 'me@example.com', '--deadline', '2'];
  const result = await run([...flags(router, 'admin'), ...tlsFlags('plain'), ...email, ...WORDS]);
  expect(result).toMatchObject(said(0, `${OPENED_TEXT}; no e-mail: no answer in time (send)`));
  inTime(result, 2);
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
});

test.concurrent('the address is there, and then a million rows, in a heap of 48 MB', async () => {
  const router = await ourRouter({ faults: [{ at: 'print', how: flood() }] });
  router.addEntry({ ...ASKED, timeout: '10s' });
  const args = [...flags(router, 'reader'), ...tlsFlags('plain'), '--deadline', '5', ...WORDS];
  const env = { NODE_OPTIONS: '--max-old-space-size=48' };
  const result = await run(args, { env });
  expect(result).toMatchObject({ status: 0, signal: null, stdout: '' });
  expect(result.stderr).toMatch(/^fwknop-mikrotik: 127\.0\.0\.1: already has [^\n]*\n$/);
});

/** A list without an end: a million rows, and no `!done`. */
function flood(): Fault['how'] {
  const row = ['!re', '=.id=*1', '=list=FWKNOP_6_22', '=address=192.0.2.1'];
  const rows = Array.from({ length: 1000 }, () => row);
  return {
    carriedOut: false,
    reply: ({ frame }) => Buffer.concat(new Array<Buffer>(1000).fill(frame(rows))),
  };
}

test.concurrent('a deadline in the file counts for all routers together', async () => {
  const routers = await Promise.all(
    [1, 2, 3].map(() => ourRouter({ faults: [{ at: 'login', how: silence }] })),
  );
  const tables = routers.map(({ host, port }) =>
    routerTable({ host, port, user: 'fwknop', password: 'x', tls: 'off' }),
  );
  const config = ownFile('deadline.toml', `deadline = "1s"\n${tables.join('')}`);
  const result = await run(['--config', config, ...WORDS]);
  const text = line(silentText('login'));
  expect(result).toMatchObject({ status: 69, stderr: text.repeat(3) });
  inTime(result, 1);
});

const onTerminal = testOnTerminal('the test of a stopped terminal').concurrent;

onTerminal('a terminal that Ctrl-S has stopped is not waited for', async () => {
  const router = await ourRouter({});
  const args = [...flags(router), ...tlsFlags('plain'), '--verbose', ...WORDS];
  const program = ['sh', '-c', 'echo ready; sleep 1; exec "$@"', 'sh', EXECUTABLE];
  const stop: Answer = ['ready', '\u0013'];
  const { status, screen } = await runOnTerminal(args, [stop], '/', program);
  expect(status).toBe(0);
  expect(screen).not.toContain('opened');
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
});

test.concurrent.each([
  ['a !fatal', fatal('shutting down')],
  ['a trap', trap('failure: no')],
  ['HTTP', saying('HTTP/1.0 400 Bad Request\r\n\r\n')],
])('%s is not waited for', async (_, how) => {
  const router = await ourRouter({ faults: [{ at: 'add', how }] });
  const result = await run([...flags(router), ...tlsFlags('plain'), '--deadline=1m', ...WORDS]);
  expect(result.status).toBe(76);
  expect(result.took).toBeLessThan(30_000); // Of the minute; a busy machine may take its time.
});

const inNetwork = testInNamespace('the tests of name look-up').concurrent;

test.concurrent.each(['plain', 'ca-file'] as const)('a host name, %s', async (way) => {
  const router = await ourRouter({ transport: transportOf(way) });
  const args = flags({ host: 'localhost', port: router.port });
  const result = await run([...args, ...tlsFlags(way), ...WORDS]);
  const opened = 'localhost: opened tcp/22 to 198.51.100.7 (FWKNOP_6_22) for 30s';
  expect(result).toMatchObject(said(0, opened));
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
});

inNetwork('a host name that does not exist', async () => {
  const hosts = fileInPlaceOf('/etc/resolv.conf', ownFile('resolv.conf', '', 0o644));
  const args = flags({ host: 'router.invalid', port: 8728 });
  const result = await run([...args, ...tlsFlags('plain'), '--deadline', '5', ...WORDS], {
    command: networkless([hosts], [EXECUTABLE]),
  });
  const text = 'router.invalid: not reachable: name not found; hint: use its IP address as host';
  expect(result).toMatchObject(said(69, text));
});

inNetwork.each(['', '-x STREAM', 'router.example STREAM'])(
  'a host name, and a lookup without an address: "%s"',
  async (output) => {
    // With the name alone Node would begin a lookup of its own, which nothing can stop.
    const getent = ownFile('getent', `#!/bin/sh\necho '${output}'\n`, 0o755);
    const args = [...flags({ host: 'router.example', port: 8728 }), ...tlsFlags('plain')];
    const result = await run([...args, '--deadline', '5', ...WORDS], {
      command: networkless([fileInPlaceOf('/usr/bin/getent', getent)], [EXECUTABLE]),
    });
    const text = 'router.example: not reachable: name not found; hint: use its IP address as host';
    expect(result).toMatchObject(said(69, text));
  },
);

/** A lookup whose child holds the pipes open for a minute. */
const lastingGetent = () =>
  fileInPlaceOf('/usr/bin/getent', ownFile('getent', '#!/bin/sh\nsleep 60 &\n', 0o755));

inNetwork('a host name, and a lookup that leaves a process behind', async () => {
  const args = [...flags({ host: 'router.example', port: 8728 }), ...tlsFlags('plain')];
  const result = await run([...args, '--deadline', '1', ...WORDS], {
    command: networkless([lastingGetent()], [EXECUTABLE]),
  });
  expect(result).toMatchObject(said(69, 'router.example: no answer in time (name lookup)'));
  inTime(result, 1);
});

inNetwork('check, and a lookup that leaves a process behind', async () => {
  const router = `[[router]]\nhost = "router.example"\nuser = "fwknop"\npassword = "x"\n`;
  const config = ownFile('lookup.toml', `deadline = 1\n${router}`);
  const result = await run(['check', '--config', config], {
    command: networkless([lastingGetent()], [EXECUTABLE]),
  });
  expect(result.stdout).toContain('router.example: name: no answer in time (name lookup)');
  expect(result.took).toBeLessThan(10_000);
});

inNetwork('a host name, and dead name servers', async () => {
  const args = flags({ host: 'router.example', port: 8728 });
  const { result, asked, left } = await withDeafNameServers([
    ...args,
    ...tlsFlags('plain'),
    '--deadline',
    '1',
    ...WORDS,
  ]);
  expect(result).toMatchObject(said(69, 'router.example: no answer in time (name lookup)'));
  inTime(result, 1);
  expect(asked).toBeGreaterThan(0);
  expect(left).toEqual([]);
});
