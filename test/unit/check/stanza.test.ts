import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readAccessConf } from '../../../src/check/access-conf';
import { checkConfigs } from '../../../src/check/command';
import type { Finding } from '../../../src/check/output';
import { checkStanza, isOurs } from '../../../src/check/stanza';
import { makeFolder, writeAs } from '../../support/files';
import { leftOut } from '../../support/left-out';
import { lineOf } from '../../support/refusals';

const HEAD = '/usr/bin/fwknop-mikrotik';
const WORDS = '$SRC $PROTO $PORT $CLIENT_TIMEOUT';
const USUAL: Readonly<Record<string, string | null>> = {
  REQUIRE_SOURCE_ADDRESS: 'Y',
  CMD_CYCLE_OPEN: `${HEAD} ${WORDS}`,
  CMD_CYCLE_CLOSE: 'NONE',
  CMD_CYCLE_TIMER: '30',
};

function stanza(changes: Readonly<Record<string, string | null>> = {}) {
  const lines = Object.entries({ ...USUAL, ...changes })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}\n`);
  const text = `SOURCE ANY\n${lines.join('')}`;
  return readAccessConf('/a', { read: () => text, list: () => [] }).stanzas[0]!;
}

async function judge(changes: Readonly<Record<string, string | null>> = {}) {
  const { findings, command } = await checkStanza(stanza(changes));
  for (const finding of findings) lineOf({ what: finding.what, hint: finding.hint });
  return { findings, command };
}

const told = ({ status, step, what }: Finding) =>
  `${status} ${step}: ${what.replace(/^\/a:\d+: /, '')}`;
const troubles = (findings: readonly Finding[]) =>
  findings.filter(({ status }) => status !== 'ok').map(told);

test('the usual stanza is right', async () => {
  const { findings, command } = await judge();
  expect(findings.map(told)).toEqual([
    'ok CMD_CYCLE_OPEN: 58 of 255 characters, 4 of 27 arguments',
    'ok CMD_CYCLE_CLOSE: NONE',
    'ok CMD_CYCLE_TIMER: 30 s, for who asks for no time',
    'ok REQUIRE_SOURCE_ADDRESS: Y',
  ]);
  expect(command).toEqual({ place: '/a:3', program: [HEAD], config: '/etc/fwknop/mikrotik.toml' });
});

test.each([
  ['an interpreter before it', `/opt/node/bin/node --jitless /opt/bin/fwknop-mikrotik ${WORDS}`],
  ['a configuration', `${HEAD} --config /etc/fwknop/mikrotik.toml ${WORDS}`],
  ['$IP for $SRC', `${HEAD} $IP $PROTO $PORT $CLIENT_TIMEOUT`],
  ['a port of its own', `${HEAD} $SRC tcp 22 $CLIENT_TIMEOUT`],
  ['a time of its own', `${HEAD} $SRC $PROTO $PORT 60`],
  ['several spaces, and some at the end', `${HEAD}   $SRC $PROTO\t$PORT $CLIENT_TIMEOUT  `],
])('%s is right too', async (_, open) => {
  expect(troubles((await judge({ CMD_CYCLE_OPEN: open })).findings)).toEqual([]);
});

const OTHER = 'another variable, or more than one, stands for';

test.each([
  ['$SRC $PORT $PROTO $CLIENT_TIMEOUT', `${OTHER} <proto>, <port>`],
  ['$SRC $PROTO $CLIENT_TIMEOUT $PORT', `${OTHER} <port>, <timeout>`],
  ['$PKT_SRC $PROTO $PORT $CLIENT_TIMEOUT', `${OTHER} <src>`],
  ['"$SRC" $PROTO $PORT $CLIENT_TIMEOUT', `${OTHER} <src>`],
  ['$(SRC) $PROTO $PORT $CLIENT_TIMEOUT', `${OTHER} <src>`],
  ['$SRC $PROTO $PORT $TIMEOUT', '$TIMEOUT is the time of day at which access ends, no duration'],
  ['$SRC $PROTO $PORT', 'expected four arguments, <src> <proto> <port> <timeout>, got 3'],
  ['$SRC $PROTO 0 $CLIENT_TIMEOUT', 'port: not a number in 1-65535'],
  [`--dry-run ${WORDS}`, '--dry-run opens nothing'],
  ['--help', '--help opens nothing'],
  [`--nonsense ${WORDS}`, 'unknown option --nonsense'],
  [`--deadline 5m ${WORDS}`, '--deadline: expected a duration of 1s to 120s'],
])('%s is wrong', async (args, what) => {
  const { findings } = await judge({ CMD_CYCLE_OPEN: `${HEAD} ${args}` });
  expect(troubles(findings)).toEqual([`FAIL CMD_CYCLE_OPEN: ${what}`]);
});

describe('the length of the line', () => {
  /** A line of so many characters. */
  const long = (length: number, words = WORDS) => {
    const start = `${HEAD} --config /`;
    return `${start}${'x'.repeat(length - start.length - words.length - 1)} ${words}`;
  };

  test.each([
    ['255 characters are taken', long(255), []],
    ['256 are not', long(256), ['FAIL CMD_CYCLE_OPEN: 256 characters: fwknopd takes 255']],
    [
      'nor are 255 that grow past it',
      long(255, '$SRC tcp 22 30'),
      ['FAIL CMD_CYCLE_OPEN: 266 characters: fwknopd takes 255'],
    ],
    [
      'spaces at the end count',
      `${long(255)} `,
      ['FAIL CMD_CYCLE_OPEN: 256 characters: fwknopd takes 255'],
    ],
    [
      'more than 27 arguments are not passed',
      `/n ${'-x '.repeat(23)}${HEAD} ${WORDS}`,
      ['FAIL CMD_CYCLE_OPEN: 28 arguments: fwknopd passes 27'],
    ],
    ['27 are', `/n ${'-x '.repeat(22)}${HEAD} ${WORDS}`, []],
  ])('%s', async (_, open, expected) => {
    expect(troubles((await judge({ CMD_CYCLE_OPEN: open })).findings)).toEqual(expected);
  });
});

test('a password on the line is warned about, and not repeated', async () => {
  const open = `${HEAD} --routerip 192.0.2.1 --routeruser x --routerpass sugar-cane ${WORDS}`;
  const { findings } = await judge({ CMD_CYCLE_OPEN: open });
  expect(troubles(findings)).toEqual([
    'warn CMD_CYCLE_OPEN: fwknopd logs --routerpass on every knock',
    'warn CMD_CYCLE_OPEN: has router options, which win over the configuration: they were not tried here',
  ]);
  expect(JSON.stringify(findings)).not.toContain('sugar-cane');
});

const CLOSE_HINT = "write CMD_CYCLE_CLOSE NONE: the router's own timer closes";

test.each([
  ['CMD_CYCLE_CLOSE', null, 'FAIL', 'not set: fwknopd does not start without it', CLOSE_HINT],
  ['CMD_CYCLE_CLOSE', '__NONE__', 'FAIL', 'fwknopd would run it as a command', CLOSE_HINT],
  ['CMD_CYCLE_CLOSE', '/bin/close', 'FAIL', 'fwknopd would run it as a command', CLOSE_HINT],
  [
    'CMD_CYCLE_TIMER',
    null,
    'warn',
    'not set: who asks for no time gets default-timeout',
    'write CMD_CYCLE_TIMER 30',
  ],
  ['CMD_CYCLE_TIMER', '0', 'FAIL', 'no number of seconds, 1-8388608', 'write CMD_CYCLE_TIMER 30'],
  [
    'REQUIRE_SOURCE_ADDRESS',
    'N',
    'warn',
    'not Y: a client may leave its address to the packet, which anybody on the way can change',
    'write REQUIRE_SOURCE_ADDRESS Y',
  ],
  [
    'OPEN_PORTS',
    'tcp/22',
    'warn',
    'without effect on a command',
    'set services and max-timeout under [grant] in the configuration',
  ],
])('%s %s', async (step, value, status, what, hint) => {
  const { findings } = await judge({ [step]: value });
  expect(troubles(findings)).toEqual([`${status} ${step}: ${what}`]);
  expect(findings.find((finding) => finding.status !== 'ok')?.hint).toBe(hint);
});

test.each([
  [`${HEAD} ${WORDS}`, true],
  ['/usr/local/bin/fwknop-mikrotik x', true],
  ['/usr/bin/other $SRC', false],
  [null, false],
])('%s is ours: %s', (open, ours) => {
  expect(isOurs(stanza({ CMD_CYCLE_OPEN: open }))).toBe(ours);
});

describe('the configuration that the line names', () => {
  const reads = async (file: string) =>
    (await judge({ CMD_CYCLE_OPEN: `${HEAD} --config ${file} ${WORDS}` })).command;

  test.each([
    ['the one that was checked', ['/etc/a'], ['ok']],
    ['another', ['/etc/b'], ['FAIL']],
    ['a relative one: fwknopd runs commands in /', ['etc/a'], ['ok']],
    ['the one that was checked, and another', ['/etc/a', '/etc/b'], ['warn']],
  ])('%s', async (_, files, marks) => {
    const findings = checkConfigs(await Promise.all(files.map(reads)), '/etc/a');
    expect(findings.map(({ status }) => status)).toEqual(marks);
    for (const { status, hint } of findings) {
      expect(hint).toBe(status === 'ok' ? undefined : 'fwknop-mikrotik check --config /etc/b');
    }
  });
});

describe('stock fwknopd', () => {
  const FWKNOPD = '/usr/sbin/fwknopd';
  const isThere = existsSync(FWKNOPD) && process.geteuid?.() === 0;
  const testWith = isThere ? test : leftOut('fwknopd on a stanza', 'fwknop-server, and root');
  const path = join(makeFolder(), 'access.conf');
  const KEYS = {
    KEY_BASE64: Buffer.alloc(32, 'k').toString('base64'),
    HMAC_KEY_BASE64: Buffer.alloc(64, 'h').toString('base64'),
  };
  const long = (length: number) => `${HEAD} ${WORDS}`.padStart(length, '/');

  testWith.each([
    ['CMD_CYCLE_OPEN', long(255), true],
    ['CMD_CYCLE_OPEN', long(256), false],
    ['CMD_CYCLE_OPEN', `${long(255)} `, false],
    ['CMD_CYCLE_CLOSE', null, false],
    ['CMD_CYCLE_CLOSE', 'NONE ', true],
    ['CMD_CYCLE_TIMER', null, true],
    ['CMD_CYCLE_TIMER', '0', false],
    ['CMD_CYCLE_TIMER', '0x10', false],
    ['CMD_CYCLE_TIMER', '30 ', true],
    ['CMD_CYCLE_TIMER', '8388608', true],
    ['CMD_CYCLE_TIMER', '8388609', false],
  ])('judges %s %j as we do', async (name, value, isTaken) => {
    const settings = Object.entries({ ...KEYS, ...USUAL, [name]: value });
    const lines = settings.flatMap(([key, set]) => (set === null ? [] : [`${key} ${set}\n`]));
    writeAs(path, `SOURCE ANY\n${lines.join('')}`);
    const { status } = spawnSync(FWKNOPD, ['--exit-parse-config', '-f', '-a', path]);
    expect(status === 0).toBe(isTaken);
    const { findings } = await judge({ [name]: value });
    expect(findings.every(({ status }) => status !== 'FAIL')).toBe(isTaken);
  });
});
