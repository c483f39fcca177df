/** `check` on fwknopd's side: access.conf, the program, fwknopd itself, and the system's log. */
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  utimesSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { writeAs } from '../support/files';
import { ourRouter, ownFile, ownFolder, ownPath, PASSWORD } from '../support/router';
import { EXECUTABLE, type Run, run } from '../support/run';
import { NODE } from '../support/shipped';
import { CALLER, testAsRoot } from '../support/users';
import {
  about,
  accessConf,
  besideFwknopd,
  type Changes,
  check,
  configuration,
  from,
  leftOutConcurrent,
  steps,
  testCheck as test,
  testCheckAsRoot,
  type World,
} from './check-set-up';
import { devWith, fileInPlaceOf, nodeHidden } from './namespace';

const WORDS = '$SRC $PROTO $PORT $CLIENT_TIMEOUT';
const OFF = ['syslog = "off"'];
const COMMANDS = join(dirname(dirname(EXECUTABLE)), 'dist', 'commands.js');
const FWKNOPD_CONF = '/etc/fwknop/fwknopd.conf';
const RESTART = /^hint: (?:.*, then )?(?:systemctl|service) .*start/;

let config: string;
beforeAll(async () => {
  const router = await ourRouter();
  config = configuration([{ router, lines: ['tls = "off"'] }], [...OFF, 'deadline = 2']);
});

const checkWith = (changes: Changes, mode = 0o600, world: World = {}): Promise<Run> =>
  check(config, ['--access-conf', accessConf(config, changes, mode)], world);

/** Another program of our name, in a folder of its own. */
function program(text: string, mode = 0o755): string {
  const folder = mkdtempSync(join(ownFolder(), 'program-'));
  return writeAs(join(folder, 'fwknop-mikrotik'), text, mode);
}

/**
 * The lines that are not ok; the modes of a checkout are its owner's affair, and in a user namespace
 * there is no user nobody.
 */
function troubles(result: Run): string[] {
  return about('fwknopd', result).filter(
    (text, index, lines) =>
      !/^ok /.test(text) &&
      !/others than root can change it|^hint: chown |identity|CAP_SETUID/.test(text) &&
      !/^(?:warn|skip) {2}syslog/.test(text) &&
      !/^warn {2}syslog/.test(lines[index - 1] ?? ''),
  );
}

/** The line of a step, and its hint. */
const stepOf = (step: string, result: Run) => from(step, 'fwknopd', result).slice(0, 2);
const lastLine = ({ stdout }: Run) => stdout.trimEnd().split('\n').at(-1);

test('all is well', async () => {
  const result = await checkWith({});
  expect(result.status).toBe(0);
  expect(troubles(result)).toEqual([]);
  expect(steps('fwknopd', result).filter((step) => /^ok (?!identity)/.test(step))).toEqual([
    'ok access.conf',
    'ok CMD_CYCLE_OPEN',
    'ok CMD_CYCLE_CLOSE',
    'ok CMD_CYCLE_TIMER',
    'ok REQUIRE_SOURCE_ADDRESS',
    'ok program',
    'ok config test',
    'ok capture',
    'ok running',
    'ok clock',
  ]);
  expect(lastLine(result)).toBe('ready: knock from outside');
});

test('--quiet prints warnings, failures and the last line', async () => {
  const path = accessConf(config, { CMD_CYCLE_TIMER: null, CMD_CYCLE_CLOSE: '/bin/x' });
  const { stdout } = await check(config, ['--access-conf', path, '--quiet'], { isRunning: false });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.filter((text) => !/^(?:warn|FAIL|not ready:| {6}hint:)/.test(text))).toEqual([]);
  expect(lines.at(-1)).toBe(
    `not ready: fwknopd: CMD_CYCLE_CLOSE: ${path}:6: fwknopd would run it as a command; hint: write CMD_CYCLE_CLOSE NONE: the router's own timer closes`,
  );
});

testAsRoot('another user than root', async () => {
  const args = ['check', '--config', '/x y', '--quiet'];
  const as = `--reuid=${CALLER}`;
  const command = ['/usr/bin/setpriv', as, `--regid=${CALLER}`, '--clear-groups', EXECUTABLE];
  expect(await run(args, { command })).toMatchObject({
    status: 78,
    stdout: '',
    stderr:
      "fwknop-mikrotik: check: must run as root; hint: sudo fwknop-mikrotik check --config '/x y' --quiet\n",
  });
});

