import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readAccessConf } from '../../../src/check/access-conf';
import { checkConfigs } from '../../../src/check/command';
import type { Finding } from '../../../src/check/output';
import { checkStanza, whyClosed, whyNotReached } from '../../../src/check/stanza';
import { makeFolder, writeAs } from '../../support/files';
import { leftOut } from '../../support/left-out';
import { lineOf } from '../../support/refusals';

const HEAD = '/usr/bin/fwknop-mikrotik';
const WORDS = '$SRC $PROTO $PORT $CLIENT_TIMEOUT';
const USUAL: Readonly<Record<string, string | null>> = {
  KEY_BASE64: Buffer.alloc(32, 'k').toString('base64'),
  HMAC_KEY_BASE64: Buffer.alloc(64, 'h').toString('base64'),
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
    'ok CMD_CYCLE_TIMER: default 30 s (when the client sends no -f)',
    'ok REQUIRE_SOURCE_ADDRESS: Y',
  ]);
  expect(command).toMatchObject({
    place: '/a:5',
    program: [HEAD],
    config: '/etc/fwknop/mikrotik.toml',
  });
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
  ['$SRC $PROTO $PORT $TIMEOUT', '$TIMEOUT is a Unix timestamp, no duration'],
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
    'not set: default-timeout applies when the client sends no -f',
    'write CMD_CYCLE_TIMER 30',
  ],
  [
    'CMD_CYCLE_TIMER',
    '0',
    'FAIL',
    'not a number of seconds, 1-8388608',
    'write CMD_CYCLE_TIMER 30',
  ],
  [
    'REQUIRE_SOURCE_ADDRESS',
    'N',
    'warn',
    "not Y: clients may omit their address (-s); fwknopd then trusts the packet's source address",
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
  ['fwknop-mikrotik x', true],
  ['/usr/bin/other $SRC', false],
  [null, false],
])('%s runs this program: %s', async (open, isOurs) => {
  expect((await judge({ CMD_CYCLE_OPEN: open })).command !== undefined).toBe(isOurs);
});

describe('variables', () => {
  const hint = "write the value itself; fwknopd's variables are $SRC $PROTO $PORT $CLIENT_TIMEOUT";

  test.each([
    [`--client $USERNAME ${WORDS}`, '$USERNAME'],
    [`--config /etc/$HOST.toml ${WORDS}`, '$HOST'],
    ['$SRC $PROTO $PORT $FW_TIMEOUT', '$FW_TIMEOUT'],
  ])('%s: fwknopd does not know one', async (args, variable) => {
    const { findings } = await judge({ CMD_CYCLE_OPEN: `${HEAD} ${args}` });
    const what = `fwknopd has no variable ${variable}: it passes the text ${variable.slice(1)}`;
    expect(troubles(findings)).toEqual([`FAIL CMD_CYCLE_OPEN: ${what}`]);
    expect(findings.find(({ status }) => status === 'FAIL')?.hint).toBe(hint);
  });

  test('one that fwknopd knows, in an option', async () => {
    const open = `${HEAD} --list FWKNOP_$PROTO ${WORDS}`;
    expect(troubles((await judge({ CMD_CYCLE_OPEN: open })).findings)).toEqual([
      'warn CMD_CYCLE_OPEN: a variable in an option: the client that knocks chooses the value',
    ]);
  });
});

test('no HMAC key', async () => {
  const { findings } = await judge({ HMAC_KEY_BASE64: null });
  expect(troubles(findings)).toEqual([
    'warn HMAC_KEY_BASE64: no HMAC key: fwknopd decrypts packets that nobody has authenticated',
  ]);
  expect(troubles((await judge({ HMAC_KEY_BASE64: null, HMAC_KEY: 'x' })).findings)).toEqual([]);
});

test.each(['FORWARD_ALL', 'FORCE_NAT', 'FORCE_MASQUERADE', 'ENABLE_CMD_EXEC', 'CMD_EXEC_USER'])(
  '%s does nothing',
  async (name) => {
    const { findings } = await judge({ [name]: 'Y' });
    expect(troubles(findings)).toEqual([`warn ${name}: without effect on a command`]);
    expect(findings.find(({ status }) => status === 'warn')?.hint).toBe('remove the line');
  },
);

