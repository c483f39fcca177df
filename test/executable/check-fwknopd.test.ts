/** `check` on fwknopd's side: access.conf, the program as fwknopd runs it, and the system's log. */
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { writeAs } from '../support/files';
import { leftOut } from '../support/left-out';
import { ourRouter, ownFile, ownFolder, ownPath } from '../support/router';
import { EXECUTABLE, type Run, type Surroundings } from '../support/run';
import { NODE } from '../support/shipped';
import { about, accessConf, type Changes, check, configuration, from, steps } from './check-set-up';
import { devWith, inNamespace, nodeHidden, testInNamespace } from './namespace';

const WORDS = '$SRC $PROTO $PORT $CLIENT_TIMEOUT';
const FWKNOPD = '/usr/sbin/fwknopd';
const hasVerdict = existsSync(FWKNOPD) && process.geteuid?.() === 0;
const OFF = ['syslog = "off"'];

let config: string;
beforeAll(async () => {
  const router = await ourRouter();
  config = configuration([{ router, lines: ['tls = "off"'] }], [...OFF, 'deadline = 2']);
});

const checkWith = (changes: Changes, mode = 0o600): Promise<Run> =>
  check(config, ['--access-conf', accessConf(config, changes, mode)]);

/** Another program of our name, in a folder of its own. */
function program(text: string, mode = 0o755): string {
  const folder = mkdtempSync(join(ownFolder(), 'program-'));
  return writeAs(join(folder, 'fwknop-mikrotik'), text, mode);
}

/** The lines that are not ok; the modes of a checkout are its owner's affair. */
function troubles(result: Run): string[] {
  return about('fwknopd', result).filter(
    (text, index, lines) =>
      !/^ok /.test(text) &&
      !/others than root can change it|^hint: chown root /.test(text) &&
      !/^(?:warn|skip) {2}(?:syslog|verdict)/.test(text) &&
      !/^warn {2}(?:syslog|verdict)/.test(lines[index - 1] ?? ''),
  );
}

test('all is well', async () => {
  const result = await checkWith({});
  expect(result.status).toBe(0);
  expect(troubles(result)).toEqual([]);
  expect(steps('fwknopd', result).filter((step) => step.startsWith('ok '))).toEqual([
    'ok access.conf',
    'ok CMD_CYCLE_OPEN',
    'ok CMD_CYCLE_CLOSE',
    'ok CMD_CYCLE_TIMER',
    'ok REQUIRE_SOURCE_ADDRESS',
    'ok program',
    'ok configuration',
    ...(hasVerdict ? ['ok verdict'] : []),
  ]);
});

test.concurrent.each([
  ['is not there', undefined, 'no such file', undefined],
  ['may be read by others', 0o644, 'holds a secret that others may read', 'chmod go='],
  ['may be written by others', 0o620, 'may be written by others', 'chmod go-w'],
])('access.conf %s', async (_, mode, why, mend) => {
  const path = mode === undefined ? ownPath('none') : accessConf(config, {}, mode);
  const result = await check(config, ['--access-conf', path]);
  expect(result.status).toBe(78);
  const [what, hint] = from('access.conf', 'fwknopd', result);
  expect(what).toMatch(new RegExp(`^FAIL  access.conf: .*: ${why}$`));
  if (mend !== undefined) expect(hint).toContain(`hint: ${mend}`);
});

test('no line of ours', async () => {
  const result = await checkWith({ CMD_CYCLE_OPEN: '/bin/true $SRC' });
  expect(result.status).toBe(78);
  expect(steps('fwknopd', result).slice(0, 3)).toEqual([
    'ok access.conf',
    'FAIL CMD_CYCLE_OPEN',
    'skip program',
  ]);
});

