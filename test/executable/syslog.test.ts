/** The system's log gets the line of stderr, with facility, tag and level; and a log that fails does no harm. */
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { RouterOptions } from '../../simulator/api/server';
import { trap } from '../../simulator/faults';
import { leftOut } from '../support/left-out';
import {
  flags,
  OPENED,
  ourRouter,
  ownFile,
  ownFolder,
  ownPath,
  PASSWORD,
  tlsFlags,
} from '../support/router';
import { EXECUTABLE, line, run, WORDS } from '../support/run';
import { until } from '../support/wait';
import { makePipe, runAsFwknopd } from './as-fwknopd';
import { devWith, fileInPlaceOf, inNamespace, nodeHidden, testInNamespace } from './namespace';
import { BAD_PORT_TEXT, OPENED_TEXT, PASSWORD_WARNING } from './says';

const { concurrent } = testInNamespace('the tests of the system log');

/** syslog(3): facility daemon is 3, times 8, and the level. */
const DAEMON = { err: 27, warning: 28, notice: 29 } as const;

const closers: (() => void)[] = [];
afterAll(() => {
  for (const close of closers) close();
});

interface Log {
  readonly path: string;
  /** The logged message: priority, tag and text. */
  readonly messages: (readonly [priority: number, tag: string, text: string])[];
}

/** A system log; logger(1) takes a stream where there is no datagram socket. */
async function startLog(): Promise<Log> {
  const path = ownPath('log');
  const messages: [number, string, string][] = [];
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding('latin1').on('data', (more) => {
      text += more;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        messages.push(parse(text.slice(0, end)));
        text = text.slice(end + 1);
      }
    });
  });
  chmodSync(ownFolder(), 0o711); // an opening logs as nobody
  server.listen({ path, writableAll: true });
  await once(server, 'listening');
  closers.push(() => server.close());
  return { path, messages };
}