describe('a stanza that no knock from the internet can use', () => {
  const NOW = new Date(2026, 10, 20, 12);
  const closedBy = (changes: Readonly<Record<string, string | null>>, source = 'ANY') =>
    whyClosed({ ...stanza(changes), source: { value: source, place: '/a:1' } }, NOW).map(told);

  test.each([
    [{ ACCESS_EXPIRE: '11/20/2026' }, ['ACCESS_EXPIRE: the stanza expired on 2026-11-20']],
    [{ ACCESS_EXPIRE: '1/2/2019' }, ['ACCESS_EXPIRE: the stanza expired on 2019-01-02']],
    [{ ACCESS_EXPIRE: '11/21/2026' }, []],
    [
      { ACCESS_EXPIRE_EPOCH: String(new Date(2026, 1, 3).getTime() / 1000) },
      ['ACCESS_EXPIRE_EPOCH: the stanza expired on 2026-02-03'],
    ],
    [{ ACCESS_EXPIRE_EPOCH: '4102444800' }, []],
    [{}, []],
  ])('%j', (changes, expected) => {
    expect(closedBy(changes)).toEqual(expected.map((text) => `FAIL ${text}`));
  });

  test.each([
    ['ANY', true],
    ['203.0.113.0/24', true],
    ['192.168.0.0/16, 203.0.113.7', true],
    ['192.168.0.0/16', false],
    ['192.168.0.0/255.255.0.0', false],
    ['192.168.0.0/15', true],
    ['10.1.2.3', false],
    ['10.0.0.0/8,172.16.0.0/12, 192.168.88.0/24 ,100.64.0.0/10', false],
    ['172.32.0.1', true],
    ['0.0.0.0/0', true],
    ['2001:db8::/32', true],
  ])('SOURCE %s: %s', (source, isOpen) => {
    expect(closedBy({}, source)).toHaveLength(isOpen ? 0 : 1);
  });
});

describe('the configuration that the line names', () => {
  const reads = async (file: string) =>
    (await judge({ CMD_CYCLE_OPEN: `${HEAD} --config ${file} ${WORDS}` })).command;

  test.each([
    ['the one that was checked', ['/etc/a'], []],
    ['another', ['/etc/b'], ['FAIL']],
    ['a relative one: fwknopd runs commands in /', ['etc/a'], []],
    ['the one that was checked, and another', ['/etc/a', '/etc/b'], ['warn']],
  ])('%s', async (_, files, marks) => {
    const commands = await Promise.all(files.map(reads));
    const findings = checkConfigs(
      commands.filter((command) => command !== undefined),
      ['/etc/a'],
    );
    expect(findings.map(({ status }) => status)).toEqual(marks);
    for (const { hint } of findings) {
      expect(hint).toBe('fwknop-mikrotik check --config /etc/b');
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

test.each<[string, Readonly<Record<string, string | null>>, string, boolean]>([
  ['the same keys', { CMD_CYCLE_OPEN: '/bin/true' }, 'ANY', true],
  ['another key', { KEY_BASE64: 'other' }, 'ANY', false],
  ['another HMAC key', { HMAC_KEY_BASE64: null }, 'ANY', false],
  ['the same keys for other sources', {}, '198.51.100.0/24', false],
  ['the same keys until yesterday', { ACCESS_EXPIRE: '11/20/2026' }, 'ANY', false],
])('an earlier stanza with %s', (_, changes, source, isTaken) => {
  const first = { ...stanza(changes), source: { value: source, place: '/a:1' } };
  const second = { ...stanza(), source: { value: 'ANY', place: '/a:9' } };
  const findings = whyNotReached(second, [first], new Date('2026-11-26T00:00:00Z'));
  expect(findings).toEqual(
    isTaken
      ? [
          {
            status: 'FAIL',
            step: 'keys',
            what: '/a:9: the stanza of /a:1 has the same keys and takes its packets',
            hint: 'remove that stanza, or give it other keys',
          },
        ]
      : [],
  );
});