test('a file that is included, beside an ordinary stanza', async () => {
  const folder = mkdtempSync(join(ownFolder(), 'included-'));
  const inner = accessConf(config);
  const outer = ownFile(
    'outer.conf',
    `%include ${inner}\nSOURCE 198.51.100.7\nKEY_BASE64 ${'QUJD'.repeat(8)}\n%include_folder ${folder}\n`,
  );
  const result = await check(config, ['--access-conf', outer]);
  expect(about('fwknopd', result)[0]).toMatch(/, 2 stanzas$/);
  expect(from('CMD_CYCLE_OPEN', 'fwknopd', result)[0]).toContain(
    `ok    CMD_CYCLE_OPEN: ${inner}:5:`,
  );
  expect(steps('fwknopd', result)).toContain('warn stanza');
});

test('the line names another configuration', async () => {
  const other = configuration([]);
  const result = await checkWith({
    CMD_CYCLE_OPEN: `${NODE} ${EXECUTABLE} --config ${other} ${WORDS}`,
  });
  expect(result.status).toBe(78);
  expect(from('configuration', 'fwknopd', result).slice(0, 2)).toEqual([
    expect.stringMatching(/^FAIL .*, which was not checked$/),
    `hint: fwknop-mikrotik check --config ${other}`,
  ]);
});

test('a password on the line is not repeated', async () => {
  const open = `${NODE} ${EXECUTABLE} --config ${config} --routerpass Melasse ${WORDS}`;
  const result = await checkWith({ CMD_CYCLE_OPEN: open });
  expect(result.status).toBe(0);
  expect(troubles(result)[0]).toMatch(/fwknopd logs --routerpass/);
  expect(result.stdout).not.toContain('Melasse');
});

describe('the program', () => {
  const runs = (head: string) =>
    checkWith({ CMD_CYCLE_OPEN: `${head} --config ${config} ${WORDS}` });

  test.concurrent('that gives its interpreter options by env -S: it runs', async () => {
    const result = await runs(program('#!/usr/bin/env -S sh -e\necho 0.1.0\n'));
    expect(from('program', 'fwknopd', result)[0]).toMatch(/^ok .*runs with an empty environment$/);
  });

  test.concurrent.each([
    [
      'relative',
      () => 'bin/fwknop-mikrotik',
      'no absolute path, and fwknopd has no PATH to look in',
    ],
    ['an interpreter without a path', () => `node ${EXECUTABLE}`, 'node: no absolute path, and'],
    ['missing', () => '/nowhere/fwknop-mikrotik', '/nowhere/fwknop-mikrotik: no such file'],
    ['a folder', () => mkdtempSync(join(ownFolder(), 'fwknop-mikrotik')), 'no such file'],
    ['not executable', () => program('#!/bin/sh\necho 0.1.0\n', 0o644), 'not executable'],
    ['of a missing interpreter', () => program('#!/nowhere/node\n'), '/nowhere/node is missing'],
    [
      'of an interpreter that a PATH alone would find',
      () => program('#!/usr/bin/env nowhere-at-all\n'),
      'nowhere-at-all is in neither /usr/bin nor /bin, and fwknopd has no PATH to look in',
    ],
    ['that fails', () => program('#!/bin/sh\nexit 1\n'), 'does not run with an empty environment'],
    [
      'that says why',
      () =>
        program('#!/bin/sh\necho "fwknop-mikrotik: no \x1b there; hint: get one" >&2; exit 78\n'),
      'fwknop-mikrotik: no ? there',
    ],
    ['that is another', () => program('#!/bin/sh\necho hello\n'), 'does not run with an empty env'],
    ['that hangs', () => program('#!/bin/sh\nexec sleep 60\n'), 'does not run with an empty env'],
    [
      'that leans on the environment',
      () => program('#!/bin/sh\n[ -n "$HOME" ] && echo 0.1.0\n'),
      'does not run with an empty environment',
    ],
  ])('%s', async (_, head, why) => {
    const result = await runs(head());
    expect(result.status).toBe(78);
    const [what, mend] = from('program', 'fwknopd', result);
    expect(what).toMatch(/^FAIL {2}program: /);
    expect(what).toContain(why);
    expect(mend).toMatch(/^hint: /);
    expect(result.took).toBeLessThan(10_000);
  });

  testInNamespace('the test of a Node.js that is nowhere').concurrent(
    'without its Node.js',
    async () => {
      const open = `${EXECUTABLE} --config ${config} ${WORDS}`;
      const node = ownPath('node');
      copyFileSync(process.execPath, node);
      const result = await check(
        config,
        ['--access-conf', accessConf(config, { CMD_CYCLE_OPEN: open })],
        {
          command: inNamespace([nodeHidden()], [node, EXECUTABLE]),
        },
      );
      expect(result.status).toBe(78);
      expect(from('program', 'fwknopd', result).slice(0, 2)).toEqual([
        expect.stringMatching(/^FAIL {2}program: .*: Node\.js not found$/),
        expect.stringMatching(
          /^hint: name it before the program, by its full path \(PATH=\/\S*\)$/,
        ),
      ]);
    },
  );

  test('of another version', async () => {
    const result = await runs(program('#!/bin/sh\necho 9.9.9\n'));
    expect(result.status).toBe(0);
    expect(from('program', 'fwknopd', result)[0]).toMatch(/^ok .* version 9\.9\.9, runs/);
    expect(steps('fwknopd', result)).toContain('warn program');
  });

  test('that others may change', async () => {
    const path = program('#!/bin/sh\necho 0.1.0\n', 0o777);
    const result = await runs(path);
    expect(result.status).toBe(0);
    expect(result.stdout).toContain(
      `warn  fwknopd: program: ${path}: others than root can change it, and fwknopd runs it as root\n`,
    );
  });
});

