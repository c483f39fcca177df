/** `client` on an installed access.conf: its own stanzas change, whole, and nobody else's. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { USAGE } from '../../src/client/usage';
import { MARKER_END } from '../../src/common/fwknopd';
import { writeAs } from '../support/files';
import { leftOut } from '../support/left-out';
import { ownPath } from '../support/router';
import { EXECUTABLE, line, run } from '../support/run';
import { testAsRoot } from '../support/users';
import { EtcFwknop, edit, makeSetup, systemd, testWithFwknop, testWithSystemd } from './etc-fwknop';

const OWN = `SOURCE 198.51.100.7\nKEY_BASE64 ${'QUJD'.repeat(8)}\nOPEN_PORTS tcp/22\n`;

let setup: string;
beforeAll(async () => {
  setup = await makeSetup('--service=udp/51820', '--name=home');
});

/** An /etc/fwknop with the client phone, between stanzas of somebody's own. */
async function installed(): Promise<EtcFwknop> {
  const etc = new EtcFwknop();
  etc.write('access.conf', OWN);
  expect(await etc.run(['install', setup, '--files-only'])).toMatchObject({ status: 0 });
  etc.write('access.conf', `${etc.read('access.conf')}# the end\n${OWN}`);
  return etc;
}

function home(): string {
  const path = ownPath('home');
  mkdirSync(path);
  return path;
}

const keysIn = (text: string): string[] =>
  [...text.matchAll(/^(?:HMAC_)?KEY_BASE64 +(\S+)$/gm)].map(([, key = '']) => key);

test('--help', async () => {
  expect(await run(['client', '--help'])).toMatchObject({ status: 0, stdout: USAGE, stderr: '' });
});

test.each([
  [[], 'client: expected add, list or remove'],
  [['rm', 'phone'], 'client: expected add, list or remove'],
  [['add'], 'client add takes one name'],
  [['add', 'a', 'b'], 'client add takes one name'],
  [['list', 'a'], 'client list takes no name'],
  [['remove', 'a', '--out=x'], '--out: cannot be combined with remove'],
  [['add', 'Phone'], 'NAME: expected a name of 1 to 20 characters'],
  [['add', '../x'], 'NAME: expected a name of 1 to 20 characters'],
  [['add', 'a', '--service=tcp/0', '--server=::1'], '--service: expected services'],
])('%p is refused', async (args, why) => {
  const { status, stderr } = await run(['client', ...args]);
  expect(status).toBe(64);
  expect(stderr).toContain(why);
});