/** Reads `<29>Jan  1 00:00:00 tag: text`. */
function parse(message: string): [number, string, string] {
  const form = /^<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d ([^\s:[]+)(?:\[\d+\])?: (.*)$/;
  const [, priority, tag = '', text = message] = form.exec(message) ?? [];
  return [Number(priority), tag, text];
}

/** Runs against a router, with a log of its own; gives the run and what was logged. */
async function logged(
  args: readonly string[],
  options: RouterOptions = {},
  command: readonly string[] = [EXECUTABLE],
) {
  const router = await ourRouter(options);
  const log = await startLog();
  const result = await run([...flags(router), ...tlsFlags('plain'), ...args, ...WORDS], {
    command: inNamespace([devWith(log.path)], command),
  });
  return { router, result, log };
}

concurrent('an opening is a notice', async () => {
  const { result, log } = await logged([]);
  expect(result).toMatchObject({ status: 0, stderr: line(OPENED_TEXT), stdout: '' });
  await until('the log', () => log.messages.length > 0);
  expect(log.messages).toEqual([[DAEMON.notice, 'fwknop-mikrotik', OPENED_TEXT]]);
});

const withBusybox = existsSync('/usr/bin/busybox')
  ? concurrent
  : leftOut("an opening with busybox's logger", 'busybox').concurrent;

withBusybox("busybox's logger understands the options", async () => {
  // With -s it repeats on stderr the line that it logs.
  const notes = ownFile('busybox.notes', '', 0o666);
  const script = `#!/bin/sh\nexec busybox logger -s "$@" 2>${notes}\n`;
  chmodSync(ownFolder(), 0o711); // it runs as nobody
  const setUp = [fileInPlaceOf('/usr/bin/logger', ownFile('busybox.logger', script, 0o755))];
  const router = await ourRouter();
  const args = [...flags(router), ...tlsFlags('plain'), ...WORDS];
  const result = await run(args, { command: inNamespace(setUp) });
  expect(result).toMatchObject({ status: 0, stderr: line(OPENED_TEXT) });
  await until('the note', () => readFileSync(notes, 'utf8') !== '');
  expect(readFileSync(notes, 'utf8')).toBe(line(OPENED_TEXT));
});

concurrent('a failure is an error', async () => {
  const options: RouterOptions = { faults: [{ at: 'add', how: trap('failure: <0>%s\x1b[2J\n') }] };
  const { result, log } = await logged([], options);
  const text = '127.0.0.1: the router refused the add: failure: <0>%s?[2J?';
  expect(result).toMatchObject({ status: 76, stderr: line(text) });
  await until('the log', () => log.messages.length > 0);
  expect(log.messages).toEqual([[DAEMON.err, 'fwknop-mikrotik', text]]);
});

concurrent('an opening whose e-mail failed is a warning', async () => {
  const { result, log } = await logged(['--email', 'me@example.com']);
  const text = `${OPENED_TEXT}; no e-mail: not enough permissions (9)`;
  expect(result).toMatchObject({ status: 0, stderr: line(text) });
  await until('the log', () => log.messages.length > 0);
  expect(log.messages).toEqual([[DAEMON.warning, 'fwknop-mikrotik', text]]);
});

concurrent('a password among the arguments is warned about once, and not logged', async () => {
  const router = await ourRouter();
  const log = await startLog();
  const { host, port } = router;
  const target = ['--routerip', host, '--routerport', String(port), '--routeruser', 'fwknop'];
  const result = await run([...target, '--routerpass', PASSWORD, '--tls', 'off', ...WORDS], {
    command: inNamespace([devWith(log.path)]),
  });
  expect(result).toMatchObject({ status: 0, stderr: line(OPENED_TEXT) + line(PASSWORD_WARNING) });
  await until('the log', () => log.messages.length > 1);
  // Each level has a logger of its own, so either line may arrive first.
  expect([...log.messages].sort()).toEqual([
    [DAEMON.warning, 'fwknop-mikrotik', PASSWORD_WARNING],
    [DAEMON.notice, 'fwknop-mikrotik', OPENED_TEXT],
  ]);
});

concurrent('that there is no Node.js is an error', async () => {
  const log = await startLog();
  const result = await run(WORDS, { command: inNamespace([nodeHidden(), devWith(log.path)]) });
  expect(result.status).toBe(78);
  await until('the log', () => log.messages.length > 0);
  expect(log.messages).toEqual([
    [
      DAEMON.err,
      'fwknop-mikrotik',
      expect.stringMatching(/^Node\.js not found; hint: .*full path \(PATH=\/\S*\)$/),
    ],
  ]);
});

concurrent('that there is nothing to run is an error', async () => {
  const log = await startLog();
  const folder = ownPath('bare');
  mkdirSync(folder);
  const launcher = join(folder, 'fwknop-mikrotik');
  copyFileSync(EXECUTABLE, launcher);
  const result = await run(WORDS, { command: inNamespace([devWith(log.path)], [launcher]) });
  const text = 'dist is missing or damaged; hint: npm ci builds it';
  expect(result).toMatchObject({ status: 78, stderr: line(text) });
  await until('the log', () => log.messages.length > 0);
  expect(log.messages).toEqual([[DAEMON.err, 'fwknop-mikrotik', text]]);
});

concurrent('what is refused before any connection is logged too', async () => {
  const log = await startLog();
  const command = inNamespace([devWith(log.path)]);
  const bad = await run(['198.51.100.7', '6', '0', '30'], { command });
  expect(bad).toMatchObject({ status: 64, stderr: line(BAD_PORT_TEXT) });
  const missing = await run(['--config', '/nonexistent', ...WORDS], { command });
  expect(missing).toMatchObject({
    status: 78,
    stderr: line('/nonexistent: no such file; hint: fwknop-mikrotik init writes one'),
  });
  await until('the log', () => log.messages.length > 1);
  expect(log.messages).toEqual([
    [DAEMON.err, 'fwknop-mikrotik', BAD_PORT_TEXT],
    [
      DAEMON.err,
      'fwknop-mikrotik',
      '/nonexistent: no such file; hint: fwknop-mikrotik init writes one',
    ],
  ]);
});

/** Gives a command a terminal for all three streams; what is written to it comes out on stdout. */
function onTerminal(words: readonly string[]): readonly string[] {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return ['/usr/bin/script', '-qec', quoted.join(' '), '/dev/null'];
}

describe('--syslog', () => {
  /** Waits until a second run has logged: then the first would have, too. */
  const settled = async (log: Log) => {
    const marker = ['--syslog', 'on', '198.51.100.7', '6', '0', '30'];
    await run(marker, { command: inNamespace([devWith(log.path)]) });
    await until('the marker', () => log.messages.some(([, , text]) => text === BAD_PORT_TEXT));
    return log.messages.filter(([, , text]) => text !== BAD_PORT_TEXT);
  };

  concurrent.each([
    ['off', 0],
    ['on', 1],
    ['auto', 1],
  ] as const)('%s, with stderr a pipe', async (mode, count) => {
    const { result, log } = await logged(['--syslog', mode]);
    expect(result).toMatchObject({ status: 0, stderr: line(OPENED_TEXT) });
    expect(await settled(log)).toHaveLength(count);
  });

  concurrent.each([
    ['off', 0],
    ['on', 1],
    ['auto', 0],
  ] as const)('%s, with stderr a terminal', async (mode, count) => {
    const router = await ourRouter();
    const log = await startLog();
    const args = [...flags(router), ...tlsFlags('plain'), '--syslog', mode, ...WORDS];
    const words = [...inNamespace([devWith(log.path)]), ...args];
    const result = await run([], { command: onTerminal(words) });
    expect(result).toMatchObject({ status: 0, stdout: line(OPENED_TEXT).replace('\n', '\r\n') });
    expect(await settled(log)).toHaveLength(count);
  });

  concurrent.each([
    ['off, on a line with another fault', ['--tls=maybe', '--syslog', 'off', ...WORDS], 64, 0],
    ['off, on a line with an unknown option', ['--syslog=off', '-x', ...WORDS], 64, 0],
    ['on, on a line with another fault', ['--syslog=on', '--tls=maybe', ...WORDS], 64, 1],
    ['a mode that is none', ['--syslog=of', ...WORDS], 64, 1],
    ['off, in a file with another fault', ['--config', 'FILE', ...WORDS], 78, 0],
  ])('%s', async (_, words, status, count) => {
    const log = await startLog();
    const faulty = ownFile('faulty.toml', 'syslog = "off"\ndeadline = "soon"\n');
    const args = words.map((word) => (word === 'FILE' ? faulty : word));
    const result = await run(args, { command: inNamespace([devWith(log.path)]) });
    expect(result.status).toBe(status);
    expect(await settled(log)).toHaveLength(count);
  });

  concurrent('in the file, and the flag wins over it', async () => {
    const log = await startLog();
    const router = await ourRouter();
    const config = ownFile('mikrotik.toml', 'syslog = "off"\n');
    const command = inNamespace([devWith(log.path)]);
    const args = ['--config', config, ...flags(router), ...tlsFlags('plain')];
    expect(await run([...args, ...WORDS], { command })).toMatchObject({ status: 0 });
    expect(await run([...args, '--syslog', 'on', ...WORDS], { command })).toMatchObject({
      status: 0,
    });
    expect(await settled(log)).toHaveLength(1);
  });
});

describe('whatever becomes of logger, the outcome stays, and nobody keeps the pipe', () => {
  /** A logger that writes down what it was given, and does not end by itself. */
  const stuckLogger = () => {
    chmodSync(ownFolder(), 0o711); // it runs as nobody
    const notes = ownFile('notes', '', 0o666);
    const script = [
      '#!/bin/sh',
      `{ echo "pid $$"; env; ls -l /proc/$$/fd; echo done; } >${notes} 2>&1`,
      'exec sleep 60',
    ];
    const logger = ownFile('logger', `${script.join('\n')}\n`, 0o755);
    /** Waits for its notes, and ends it. */
    const end = async () => {
      const read = () => readFileSync(notes, 'utf8');
      await until('the stuck logger', () => read().endsWith('done\n'));
      const text = read();
      process.kill(Number(/^pid (\d+)$/m.exec(text)?.[1]));
      return text;
    };
    return { setUp: fileInPlaceOf('/usr/bin/logger', logger), end };
  };

  const knock = async (setUp: readonly string[], leaked: readonly number[] = []) => {
    const router = await ourRouter();
    const args = [...flags(router), ...tlsFlags('plain'), ...WORDS];
    const result = await runAsFwknopd(args, { command: inNamespace(setUp), leaked });
    expect(result).toMatchObject({ status: 0, output: line(OPENED_TEXT) });
    expect(router.lists.v4.entries()).toMatchObject([OPENED]);
    return result;
  };

  concurrent('it never ends', async () => {
    const { setUp, end } = stuckLogger();
    const { took, pipeEnded } = await knock([setUp]);
    expect(pipeEnded).toBeLessThan(took + 1000);
    expect(await end()).not.toContain('-pipe');
  });

  concurrent('it never ends, and fwknopd left it many files', async () => {
    const { setUp, end } = stuckLogger();
    const { writeEnd } = makePipe();
    const leaked = Array.from({ length: 24 }, () => writeEnd);
    const { took, pipeEnded } = await knock([setUp], leaked);
    expect(pipeEnded).toBeLessThan(took + 1000);
    expect(await end()).not.toContain('-pipe');
  });

  concurrent('it fails at once', async () => {
    const logger = ownFile('logger', '#!/bin/sh\nexit 1\n', 0o755);
    await knock([fileInPlaceOf('/usr/bin/logger', logger)]);
  });

  concurrent('it may not be run', async () => {
    await knock([fileInPlaceOf('/usr/bin/logger', ownFile('logger', '', 0o644))]);
  });

  concurrent('there is no /dev/log', async () => {
    await knock([devWith()]);
  });

  concurrent('there is no logger', async () => {
    const router = await ourRouter();
    const bin = ownPath('bin');
    const setUp = [
      `mkdir -p ${bin}`,
      `mount -t tmpfs -o mode=755 tmpfs ${bin}`,
      `: >${bin}/node; mount --bind ${process.execPath} ${bin}/node`,
      `: >${bin}/env; mount --bind /usr/bin/env ${bin}/env`,
      `mount --rbind ${bin} /usr/bin`,
    ];
    const args = [...flags(router), ...tlsFlags('plain'), '--syslog', 'on', ...WORDS];
    const result = await run(args, {
      command: inNamespace(setUp, ['/usr/bin/node', EXECUTABLE]),
    });
    expect(result).toMatchObject({ status: 0, stderr: line(OPENED_TEXT) });
    const named = args.map((word) => (word === '127.0.0.1' ? 'localhost' : word));
    expect(
      await run(named, { command: inNamespace(setUp, ['/usr/bin/node', EXECUTABLE]) }),
    ).toMatchObject({
      status: 69,
      stderr: line(
        'localhost: not reachable: getent is not installed; hint: use its IP address as host',
      ),
    });
  });

  concurrent(
    'hardly a file may be opened: it opens and says so, or fails and says so',
    async () => {
      const limited = (count: number) => [
        ...['/bin/sh', '-c', `ulimit -n ${count}; exec env -i "$@"`, 'sh', EXECUTABLE],
      ];
      // Below this, Node itself does not get as far as our first line.
      let fewest = 14;
      while ((await run(['--version'], { command: limited(fewest) })).status !== 0) fewest += 1;
      const counts = Array.from({ length: 8 }, (_, index) => fewest + index);
      const statuses = await Promise.all(
        counts.map(async (count) => {
          const router = await ourRouter();
          const args = [...flags(router), ...tlsFlags('plain'), ...WORDS];
          const { status, stderr } = await run(args, { command: limited(count) });
          const isOpen = router.lists.v4.entries().length > 0;
          expect(stderr).toMatch(/^fwknop-mikrotik: [^\n]*\n$/);
          expect([isOpen, isOpen ? stderr : '', status === 0]).toEqual([
            isOpen,
            isOpen ? line(OPENED_TEXT) : '',
            isOpen,
          ]);
          return status;
        }),
      );
      // The limit was met, and then it was not.
      expect(statuses).toContain(0);
    },
  );
});