const testWithFwknopd = hasVerdict ? test : leftOut("fwknopd's verdict", 'fwknop-server, and root');

describe("fwknopd's own verdict", () => {
  testWithFwknopd.each([
    ['a key that is none', { KEY_BASE64: 'Melasse!' }],
    ['a key that was not put in', { HMAC_KEY_BASE64: '__CHANGEME__' }],
    ['no CMD_CYCLE_CLOSE', { CMD_CYCLE_CLOSE: null }],
    ['a line that is too long', { CMD_CYCLE_OPEN: `/bin/fwknop-mikrotik ${'x'.repeat(250)}` }],
  ])('%s', async (_, changes: Changes) => {
    const result = await checkWith(changes);
    expect(result.status).toBe(78);
    expect(from('verdict', 'fwknopd', result)[0]).toBe(
      'FAIL  verdict: fwknopd refuses its configuration',
    );
    expect(result.stdout).not.toContain('Melasse');
  });
});

describe('the system log', () => {
  const { concurrent } = testInNamespace('check of the system log');
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.close();
  });

  async function checkIn(dev: string, lines: readonly string[]): Promise<Run> {
    const router = await ourRouter();
    const toml = configuration([{ router, lines: ['tls = "off"'] }], lines);
    const surroundings: Surroundings = { command: inNamespace([dev]) };
    return check(toml, [], surroundings);
  }

  concurrent('is reached, and gets a line of level debug', async () => {
    mkdirSync(ownFolder(), { recursive: true });
    const path = ownPath('log');
    let log = '';
    const server = createServer((socket) => {
      socket.setEncoding('latin1').on('data', (text) => {
        log += text;
      });
    });
    servers.push(server);
    server.listen(path);
    await once(server, 'listening');
    const result = await checkIn(devWith(path), []);
    expect(result.status).toBe(0);
    expect(from('syslog', 'fwknopd', result)[0]).toMatch(/^ok {4}syslog: reached/);
    expect(log).toMatch(/^<31>.* fwknop-mikrotik(?:\[\d+\])?: check: the system log is reached\n$/);
  });

  concurrent('is not there', async () => {
    const result = await checkIn(devWith(), []);
    expect(result.status).toBe(78);
    expect(from('syslog', 'fwknopd', result)).toEqual([
      'FAIL  syslog: not reached: a failed opening will be told of nowhere',
      'hint: start the system log (/dev/log), or say syslog = "off"',
    ]);
  });

  concurrent('is not wanted', async () => {
    const result = await checkIn(devWith(), OFF);
    expect(result.status).toBe(0);
    expect(from('syslog', 'fwknopd', result)[0]).toMatch(/^warn {2}syslog: off in/);
  });
});
