/** Life under fwknopd: no environment, no stdin, one pipe that closes early, other files open. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { saying } from '../../simulator/faults';
import {
  downRouter,
  flags,
  NOBODYS_HOST,
  OPENED,
  ourRouter,
  ownFile,
  tlsFlags,
  transportOf,
} from '../support/router';
import { EXECUTABLE, line, run, WORDS } from '../support/run';
import { routerTable } from '../support/toml';
import { fileHolding, makePipe, pipeHolding, runAsFwknopd } from './as-fwknopd';
import { OPENED_TEXT, refusedText } from './says';

const DONE = line(OPENED_TEXT);

async function target(host?: string): Promise<{
  router: Awaited<ReturnType<typeof ourRouter>>;
  args: string[];
}> {
  const router = await ourRouter({ transport: transportOf('pinned'), ...(host && { host }) });
  return { router, args: [...flags(router), ...tlsFlags('pinned'), ...WORDS] };
}

test.concurrent('an opening: status, line, and the end of the pipe', async () => {
  const { router, args } = await target();
  const result = await runAsFwknopd(args);
  expect(result).toMatchObject({ status: 0, output: DONE });
  expect(result.pipeEnded).toBeLessThan(result.took + 1000);
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
});

test.concurrent('a failure: status, line, and the end of the pipe', async () => {
  const { router, args } = await target(NOBODYS_HOST);
  await router.close();
  const result = await runAsFwknopd(args);
  expect(result).toMatchObject({ status: 69, output: line(refusedText(NOBODYS_HOST)) });
  expect(result.pipeEnded).toBeLessThan(result.took + 1000);
});

/** A number as a key that looks like one. */
const inLetters = (index: number) =>
  `key-${[...String(index)].map((d) => 'abcdefghij'[+d]).join('')}`;

/** A configuration whose faults fill many lines. */
function faultyConfig(): string {
  const keys = Array.from({ length: 2000 }, (_, index) => `${inLetters(index)} = 1\n`);
  return ownFile('faulty.toml', keys.join(''));
}

test.concurrent.each([255, 100, 1, 0])('the pipe closes after %i bytes', async (reads) => {
  const { router, args } = await target();
  // Many lines before the last one.
  expect(await runAsFwknopd(['--verbose', ...args], { reads })).toMatchObject({ status: 0 });
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
  const faulty = await runAsFwknopd(['--config', faultyConfig(), ...WORDS], { reads });
  expect(faulty.status).toBe(78);
  expect(faulty.output.length).toBeGreaterThanOrEqual(reads);
});

test.concurrent.each([
  ['stdin, stdout and stderr closed', '<&- >&- 2>&-'],
  ['stdout closed', '<&- >&-'],
  ['stderr closed', '<&- 2>&-'],
  ['stdin open for writing only', '0>/dev/null'],
  ['stdout and stderr open for reading only', '<&- >&- 2>&- 1</dev/null 2</dev/null'],
  ['stderr on a full disk', '2>/dev/full'],
])('%s from the start', async (_, redirections) => {
  const { router, args } = await target(NOBODYS_HOST);
  expect(await runAsFwknopd(args, { redirections })).toMatchObject({ status: 0 });
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
  await router.close();
  expect(await runAsFwknopd(args, { redirections })).toMatchObject({ status: 69 });
});

describe('a full pipe that nobody reads does not hold it past its deadline', () => {
  const options = { full: true, command: ['/usr/bin/timeout', '-s', 'KILL', '6', EXECUTABLE] };

  test.concurrent('an opening', async () => {
    const { router, args } = await target();
    const running = runAsFwknopd(['--deadline', '2', ...args], options);
    expect(await running).toMatchObject({ status: 0, signal: null });
    expect(router.lists.v4.entries()).toMatchObject([OPENED]);
  });

  test.concurrent('many failures', async () => {
    const gone = await downRouter();
    const { host, port } = gone;
    const table = routerTable({ host, port, user: 'u', password: 'p', tls: 'off' });
    const config = ownFile('many.toml', `deadline = "2s"\n${table.repeat(20)}`);
    const result = await runAsFwknopd(['--config', config, ...WORDS], options);
    expect(result).toMatchObject({ status: 69, signal: null });
    expect(result.took).toBeLessThan(5000);
  });

  test.concurrent('an opening, and --verbose', async () => {
    const { router, args } = await target();
    const result = await runAsFwknopd(['--verbose', '--deadline', '3', ...args], options);
    expect(result).toMatchObject({ status: 0, signal: null });
    expect(router.lists.v4.entries()).toMatchObject([OPENED]);
  });

  // No option but --config: it reads them in another way then.
  test.concurrent('a failure, by the usual call', async () => {
    const running = runAsFwknopd(['--config', '/nonexistent', ...WORDS], options);
    expect(await running).toMatchObject({ status: 78, signal: null });
  });
});