describe('add', () => {
  testWithFwknop(
    'gives a client keys and a stanza; its files are the only other place',
    async () => {
      const etc = await installed();
      const before = etc.read('access.conf');
      const cwd = home();
      const { status, stdout, stderr } = await etc.run(['client', 'add', 'laptop'], { cwd });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(`ok    client: laptop: added; its keys are in ${cwd}/laptop`);
      expect(stdout).toMatch(/^ {6}hint: .*service fwknop-server restart$/m);
      expect(stdout).toContain('  fwknop -n home-ssh\n');

      expect(readdirSync(join(cwd, 'laptop'))).toEqual(['fwknoprc', 'phone.svg']);
      expect(statSync(join(cwd, 'laptop')).mode & 0o7777).toBe(0o700);
      for (const name of ['fwknoprc', 'phone.svg']) {
        expect(statSync(join(cwd, 'laptop', name)).mode & 0o7777).toBe(0o600);
      }
      const rc = readFileSync(join(cwd, 'laptop', 'fwknoprc'), 'utf8');
      expect(rc).toMatch(/^\[home-wireguard\]\nSPA_SERVER +fw\.example\.com$/m);
      const keys = [...new Set(keysIn(rc))];
      expect(keys).toHaveLength(2);
      for (const key of keys) expect(stdout).not.toContain(key);

      const [[key, hmacKey], after] = [keys, etc.read('access.conf')];
      const stanza = `
# client laptop
SOURCE                   ANY
KEY_BASE64               ${key}
HMAC_KEY_BASE64          ${hmacKey}
REQUIRE_SOURCE_ADDRESS   Y
CMD_CYCLE_OPEN           ${EXECUTABLE} --client laptop $SRC $PROTO $PORT $CLIENT_TIMEOUT
CMD_CYCLE_CLOSE          NONE
CMD_CYCLE_TIMER          30
`;
      expect(after).toBe(before.replace(MARKER_END, `${stanza}${MARKER_END}`));
      expect(etc.read('access.conf~')).toBe(OWN);
      expect(statSync(join(etc.path, 'access.conf')).mode & 0o7777).toBe(0o600);
    },
  );

  testWithFwknop('takes another directory, server and services', async () => {
    const etc = await installed();
    const out = ownPath('out');
    const options = ['--server=198.51.100.1', '--service=tcp/443', '--service=tcp/80'];
    const { status } = await etc.run(['client', 'add', 'tv', '--out', out, ...options]);
    expect(status).toBe(0);
    const rc = readFileSync(join(out, 'fwknoprc'), 'utf8');
    expect(rc.match(/^(?:\[.*|SPA_SERVER .*)$/gm)).toEqual([
      '[home-https]',
      'SPA_SERVER               198.51.100.1',
      '[home-http]',
      'SPA_SERVER               198.51.100.1',
    ]);
  });

  testWithFwknop(
    'warns of services that are not granted, and of a grant that is wider',
    async () => {
      const etc = await installed();
      const add = (name: string, ...options: string[]) =>
        etc.run(['client', 'add', name, '--out', ownPath(name), ...options]);
      expect((await add('a')).stdout).not.toMatch(/warn {2}client: a: /);
      expect((await add('b', '--service=tcp/22', '--service=tcp/2222')).stdout).toMatch(
        /^warn {2}client: b: tcp\/2222 is not granted\n {6}hint: add it to services in mikrotik\.toml$/m,
      );
      const tables = '[client.a]\nservices = ["tcp/22"]\n[client.d]\nservices = ["tcp/443"]\n';
      etc.write('mikrotik.toml', `${etc.read('mikrotik.toml')}\n${tables}`);
      expect((await add('c')).stdout).toMatch(
        /^warn {2}client: c: .* this one gets all of \[grant\]\n {6}hint: .* \[client\.c\]$/m,
      );
      const granted = await add('d', '--service=tcp/443');
      expect(granted.stdout).not.toMatch(/warn {2}client: d: /);
    },
  );

  testWithFwknop('gives the files to the user who called sudo', async () => {
    const etc = await installed();
    const out = ownPath('out');
    const uid = process.geteuid?.() === 0 ? 1234 : 0;
    await etc.run(['client', 'add', 'tv', '--out', out], { env: [`SUDO_UID=${uid}`] });
    for (const path of [out, join(out, 'fwknoprc'), join(out, 'phone.svg')]) {
      expect(statSync(path).uid).toBe(uid === 0 ? process.geteuid?.() : uid);
    }
  });

  testWithFwknop.each<[string, string[], (etc: EtcFwknop) => void, number, RegExp]>([
    ['a name that exists', ['phone'], () => undefined, 64, /phone: this client exists/],
    [
      'a name that a stanza elsewhere has',
      ['tv'],
      (etc) =>
        etc.write(
          'access.conf',
          `${etc.read('access.conf')}CMD_CYCLE_OPEN /usr/bin/fwknop-mikrotik --client tv $SRC 6 22 9\n`,
        ),
      64,
      /tv: this client exists/,
    ],
    [
      'a directory that exists',
      ['tv', '--out=/etc/fwknop'],
      () => undefined,
      78,
      /\/etc\/fwknop: exists already; hint: name another: --out DIR/,
    ],
    [
      'a directory in none',
      ['tv', '--out=/nowhere/at/all'],
      () => undefined,
      78,
      /\/nowhere\/at\/all: cannot be written: ENOENT/,
    ],
    [
      'an access.conf without markers',
      ['tv'],
      (etc) => etc.write('access.conf', OWN),
      78,
      /has no lines between fwknop-mikrotik's markers; hint: fwknop-mikrotik install/,
    ],
    [
      'an access.conf with half of the markers',
      ['tv'],
      (etc) => edit(join(etc.path, 'access.conf'), MARKER_END, '#'),
      78,
      /access\.conf: expected one .* found markers in line 5;/,
    ],
    [
      'an access.conf without the comments',
      ['tv'],
      (etc) => edit(join(etc.path, 'access.conf'), /^# server .*\n/m, ''),
      64,
      /no line "# server \.\.\." .*; hint: say --server HOST/,
    ],
  ])('refuses %s', async (_, args, spoil, expected, why) => {
    const etc = await installed();
    spoil(etc);
    const before = etc.files();
    const cwd = home();
    const { status, stderr } = await etc.run(['client', 'add', ...args], { cwd });
    expect(stderr).toMatch(why);
    expect(status).toBe(expected);
    expect(etc.files()).toEqual(before);
    expect(readdirSync(cwd)).toEqual([]);
  });

  testWithFwknop('that cannot write access.conf leaves no keys', async () => {
    const etc = await installed();
    const before = etc.files();
    const cwd = home();
    const more = ['mount -o remount,bind,ro /etc/fwknop'];
    const { status, stderr } = await etc.run(['client', 'add', 'tv'], { cwd, more });
    expect(status).toBe(78);
    expect(stderr).toMatch(/access\.conf: cannot be written: EROFS/);
    expect(readdirSync(cwd)).toEqual([]);
    expect(etc.files()).toEqual(before);
  });

  const withTerminal = existsSync('/usr/bin/script')
    ? testWithFwknop
    : leftOut('client add on a terminal', 'the Debian package bsdutils');

  withTerminal('draws the QR code on a terminal', async () => {
    const etc = await installed();
    const command = `${EXECUTABLE} client add tv`;
    const program = ['/usr/bin/script', '--quiet', '--return', '--command', command, '/dev/null'];
    const { status, stdout } = await etc.run([], { cwd: home(), program });
    expect(status).toBe(0);
    expect(stdout.split('\x1b[97;40m').length).toBeGreaterThan(20);
  });

  testWithSystemd('restarts fwknopd', async () => {
    const etc = await installed();
    const log = ownPath('log');
    const { status } = await etc.run(['client', 'add', 'tv'], { cwd: home(), more: systemd(log) });
    expect(status).toBe(0);
    expect(readFileSync(log, 'utf8')).toBe('enable fwknop-server\nrestart fwknop-server\n');
  });

  testWithFwknop('several: fwknopd takes the file', async () => {
    const etc = await installed();
    etc.write('access.conf', etc.read('access.conf').replaceAll(OWN, ''));
    for (const name of ['a', 'b-2', '0']) await etc.run(['client', 'add', name], { cwd: home() });
    const conf = join(etc.path, 'access.conf');
    const { status } = spawnSync('/usr/sbin/fwknopd', ['--exit-parse-config', '-f', '-a', conf]);
    expect(status).toBe(0);
    expect(keysIn(etc.read('access.conf'))).toHaveLength(8);
  });
});

describe('remove', () => {
  testWithFwknop('takes the stanza out, and says what remains', async () => {
    const etc = await installed();
    const before = etc.read('access.conf');
    await etc.run(['client', 'add', 'laptop'], { cwd: home() });
    etc.write('mikrotik.toml', `${etc.read('mikrotik.toml')}\n[client.laptop]\nlist = "ONE"\n`);
    const { status, stdout } = await etc.run(['client', 'remove', 'laptop']);
    expect(status).toBe(0);
    expect(etc.read('access.conf')).toBe(before);
    expect(stdout).toMatch(/^warn .*mikrotik\.toml still has its table \[client\.laptop\]$/m);
    expect(stdout).toMatch(/^ {2}\/ip\/firewall\/address-list\/print where list~"FWKNOP\|ONE"$/m);
    expect(stdout).toMatch(
      /^ {2}\/ip\/firewall\/address-list\/remove \[find where list~"FWKNOP\|ONE" and comment="fwknop laptop"\]$/m,
    );
    expect(stdout).toMatch(/^ {6}hint: .*service fwknop-server restart$/m);
  });

  testWithFwknop('refuses the last client, and one that is not there', async () => {
    const etc = await installed();
    const before = etc.files();
    expect(await etc.run(['client', 'remove', 'phone'])).toMatchObject({
      status: 64,
      stderr: line('phone: the last client is not removed; hint: fwknop-mikrotik install --undo'),
    });
    expect(await etc.run(['client', 'remove', 'tv'])).toMatchObject({
      status: 64,
      stderr: line('tv: no such client between the markers of access.conf; hint: there is phone'),
    });
    expect(etc.files()).toEqual(before);
  });
});

describe('list', () => {
  const JOURNALCTL = '/usr/bin/journalctl';

  /** A journalctl in the place of the one that is there. */
  const withJournal = (script: string): string[] => {
    const program = writeAs(ownPath('journalctl'), `#!/bin/sh\n${script}\n`, 0o755);
    return existsSync(JOURNALCTL) ? [`mount --bind ${program} ${JOURNALCTL}`] : [];
  };

  /** A /var/log with a syslog, and no journal. */
  const withLog = (text: string): string[] => {
    const log = writeAs(ownPath('syslog'), text);
    const copy = text === '' ? [] : [`cp ${log} /var/log/syslog`];
    return ['mount -t tmpfs tmpfs /var/log', ...copy, ...withJournal('exit 1')];
  };

  testWithFwknop('shows grants, and when each client opened last', async () => {
    const etc = await installed();
    await etc.run(['client', 'add', 'laptop'], { cwd: home() });
    const table = '\n[client.laptop]\nservices = ["tcp/8000-8100"]\nmax-timeout = "1d"\n';
    etc.write('mikrotik.toml', etc.read('mikrotik.toml') + table);
    const entry = (second: number, address: string) =>
      `2026-11-26T01:00:0${second}+00:00 pi fwknop-mikrotik: fw: opened tcp/22 to ${address} (FWKNOP_6_22, phone) for 30s\n`;
    const more = withLog(entry(1, '203.0.113.7') + entry(2, '203.0.113.8'));
    const { status, stdout } = await etc.run(['client', 'list'], { more });
    expect(status).toBe(0);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'phone   tcp/22, udp/51820 up to 1h  2026-11-26T01:00:02+00:00 opened tcp/22 to 203.0.113.8',
      'laptop  tcp/8000-8100 up to 1d      not in the log',
      '',
    ]);
    expect(stdout).toContain('address-list/print where list~"FWKNOP"\n');
    expect(stdout).toContain('and comment="fwknop phone"]\n');
    expect(stdout).not.toContain('KEY');
  });

  const testWithJournal = existsSync(JOURNALCTL)
    ? testWithFwknop
    : leftOut('client list with a journal', 'systemd');

  testWithJournal('reads the journal first', async () => {
    const etc = await installed();
    const entry =
      '2026-11-26T01:00:09+0000 pi fwknop-mikrotik[12]: fw: extended tcp/22 for 203.0.113.9 (FWKNOP_6_22, phone) to 1m';
    const more = withJournal(`case "$*" in *"-t fwknop-mikrotik"*) echo '${entry}' ;; esac`);
    const { stdout } = await etc.run(['client', 'list'], { more });
    expect(stdout).toContain('2026-11-26T01:00:09+0000 extended tcp/22 for 203.0.113.9\n');
  });

  testWithFwknop('says that the log cannot be read, and reads no bad configuration', async () => {
    const etc = await installed();
    etc.write('mikrotik.toml', '=');
    const { status, stdout } = await etc.run(['client', 'list'], { more: withLog('') });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^phone {2}mikrotik\.toml cannot be read {2}the log cannot be read$/m);
  });
});

testAsRoot('another user is referred to sudo', async () => {
  const user = ['/usr/bin/setpriv', '--reuid=65534', '--clear-groups', EXECUTABLE];
  expect(await run(['client', 'list'], { command: user })).toMatchObject({
    status: 78,
    stderr: line('client: must run as root; hint: sudo fwknop-mikrotik client list'),
  });
});