test.concurrent.each([
  ['is not there', undefined, 'no such file', undefined],
  ['may be read by others', 0o644, 'holds a secret that others may read', 'chmod go='],
  ['may be written by others', 0o620, 'may be written by others', 'chmod go-w'],
])('access.conf %s', async (_, mode, why, fix) => {
  const path = mode === undefined ? ownPath('none') : accessConf(config, {}, mode);
  const world = { isRunning: mode !== undefined };
  const result = await check(config, ['--access-conf', path], world);
  expect(result.status).toBe(78);
  const [what, hint] = from('access.conf', 'fwknopd', result);
  expect(what).toMatch(new RegExp(`^FAIL  access.conf: .*: ${why}$`));
  if (fix !== undefined) expect(hint).toContain(`hint: ${fix}`);
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

test('open_ports.py without a configuration: the first fix is to migrate', async () => {
  const absent = ownPath('absent.toml');
  const conf = accessConf(absent, {
    CMD_CYCLE_OPEN: '/usr/bin/python3 /opt/open_ports.py $SRC $PROTO $PORT $CLIENT_TIMEOUT',
  });
  const { stdout, status } = await check(absent, ['--access-conf', conf]);
  expect(status).toBe(78);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(
    `not ready: configuration: file: ${absent}: no such file, and fwknopd runs open_ports.py; hint: fwknop-mikrotik install --migrate`,
  );
});

test('a line of open_ports.py', async () => {
  const result = await checkWith({ CMD_CYCLE_OPEN: '/usr/bin/python3 /opt/open_ports.py $SRC' });
  expect(stepOf('CMD_CYCLE_OPEN', result)[1]).toContain('fwknop-mikrotik install --migrate');
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
  const lineWith = (password: string) =>
    `${NODE} ${EXECUTABLE} --config ${config} --routerpass ${password} ${WORDS}`;
  // check() sees to it that the password is not printed.
  const result = await checkWith({ CMD_CYCLE_OPEN: lineWith(PASSWORD) });
  expect(result.status).toBe(0);
  expect(troubles(result)[0]).toMatch(/fwknopd logs --routerpass/);
  const wrong = await checkWith({ CMD_CYCLE_OPEN: lineWith('Melasse') });
  expect(wrong.status).toBe(77);
  expect(wrong.stdout).not.toContain('Melasse');
});

describe('the program', () => {
  const runs = (head: string) =>
    checkWith({ CMD_CYCLE_OPEN: `${head} --config ${config} ${WORDS}` });

  test.concurrent.each([
    ['a path relative to the root', () => program('#!/bin/sh\necho 0.1.0\n').slice(1)],
    ['a name, which execvp finds in /usr/bin', () => 'fwknop-mikrotik'],
    ['an interpreter by its name', () => `sh ${program('echo 0.1.0\n')}`],
    ['an interpreter and a path from the root', () => `sh .${program('echo 0.1.0\n')}`],
    ['timeout before a name', () => 'timeout 5 fwknop-mikrotik'],
  ])('%s: it runs', async (_, head) => {
    const directory = dirname(program('#!/bin/sh\necho 0.1.0\n'));
    const before = [`mount -t overlay overlay -o lowerdir=${directory}:/usr/bin /usr/bin`];
    const open = `${head()} --config ${config} ${WORDS}`;
    const result = await checkWith({ CMD_CYCLE_OPEN: open }, 0o600, { before });
    expect(stepOf('program', result)[0]).toMatch(/^ok .*runs with an empty environment$/);
  });

  test.concurrent('that gives its interpreter options by env -S: it runs', async () => {
    const result = await runs(program('#!/usr/bin/env -S sh -e\necho 0.1.0\n'));
    expect(from('program', 'fwknopd', result)[0]).toMatch(/^ok .*runs with an empty environment$/);
  });

  test.concurrent.each([
    [
      'a name that is in no directory of a PATH',
      () => 'fwknop-mikrotik-nowhere',
      'fwknop-mikrotik-nowhere: not found where fwknopd looks: /bin, /usr/bin',
    ],
    ['a relative path', () => 'nowhere/fwknop-mikrotik', '/nowhere/fwknop-mikrotik: no such file'],
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
    const [what, hint] = from('program', 'fwknopd', result);
    expect(what).toMatch(/^FAIL {2}program: /);
    expect(what).toContain(why);
    expect(hint).toMatch(/^hint: /);
    expect(result.took).toBeLessThan(10_000);
  });

  test.concurrent('without its Node.js', async () => {
    const open = `${EXECUTABLE} --config ${config} ${WORDS}`;
    const node = ownPath('node');
    copyFileSync(process.execPath, node);
    const world = { after: [nodeHidden()], command: [node, EXECUTABLE] };
    const result = await checkWith({ CMD_CYCLE_OPEN: open }, 0o600, world);
    expect(result.status).toBe(78);
    expect(stepOf('program', result)).toEqual([
      expect.stringMatching(/^FAIL {2}program: .*: Node\.js not found$/),
      expect.stringMatching(/^hint: name it before the program, by its full path \(PATH=\/\S*\)$/),
    ]);
  });

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

  /** A package with the files of ours, in a directory of its own. */
  function installed(): string {
    const root = mkdtempSync(join(ownFolder(), 'package-'));
    for (const name of ['bin', 'dist']) mkdirSync(join(root, name));
    writeAs(join(root, 'dist', 'start.js'), '', 0o644);
    writeAs(join(root, 'bin', 'fwknop-mikrotik'), '#!/bin/sh\necho 0.1.0\n', 0o755);
    for (const name of ['.', 'bin', 'dist']) chmodSync(join(root, name), 0o755);
    return root;
  }

  testCheckAsRoot.each([
    ['.', 0o775, (root: string) => `chown root ${root} && chmod go-w ${root}`],
    ['dist', 0o777, (root: string) => `chown -R root ${root} && chmod -R go-w ${root}`],
    ['dist/start.js', 0o666, (root: string) => `chown -R root ${root} && chmod -R go-w ${root}`],
    ['bin', 0o775, undefined],
  ])('of whose package others may change %s', async (part, mode, hint) => {
    const root = installed();
    const path = join(root, part);
    const clean = await runs(join(root, 'bin', 'fwknop-mikrotik'));
    expect(clean.stdout).not.toContain('others than root');
    chmodSync(path, mode);
    const result = await runs(join(root, 'bin', 'fwknop-mikrotik'));
    const shown = path.length <= 60 ? path : `...${path.slice(-57)}`;
    expect(result.stdout).toContain(`program: ${shown}: others than root can change it`);
    if (hint !== undefined) expect(result.stdout).toContain(`hint: ${hint(root)}\n`);
  });
});

describe('the environment of fwknopd', () => {
  /** fwknopd as it is, but that it says to be of another version. */
  const claiming = (version: string) => {
    const real = ownPath('fwknopd');
    copyFileSync('/usr/sbin/fwknopd', real);
    const text = `#!/bin/sh\n[ "$1" != --version ] || exec echo "fwknopd server ${version}, compiled"\nexec ${real} "$@"\n`;
    return [fileInPlaceOf('/usr/sbin/fwknopd', ownFile('fwknopd', text, 0o755))];
  };
  const starter = 'HINDRANCE=1';
  const helper = program('#!/bin/sh\n[ -z "$HINDRANCE" ] && echo 0.1.0\n');
  const open = () => ({ CMD_CYCLE_OPEN: `${helper} --config ${config} ${WORDS}` });

  test.concurrent('reaches no command of 2.6.10', async () => {
    const result = await checkWith(open(), 0o600, { starter, after: claiming('2.6.10') });
    expect(stepOf('program', result)[0]).toMatch(/runs with an empty environment$/);
  });

  test.concurrent.each(['2.6.11', '2.7.0', '3.0.0'])('reaches those of %s', async (version) => {
    const result = await checkWith(open(), 0o600, { starter, after: claiming(version) });
    expect(stepOf('program', result)[0]).toMatch(/does not run with fwknopd's environment$/);
    const fine = await checkWith({}, 0o600, { starter, after: claiming(version) });
    expect(stepOf('program', fine)[0]).toMatch(/, runs with fwknopd's environment$/);
  });

  test.concurrent('has the PATH in which it looks', async () => {
    const result = await checkWith(
      { CMD_CYCLE_OPEN: `fwknop-mikrotik --config ${config} ${WORDS}` },
      0o600,
      { starter: `PATH=${dirname(program('#!/bin/sh\necho 0.1.0\n'))}:/usr/bin` },
    );
    expect(stepOf('program', result)[0]).toMatch(/^ok .*runs with an empty environment$/);
  });
});

describe('a script around the program', () => {
  const script = (text: string) => writeAs(ownPath('open-it'), text, 0o755);
  const helper = program('#!/bin/sh\necho 0.1.0\n');

  test.concurrent.each([
    ['"$@"', `$SRC $PROTO $PORT $CLIENT_TIMEOUT`],
    ['"$1" $2 22 60', '$SRC $PROTO'],
  ])('that executes it with %s is followed', async (args, given) => {
    const path = script(
      `#!/bin/sh\n# ours\numask 077\nexec ${helper} --config ${config} ${args}\n`,
    );
    const result = await checkWith({ CMD_CYCLE_OPEN: `${path} ${given}` });
    expect(result.status).toBe(0);
    expect(stepOf('program', result)[0]).toMatch(/runs with an empty environment, run by /);
    expect(steps('fwknopd', result)).toContain('ok CMD_CYCLE_OPEN');
  });

  test.concurrent('its arguments are checked as those of a line', async () => {
    const path = script(`#!/bin/sh\nexec ${helper} --config ${config} "$@"\n`);
    const result = await checkWith({ CMD_CYCLE_OPEN: `${path} $SRC $PORT $PROTO 30` });
    expect(result.status).toBe(78);
    expect(stepOf('CMD_CYCLE_OPEN', result)[0]).toContain('stands for <proto>, <port>');
  });

  test.concurrent.each([
    ['does more than to execute it', '#!/bin/sh\nfwknop-mikrotik "$@" | logger\n'],
    ['makes its arguments', `#!/bin/sh\nexec ${helper} $(cat /etc/hostname) "$@"\n`],
    ['is in another language', '#!/usr/bin/python3\nprint()\n'],
  ])('that %s is not understood: a warning', async (_, text) => {
    const path = script(text);
    const result = await checkWith({ CMD_CYCLE_OPEN: `${path} ${WORDS}` });
    expect(result.status).toBe(0);
    expect(stepOf('CMD_CYCLE_OPEN', result)[0]).toMatch(/^warn .*cannot see in the script /);
    expect(steps('fwknopd', result)).toContain('skip program');
  });
});

describe("fwknopd's own config test", () => {
  test.each([
    ['a key that is none', { KEY_BASE64: 'Melasse!' }, 'KEY_BASE64: not base64'],
    [
      'a key that was not put in',
      { HMAC_KEY_BASE64: '__CHANGEME__' },
      "HMAC_KEY_BASE64 value is not properly set in stanza source 'ANY' in access file: ",
    ],
    [
      'no CMD_CYCLE_CLOSE',
      { CMD_CYCLE_CLOSE: null },
      "Cannot set CMD_CYCLE_OPEN without also setting CMD_CYCLE_CLOSE: 'ANY'",
    ],
    [
      'a line that is too long',
      { CMD_CYCLE_OPEN: `/bin/fwknop-mikrotik ${'x'.repeat(250)}` },
      "CMD_CYCLE_OPEN command is too long: 'ANY'",
    ],
    ['a SOURCE that is none', { SOURCE: 'nowhere' }, 'Fatal invalid SOURCE in access stanza'],
    ['a number out of range', { MAX_FW_TIMEOUT: '-1' }, 'MAX_FW_TIMEOUT value not in range'],
    [
      'another user',
      { CMD_EXEC_USER: 'nobody-at-all' },
      'Unable to determine UID for CMD_EXEC_USER',
    ],
    [
      'the same key twice',
      { KEY_BASE64: 'QUJD'.repeat(8), HMAC_KEY_BASE64: 'QUJD'.repeat(8) },
      "The encryption passphrase and HMAC key should not be identical for access stanza source: 'ANY'",
    ],
  ])('%s: its own words are quoted', async (_, changes: Changes, said) => {
    const result = await checkWith(changes, 0o600, { isRunning: false });
    expect(result.status).toBe(78);
    const [what, hint] = stepOf('config test', result);
    expect(what).toContain(`FAIL  config test: fwknopd refuses its configuration: ${said}`);
    expect(hint).toMatch(/^hint: run it yourself: \/usr\/sbin\/fwknopd --exit-parse-config /);
    expect(result.stdout).not.toMatch(/Melasse|QUJD/);
    expect(steps('fwknopd', result)).toContain('skip capture');
  });
});

describe('fwknopd itself', () => {
  /** Shell commands that make a file new, some seconds from now. */
  const touch = (path: string) => `touch -d '+5 seconds' ${path}`;

  test.concurrent('does not run', async () => {
    const result = await checkWith({}, 0o600, { isRunning: false });
    expect(result.status).toBe(78);
    const [what, hint] = stepOf('running', result);
    expect(what).toBe('FAIL  running: fwknopd does not run');
    expect(hint).toMatch(RESTART);
    expect(lastLine(result)).toBe(`not ready: fwknopd: running: fwknopd does not run; ${hint}`);
  });

  test.concurrent('does not run, where systemd does', async () => {
    const before = ['mount -t tmpfs tmpfs /run', 'mkdir -p /run/systemd/system'];
    const result = await checkWith({}, 0o600, { isRunning: false, before });
    expect(stepOf('running', result)[1]).toBe('hint: systemctl enable --now fwknop-server');
  });

  test.concurrent('started before access.conf changed', async () => {
    const path = accessConf(config);
    const result = await check(config, ['--access-conf', path], { after: [touch(path)] });
    expect(result.status).toBe(78);
    const [what, hint] = stepOf('running', result);
    expect(what).toMatch(
      /^FAIL {2}running: fwknopd started before .*access\.conf changed: it still/,
    );
    expect(hint).toMatch(RESTART);
  });

  test.concurrent('started before an included file changed', async () => {
    const inner = accessConf(config);
    const outer = ownFile('outer.conf', `%include ${inner}\n`);
    const result = await check(config, ['--access-conf', outer], { after: [touch(inner)] });
    expect(stepOf('running', result)[0]).toContain('access.conf changed');
  });

  test.concurrent('started before fwknopd.conf changed', async () => {
    const result = await checkWith({}, 0o600, { after: [touch(FWKNOPD_CONF)] });
    expect(stepOf('running', result)[0]).toContain(`started before ${FWKNOPD_CONF} changed`);
    const restored = await checkWith({}, 0o600, { before: [touch(FWKNOPD_CONF)] });
    expect(stepOf('running', restored)[0]).toContain('changed');
    expect((await checkWith({})).status).toBe(0);
  });

  test.concurrent('runs in a sandbox of its own, with the same files', async () => {
    const starter = '/usr/bin/unshare --mount';
    expect((await checkWith({}, 0o600, { starter })).status).toBe(0);
  });

  test.concurrent('runs in a container, with other files', async () => {
    const other = ownPath('fwknopd');
    copyFileSync('/usr/sbin/fwknopd', other);
    const script = ownFile(
      'in-container',
      `#!/bin/sh\n/bin/mount --bind ${other} /usr/sbin/fwknopd && exec "$@"\n`,
      0o755,
    );
    chmodSync(other, 0o755);
    const starter = `/usr/bin/unshare --mount ${script}`;
    const result = await checkWith({}, 0o600, { starter });
    expect(stepOf('running', result)[0]).toBe('FAIL  running: fwknopd does not run');
  });

  test.concurrent('reads another access.conf', async () => {
    const other = accessConf(config);
    const command = besideFwknopd(other);
    const conf = accessConf(config);
    const result = await run(['check', '--config', config, '--access-conf', conf], { command });
    expect(result.status).toBe(78);
    expect(stepOf('running', result)).toEqual([
      expect.stringMatching(
        /^FAIL {2}running: fwknopd \(process \d+\) reads .*, which was not checked$/,
      ),
      `hint: fwknop-mikrotik check --access-conf ${other}`,
    ]);
  });

  test.concurrent('has no socket on its port', async () => {
    // The file is as old as before, and names another port.
    const moved = ownFile('moved.conf', 'ENABLE_UDP_SERVER Y;\nUDPSERV_PORT 62299;\n');
    utimesSync(moved, 1e9, 1e9);
    const result = await checkWith({}, 0o600, { after: [fileInPlaceOf(FWKNOPD_CONF, moved)] });
    expect(result.status).toBe(78);
    expect(stepOf('running', result)[0]).toMatch(/has no socket on UDP port 62299$/);
  });

  test.concurrent('listens on another port than its clients use', async () => {
    const text = readFileSync(accessConf(config), 'utf8');
    const path = ownFile(
      'access.conf',
      `# >>> fwknop-mikrotik >>>\n# spa-port 62202\n${text}# <<< fwknop-mikrotik <<<\n`,
    );
    const result = await check(config, ['--access-conf', path]);
    expect(result.status).toBe(78);
    expect(stepOf('capture', result)).toEqual([
      `FAIL  capture: ${path}:2: the clients knock on port 62202, and fwknopd listens on 62201`,
      `hint: write UDPSERV_PORT 62202; at the end of ${FWKNOPD_CONF}, and restart fwknopd`,
    ]);
    const right = await check(config, ['--access-conf', path], {
      fwknopdConf: { UDPSERV_PORT: '62202' },
    });
    expect(right.status).toBe(0);
  });

  test.concurrent('captures by pcap', async () => {
    const fwknopdConf = { ENABLE_UDP_SERVER: 'N', PCAP_INTF: 'lo' };
    const result = await checkWith({}, 0o600, { fwknopdConf });
    expect(result.status).toBe(0);
    expect(stepOf('capture', result)[0]).toBe('ok    capture: pcap on lo, port 62201');
  });

  test.concurrent('captures on an interface that is not there', async () => {
    const fwknopdConf = { ENABLE_UDP_SERVER: 'N', PCAP_INTF: 'nowhere0' };
    const result = await checkWith({}, 0o600, { fwknopdConf, isRunning: false });
    expect(result.status).toBe(78);
    const [what, hint] = stepOf('capture', result);
    expect(what).toBe('FAIL  capture: PCAP_INTF nowhere0: there is no such interface');
    expect(hint).toContain('ENABLE_UDP_SERVER Y; at the end of');
  });

  test.concurrent.each([
    ['127.0.0.1', 'Y', 'FAIL'],
    ['ANY', 'Y', undefined],
    ['127.0.0.1', 'N', undefined],
  ])('has a DESTINATION %s, as a UDP server: %s', async (destination, isUdp, status) => {
    const fwknopdConf = { ENABLE_UDP_SERVER: isUdp, PCAP_INTF: 'lo' };
    const result = await checkWith({ DESTINATION: destination }, 0o600, { fwknopdConf });
    if (status === undefined) expect(result.stdout).not.toContain('DESTINATION');
    else
      expect(stepOf('DESTINATION', result)[0]).toContain('no packet matches it in UDP server mode');
  });

  test.concurrent('has options of its own', async () => {
    const fwknopdConf = { ENABLE_UDP_SERVER: 'N', PCAP_INTF: 'nowhere0' };
    const result = await checkWith({}, 0o600, { fwknopdConf, fwknopdOptions: ['-U'] });
    expect(result.status).toBe(0);
    expect(stepOf('capture', result)[0]).toBe('ok    capture: UDP server, port 62201');
  });

  test.concurrent('captures by NFQUEUE, as fwknopd 2.6.11 prints it', async () => {
    const settings = ['CONFIG_FILE', 'ENABLE_NFQ_CAPTURE', 'ENABLE_UDP_SERVER', 'UDPSERV_PORT'];
    const values = [FWKNOPD_CONF, 'Y', 'N', '62201'];
    const lines = settings.map((name, at) => `echo "  ${at}. ${name}  =  '${values[at]}'"`);
    const imitation = ownFile('fwknopd', ['#!/bin/sh', ...lines, ''].join('\n'), 0o755);
    const before = [fileInPlaceOf('/usr/sbin/fwknopd', imitation)];
    const result = await checkWith({}, 0o600, { before, isRunning: false });
    expect(stepOf('capture', result)).toEqual([
      'FAIL  capture: ENABLE_NFQ_CAPTURE is Y: with command stanzas only, fwknopd makes no NFQUEUE rule and hears nothing',
      `hint: write ENABLE_NFQ_CAPTURE N; and ENABLE_UDP_SERVER Y; at the end of ${FWKNOPD_CONF}, and restart fwknopd`,
    ]);
  });
});

/** Shell commands: systemd runs, and its tools answer so. */
function systemd(answers: Readonly<Record<string, string>>): readonly string[] {
  const tools = Object.entries(answers).map(([tool, answer]) =>
    fileInPlaceOf(`/usr/bin/${tool}`, ownFile(tool, `#!/bin/sh\necho ${answer}\n`, 0o755)),
  );
  return ['mount -t tmpfs tmpfs /run', 'mkdir -p /run/systemd/system', ...tools];
}

describe('the host', () => {
  test.concurrent.each([
    [
      'no',
      /^warn {2}clock: \d.* UTC, not synchronised: fwknopd refuses packets that are more than 120/,
    ],
    [
      'yes',
      /^ok {4}clock: \d.* UTC, synchronised: fwknopd refuses packets that are more than 120 s off$/,
    ],
  ])('whose clock is synchronised: %s', async (answer, expected) => {
    const before = systemd({ timedatectl: answer, systemctl: 'no' });
    const result = await checkWith({}, 0o600, { before });
    expect(result.status).toBe(0);
    const [what, hint] = stepOf('clock', result);
    expect(what).toMatch(expected);
    if (answer === 'no') expect(hint).toBe('hint: timedatectl set-ntp true');
  });

  test.concurrent('whose clock lost the time', async () => {
    const future = ownPath('commands.js');
    copyFileSync(COMMANDS, future);
    utimesSync(future, 4e9, 4e9);
    const before = [fileInPlaceOf(COMMANDS, future)];
    const result = await checkWith({}, 0o600, { before });
    expect(result.status).toBe(78);
    expect(stepOf('clock', result)[0]).toMatch(
      /^FAIL {2}clock: .*: before this program was built$/,
    );
  });

  test.concurrent('whose unit lets no program write code', async () => {
    const before = systemd({ timedatectl: 'yes', systemctl: 'yes' });
    const result = await checkWith({}, 0o600, { before });
    expect(result.status).toBe(78);
    const [what, hint] = stepOf('sandbox', result);
    expect(what).toContain('MemoryDenyWriteExecute=yes in the unit fwknop-server: Node.js dies');
    expect(hint).toContain('--jitless');
    const open = `${NODE} --jitless ${EXECUTABLE} --config ${config} ${WORDS}`;
    const jitless = await checkWith({ CMD_CYCLE_OPEN: open }, 0o600, { before });
    expect(jitless.status).toBe(0);
    expect(jitless.stdout).not.toContain('sandbox');
  });

  testCheckAsRoot('where an opening may give up root', async () => {
    const result = await checkWith({});
    expect(stepOf('identity', result)[0]).toBe(
      'ok    identity: an opening gives up root before it connects (user 65534)',
    );
  });

  testCheckAsRoot.each([
    ['-setuid,-setgid', 'root'],
    ['-setuid', 'the user root'],
    ['-setgid', 'the group root'],
  ])('where it may not: %s', async (dropped, left) => {
    const starter = `/usr/bin/setpriv --bounding-set ${dropped}`;
    const result = await checkWith({}, 0o600, { starter });
    expect(result.status).toBe(0);
    expect(stepOf('identity', result)).toEqual([
      `warn  identity: an opening stays ${left}: fwknopd may not change to user and group 65534`,
      'hint: give fwknopd CAP_SETUID and CAP_SETGID (CapabilityBoundingSet of its unit)',
    ]);
  });

  test.concurrent.each([
    ['/usr/bin/iptables Ux,', 'FAIL'],
    ['# nothing', 'FAIL'],
    [`${EXECUTABLE} r,`, 'FAIL'],
    [`  ${NODE} Ux,`, undefined],
    ['/** mrix,', undefined],
  ])('whose AppArmor profile says %s', async (rule, status) => {
    const profile = ownFile('usr.sbin.fwknopd', `/usr/sbin/fwknopd {\n${rule}\n}\n`);
    const confined = ownFile('current', '/usr/sbin/fwknopd (enforce)\n');
    const after = [
      'mount -t tmpfs tmpfs /etc/apparmor.d',
      `cp ${profile} /etc/apparmor.d/usr.sbin.fwknopd`,
      `mount --bind ${confined} /proc/$!/attr/current`,
    ];
    const result = await checkWith({}, 0o600, { after });
    if (status === undefined) expect(result.stdout).not.toContain('AppArmor');
    else
      expect(stepOf('AppArmor', result)[0]).toMatch(
        /^FAIL {2}AppArmor: the profile of fwknopd does/,
      );
    expect(result.status).toBe(status === undefined ? 0 : 78);
  });

  test.concurrent('in a container', async () => {
    const marker = ownPath('lib');
    mkdirSync(join(marker, 'fwknop-mikrotik'), { recursive: true });
    writeAs(join(marker, 'fwknop-mikrotik', 'container'), '');
    const before = [`mount -t overlay overlay -o lowerdir=${marker}:/usr/lib /usr/lib`];
    const result = await checkWith({}, 0o600, { before, isRunning: false });
    expect(stepOf('running', result)[1]).toBe('hint: start the container');
    expect(result.stdout).not.toMatch(/systemctl|journalctl|sudo|service fwknop/);
  });
});

describe('the system log', () => {
  const { concurrent } = test;
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.close();
  });

  async function checkIn(dev: string, lines: readonly string[]): Promise<Run> {
    const router = await ourRouter();
    const toml = configuration([{ router, lines: ['tls = "off"'] }], lines);
    return check(toml, [], { before: [dev] });
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
      'FAIL  syslog: there is no /dev/log: failures will not be logged',
      'hint: start the system log, or say syslog = "off"',
    ]);
  });

  concurrent('has nobody who listens', async () => {
    mkdirSync(ownFolder(), { recursive: true });
    const path = ownPath('stale');
    const server = createServer().listen(path);
    await once(server, 'listening');
    // The socket stays, as that of a daemon that was killed.
    const stale = `${path}-left`;
    linkSync(path, stale);
    server.close();
    const result = await checkIn(devWith(stale), []);
    expect(result.status).toBe(78);
    expect(from('syslog', 'fwknopd', result)[0]).toBe(
      'FAIL  syslog: nobody listens on /dev/log: failures will not be logged',
    );
  });

  async function listening(): Promise<string> {
    mkdirSync(ownFolder(), { recursive: true });
    const path = ownPath('log');
    const server = createServer((socket) => socket.resume()).listen(path);
    servers.push(server);
    await once(server, 'listening');
    return devWith(path);
  }

  concurrent('has a logger that refuses', async () => {
    const logger = ownFile('logger', '#!/bin/sh\necho "logger: no, $1" >&2\nexit 1\n', 0o755);
    const dev = `${await listening()}\n${fileInPlaceOf('/usr/bin/logger', logger)}`;
    const result = await checkIn(dev, []);
    expect(result.status).toBe(78);
    expect(from('syslog', 'fwknopd', result).slice(0, 2)).toEqual([
      'FAIL  syslog: logger: no, --socket-errors=on: failures will not be logged',
      'hint: see why: env -i logger -t fwknop-mikrotik -p daemon.debug test',
    ]);
  });

  const withBusybox = existsSync('/usr/bin/busybox')
    ? concurrent
    : leftOutConcurrent("check with busybox's logger", 'busybox').concurrent;
  withBusybox("has busybox's logger", async () => {
    const logger = ownFile('logger', '#!/bin/sh\nexec busybox logger "$@"\n', 0o755);
    const replaced = fileInPlaceOf('/usr/bin/logger', logger);
    const result = await checkIn(`${await listening()}\n${replaced}`, []);
    expect(from('syslog', 'fwknopd', result)[0]).toMatch(/^ok {4}syslog: reached/);
    const without = await checkIn(`${devWith()}\n${replaced}`, []);
    expect(from('syslog', 'fwknopd', without)[0]).toContain('there is no /dev/log');
  });

  concurrent('is not wanted', async () => {
    const result = await checkIn(devWith(), OFF);
    expect(result.status).toBe(0);
    expect(from('syslog', 'fwknopd', result)[0]).toMatch(/^warn {2}syslog: off in/);
  });
});