describe('stdin is never read', () => {
  const BYTES = 'an SPA packet that is not for us\n';

  test.concurrent.each([
    ['a pipe', () => pipeHolding(BYTES)],
    ['a file', () => fileHolding('stdin', BYTES)],
  ])('%s', async (_, make) => {
    const { args } = await target();
    const stdin = make();
    expect(await runAsFwknopd(args, { stdin: stdin.file })).toMatchObject({ status: 0 });
    expect(stdin.unread()).toBe(BYTES);
  });

  test.concurrent('a TCP socket', async () => {
    const { args } = await target();
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const sender = connect(port, '127.0.0.1');
    const [socket]: Socket[] = await once(server, 'connection');
    sender.write(BYTES);
    expect(await runAsFwknopd(args, { stdin: socket! })).toMatchObject({ status: 0 });
    const [bytes] = await Promise.all([once(socket!, 'data'), socket!.resume()]);
    expect(String(bytes)).toBe(BYTES);
    for (const end of [sender, socket!, server]) 'destroy' in end ? end.destroy() : end.close();
  });

  // Its own socket is what fwknopd leaves there when it runs as a daemon.
  test.concurrent('a UDP socket', async () => {
    const { args } = await target();
    const peer = createSocket('udp4').bind(0, '127.0.0.1');
    await once(peer, 'listening');
    peer.on('message', (_, from) => peer.send(BYTES, from.port, from.address));
    const script =
      'port=$1; shift; exec 5<>/dev/udp/127.0.0.1/$port; echo hello >&5; ' +
      'env -i "$@" <&5 || exit; timeout 4 dd bs=1500 count=1 status=none <&5';
    const result = await run(args, {
      command: ['/bin/bash', '-c', script, 'bash', String(peer.address().port), EXECUTABLE],
    });
    expect(result).toMatchObject({ status: 0, stderr: DONE, stdout: BYTES });
    peer.close();
  });
});

test.concurrent('files that it was left with stay as they are', async () => {
  const { args } = await target();
  const { readEnd, writeEnd } = makePipe();
  // As many as it takes to reach numbers that Node does not look at.
  const leaked = [readEnd, ...Array.from({ length: 20 }, () => writeEnd)];
  const result = await runAsFwknopd(args, { leaked });
  expect(result).toMatchObject({ status: 0, output: DONE });
  expect(result.pipeEnded).toBeLessThan(result.took + 1000);
});

test.concurrent('signals that fwknopd ignores or blocks do not matter', async () => {
  const { args } = await target();
  const script = 'trap \'\' HUP INT TERM CHLD PIPE ALRM USR1 USR2; exec env -i "$@"';
  const host = args.map((word) => (word === '127.0.0.1' ? 'localhost' : word));
  const result = await run(host, { command: ['/bin/bash', '-c', script, 'bash', EXECUTABLE] });
  expect(result).toMatchObject({ status: 0, stderr: DONE.replace('127.0.0.1', 'localhost') });
});

test.concurrent('an environment of every sort changes nothing (2.6.11 passes its own)', async () => {
  const { args } = await target();
  const env = {
    LANG: 'de_DE.UTF-8',
    LC_ALL: 'tr_TR.UTF-8',
    HOME: '/nonexistent',
    TERM: 'xterm-256color',
    FORCE_COLOR: '3',
    COLUMNS: '20',
    NODE_ENV: 'production',
    NODE_PATH: '/nonexistent',
    NODE_NO_WARNINGS: '0',
    NODE_PENDING_DEPRECATION: '1',
    ENV: 'testing',
    DEBUG: '*',
    TZ: 'Mars/Olympus',
    CREDENTIALS_DIRECTORY: '/nonexistent',
    // A warning that is on its way before the program begins.
    NODE_OPTIONS: `--require=${ownFile('early.js', "process.emitWarning('early')")}`,
    http_proxy: 'http://192.0.2.1:3128',
    https_proxy: 'http://192.0.2.1:3128',
    PATH: '/usr/bin:/bin',
  };
  expect(await run(args, { env })).toMatchObject({ status: 0, stdout: '', stderr: DONE });
});

test.concurrent('the pipe stays usable for whoever else writes to it', async () => {
  // O_NONBLOCK would belong to the open file, and so to fwknopd's other commands as well.
  const { args } = await target();
  const script = 'env -i "$@" || exit; grep -h flags /proc/self/fdinfo/2 >&2';
  const result = await run(args, { command: ['/bin/sh', '-c', script, 'sh', EXECUTABLE] });
  expect(result).toMatchObject({ status: 0 });
  const mode = Number.parseInt(/flags:\s+(\d+)/.exec(result.stderr)?.[1] ?? '', 8);
  expect(mode & 0o4000).toBe(0);
});

test.concurrent('a router that drips does not hold the pipe past the deadline', async () => {
  const router = await ourRouter({
    faults: [
      { at: 'add', how: { ...saying(''), forever: { bytes: () => Buffer.of(0), every: 50 } } },
    ],
  });
  const args = [...flags(router), ...tlsFlags('plain'), '--deadline', '2', ...WORDS];
  const result = await runAsFwknopd(args);
  expect(result.status).toBe(75);
  expect(result.took).toBeLessThan(4000);
  expect(result.pipeEnded).toBeLessThan(5000);
});
