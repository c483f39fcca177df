/** `install` on files as Debian ships them: they are changed whole, once, and by nobody else's will. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { certificates } from '../../simulator/certificates';
import { MARKER_BEGIN, MARKER_END } from '../../src/common/fwknopd';
import { USAGE } from '../../src/install/usage';
import { writeAs } from '../support/files';
import { leftOut } from '../support/left-out';
import { OUR_USERS, ourRouter, ownPath } from '../support/router';
import { EXECUTABLE, line, run } from '../support/run';
import { NODE } from '../support/shipped';
import { testAsRoot } from '../support/users';
import {
  EtcFwknop,
  edit,
  giveTo,
  makeSetup,
  shipped,
  systemd,
  testWithFwknop,
  testWithSystemd,
} from './etc-fwknop';
import { type Answer, runOnTerminal } from './terminal';

/** In a user namespace there are no other users. */
const whereRoot = process.geteuid?.() === 0 ? testWithFwknop : testAsRoot;

const OWN = `SOURCE 198.51.100.7\nKEY_BASE64 ${'QUJD'.repeat(8)}\nOPEN_PORTS tcp/22\n`;
const LISTEN = 'ENABLE_NFQ_CAPTURE N;\nENABLE_UDP_SERVER Y;\nUDPSERV_PORT 62201;\n';
const FILES_ONLY = '--files-only';

const marked = (text: string): string => {
  const [, lines] = new RegExp(`^(${MARKER_BEGIN}\n.*\n${MARKER_END}\n)`, 'ms').exec(text) ?? [];
  return lines ?? '';
};

let setup: string;
beforeAll(async () => {
  setup = await makeSetup();
});

test('--help', async () => {
  expect(await run(['install', '--help'])).toMatchObject({ status: 0, stdout: USAGE, stderr: '' });
});

test.each([
  [['a', 'b'], 'install takes one directory'],
  [['--undo', 'a'], 'DIR: cannot be combined with --undo'],
  [['--undo', '--force'], '--force: cannot be combined with --undo'],
  [[FILES_ONLY, '--pin=0'], '--pin: cannot be combined with --files-only'],
  [['--pin'], '--pin: there is no terminal to ask on'],
  [['--pin=0'], '--pin: expected a SHA-256 fingerprint'],
])('%p is refused', async (args, why) => {
  const { status, stderr } = await run(['install', ...args]);
  expect(status).toBe(64);
  expect(stderr).toContain(why);
});

testAsRoot('another user is referred to sudo', async () => {
  const command = ['/usr/bin/setpriv', '--reuid=65534', '--clear-groups', process.execPath];
  const result = await run(['install', "it's mine"], { command: [...command, EXECUTABLE] });
  expect(result).toMatchObject({
    status: 78,
    stderr: line("install: must run as root; hint: sudo fwknop-mikrotik install 'it'\\''s mine'"),
  });
});

describe('the files', () => {
  testWithFwknop('take the place of what Debian ships; a second run changes nothing', async () => {
    const etc = new EtcFwknop();
    const first = await etc.run(['install', setup, FILES_ONLY]);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    const stanzas = marked(readFileSync(join(setup, 'access.conf'), 'utf8'));
    expect(stanzas).toContain('# client phone\nSOURCE ');
    const files = etc.files();
    expect(files).toEqual({
      'access.conf': stanzas,
      'access.conf~': shipped('access.conf'),
      'fwknopd.conf': `${shipped('fwknopd.conf')}\n${MARKER_BEGIN}\n${LISTEN}${MARKER_END}\n`,
      'fwknopd.conf~': shipped('fwknopd.conf'),
      'mikrotik.toml': readFileSync(join(setup, 'mikrotik.toml'), 'utf8'),
    });
    for (const name of Object.keys(files)) {
      expect(statSync(join(etc.path, name)).mode & 0o7777).toBe(0o600);
    }
    const second = await etc.run(['install', setup, FILES_ONLY]);
    expect(second.stdout.match(/: unchanged$/gm)).toHaveLength(3);
    expect(etc.files()).toEqual(files);
  });

  testWithFwknop('are found in fwknop-setup of the current directory', async () => {
    const etc = new EtcFwknop();
    const cwd = ownPath('home');
    mkdirSync(cwd);
    symlinkSync(setup, join(cwd, 'other'));
    execFileSync('cp', ['-a', setup, join(cwd, 'fwknop-setup')]);
    const result = await etc.run(['install', FILES_ONLY], { cwd });
    expect(result.status).toBe(0);
    expect(marked(etc.read('access.conf'))).not.toBe('');
  });

  testWithFwknop("stay beside somebody's own", async () => {
    const etc = new EtcFwknop();
    etc.write('access.conf', `${OWN}# the end`, 0o640);
    etc.write('fwknopd.conf', 'PCAP_INTF lo;\r\n');
    expect(await etc.run(['install', setup, FILES_ONLY])).toMatchObject({ status: 0 });
    expect(etc.read('access.conf').startsWith(`${OWN}# the end\n\n${MARKER_BEGIN}\n`)).toBe(true);
    expect(etc.read('fwknopd.conf').startsWith(`PCAP_INTF lo;\r\n\n${MARKER_BEGIN}\n`)).toBe(true);
    expect(statSync(join(etc.path, 'access.conf~')).mode & 0o7777).toBe(0o640);
  });

  testWithFwknop('are kept once, before the first change', async () => {
    const etc = new EtcFwknop();
    etc.write('access.conf~', 'older\n', 0o644);
    await etc.run(['install', setup, FILES_ONLY]);
    etc.write('fwknopd.conf', 'VERBOSE 1;\n');
    await etc.run(['install', setup, FILES_ONLY]);
    expect(etc.read('access.conf~')).toBe('older\n');
    expect(etc.read('fwknopd.conf~')).toBe(shipped('fwknopd.conf'));
    expect(etc.read('fwknopd.conf')).toContain(LISTEN);
  });

  testWithFwknop('a fwknopd.conf is made where there is none', async () => {
    const etc = new EtcFwknop([]);
    expect(await etc.run(['install', setup, FILES_ONLY])).toMatchObject({ status: 0 });
    expect(etc.read('fwknopd.conf')).toBe(`${MARKER_BEGIN}\n${LISTEN}${MARKER_END}\n`);
    expect(Object.keys(etc.files())).toEqual(['access.conf', 'fwknopd.conf', 'mikrotik.toml']);
  });

  testWithFwknop('a link stays one', async () => {
    const etc = new EtcFwknop();
    renameSync(join(etc.path, 'access.conf'), join(etc.path, 'mine.conf'));
    symlinkSync('mine.conf', join(etc.path, 'access.conf'));
    expect(await etc.run(['install', setup, FILES_ONLY])).toMatchObject({ status: 0 });
    expect(marked(etc.read('mine.conf'))).not.toBe('');
    expect(readdirSync(etc.path)).toContain('mine.conf~');
    expect(etc.read('access.conf')).toBe(etc.read('mine.conf'));
  });

  testWithFwknop('a link into a directory that others can write is refused', async () => {
    const etc = new EtcFwknop();
    const shared = ownPath('shared');
    mkdirSync(shared);
    chmodSync(shared, 0o777);
    renameSync(join(etc.path, 'access.conf'), join(shared, 'access.conf'));
    symlinkSync(join(shared, 'access.conf'), join(etc.path, 'access.conf'));
    const { status, stderr } = await etc.run(['install', setup, FILES_ONLY]);
    expect({ status, stderr }).toEqual({
      status: 78,
      stderr: line(`${shared}: may be written by others; hint: chmod go-w ${shared}`),
    });
    expect(readdirSync(shared)).toEqual(['access.conf']);
  });

  testWithFwknop('the port is the one of init', async () => {
    const etc = new EtcFwknop();
    const other = await makeSetup('--spa-port=62299');
    await etc.run(['install', setup, FILES_ONLY]);
    await etc.run(['install', other, FILES_ONLY, '--force']);
    expect(marked(etc.read('fwknopd.conf'))).toContain('\nUDPSERV_PORT 62299;\n');
    expect(etc.read('fwknopd.conf').split(MARKER_BEGIN)).toHaveLength(2);
  });
});

describe('mikrotik.toml', () => {
  const PIN = 'a'.repeat(64);

  testWithFwknop('that differs stays, and a pin is never lost', async () => {
    const etc = new EtcFwknop();
    await etc.run(['install', setup, FILES_ONLY]);
    edit(join(etc.path, 'mikrotik.toml'), /$/, `fingerprint = "${PIN}"\n`);
    const pinned = etc.read('mikrotik.toml');
    const again = await etc.run(['install', setup, FILES_ONLY]);
    expect(again.stdout.match(/: unchanged$/gm)).toHaveLength(3);

    edit(join(etc.path, 'mikrotik.toml'), '"1h"', '"2h"');
    const edited = etc.read('mikrotik.toml');
    const kept = await etc.run(['install', setup, FILES_ONLY]);
    expect(kept.stdout).toMatch(
      /^warn {2}install: .*mikrotik.toml: it differs .*\n +hint: .*--force$/m,
    );
    expect(etc.read('mikrotik.toml')).toBe(edited);

    await etc.run(['install', setup, FILES_ONLY, '--force']);
    expect(etc.read('mikrotik.toml')).toBe(pinned);
    expect(existsSync(join(etc.path, 'mikrotik.toml~'))).toBe(true);
  });

  testWithFwknop('of the directory must be valid', async () => {
    const etc = new EtcFwknop();
    const before = etc.files();
    const bad = await makeSetup();
    edit(join(bad, 'mikrotik.toml'), 'password', 'passwort');
    const { status, stderr } = await etc.run(['install', bad, FILES_ONLY]);
    expect(status).toBe(78);
    expect(stderr).toMatch(/mikrotik\.toml: router 1: passwort: unknown/);
    expect(etc.files()).toEqual(before);
  });
});

describe('the program of the stanzas', () => {
  testWithFwknop('is this one, where the one of init is not here', async () => {
    const etc = new EtcFwknop();
    const laptop = await makeSetup('--helper=/nowhere/bin/fwknop-mikrotik', '--client=laptop');
    await etc.run(['install', laptop, FILES_ONLY]);
    const commands = etc.read('access.conf').match(/^CMD_CYCLE_OPEN .*$/gm);
    expect(commands).toEqual(
      ['phone', 'laptop'].map(
        (name) =>
          `CMD_CYCLE_OPEN           ${EXECUTABLE} --client ${name} $SRC $PROTO $PORT $CLIENT_TIMEOUT`,
      ),
    );
  });

  testWithFwknop('is never one that npx keeps for a while', async () => {
    const etc = new EtcFwknop();
    const before = etc.files();
    const laptop = await makeSetup('--helper=/nowhere/bin/fwknop-mikrotik');
    const npx = ownPath('_npx');
    mkdirSync(join(npx, '_npx'), { recursive: true });
    const cache = join(npx, '_npx', 'fwknop-mikrotik');
    symlinkSync(EXECUTABLE, cache);
    const program = [NODE, cache];
    const { status, stderr } = await etc.run(['install', laptop, FILES_ONLY], { program });
    expect({ status, stderr }).toEqual({
      status: 78,
      stderr: expect.stringMatching(/npx removes/),
    });
    expect(etc.files()).toEqual(before);
  });
});

describe('stanzas that are installed', () => {
  const STAYS = /^warn {2}install: \/etc\/fwknop\/access\.conf: it differs .*\n +hint: .*--force$/m;

  testWithFwknop.each<[string, (etc: EtcFwknop) => Promise<void>]>([
    [
      'with a line that was edited',
      async (etc) => edit(join(etc.path, 'access.conf'), 'TIMER          30', 'TIMER 60'),
    ],
    [
      'with a client that was added',
      async (etc) => {
        await etc.run(['client', 'add', 'laptop', '--out', ownPath('laptop')]);
      },
    ],
  ])('%s stay, but by force', async (_, change) => {
    const etc = new EtcFwknop();
    await etc.run(['install', setup, FILES_ONLY]);
    const before = etc.files();
    await change(etc);
    const changed = etc.files();
    expect(changed).not.toEqual(before);
    const { status, stdout } = await etc.run(['install', setup, FILES_ONLY]);
    expect(status).toBe(0);
    expect(stdout).toMatch(STAYS);
    expect(etc.files()).toEqual(changed);
    expect((await etc.run(['install', setup, FILES_ONLY, '--force'])).stdout).not.toMatch(STAYS);
    expect(etc.files()).toEqual(before);
  });

  testWithFwknop('give way to those of another setup, unless a client is lost', async () => {
    const etc = new EtcFwknop();
    await etc.run(['install', await makeSetup('--client=laptop'), FILES_ONLY]);
    const before = etc.files();
    const { status, stderr } = await etc.run(['install', setup, FILES_ONLY]);
    expect(status).toBe(78);
    expect(stderr).toMatch(
      /has clients that the setup lacks: laptop; hint: remove them by --force/,
    );
    expect(etc.files()).toEqual(before);
    expect((await etc.run(['install', setup, FILES_ONLY, '--force'])).status).toBe(0);
    expect(etc.read('access.conf')).not.toContain('laptop');

    const other = await makeSetup();
    expect((await etc.run(['install', other, FILES_ONLY])).status).toBe(0);
    const stanzas = marked(readFileSync(join(other, 'access.conf'), 'utf8'));
    expect(etc.read('access.conf')).toBe(stanzas);
  });
});

describe('a directory is refused', () => {
  whereRoot.each<[string, (directory: string) => void, string[], RegExp, string?]>([
    [
      'of another user',
      (directory) => giveTo(1234, directory),
      [],
      /belongs to another user than root/,
    ],
    [
      'of another user than the one of sudo',
      (directory) => giveTo(1234, directory),
      ['SUDO_UID=1235'],
      /another user than root and the user who called sudo; hint: chown -R root /,
    ],
    [
      'with a file of another user',
      (directory) => chownSync(join(directory, 'mikrotik.toml'), 1234, 1234),
      ['SUDO_UID=nobody'],
      /another user than root;/,
    ],
    [
      'that the group may write',
      (directory) => chmodSync(directory, 0o770),
      [],
      /setup: may be written by others; hint: chmod go-w /,
    ],
    [
      'with a file that others may write',
      (directory) => chmodSync(join(directory, 'access.conf'), 0o602),
      [],
      /access\.conf: may be written by others/,
    ],
    [
      'with a link',
      (directory) => {
        renameSync(join(directory, 'access.conf'), join(directory, 'a'));
        symlinkSync('a', join(directory, 'access.conf'));
      },
      [],
      /access\.conf: a symbolic link/,
    ],
    [
      'that is a link',
      (directory) => {
        renameSync(directory, `${directory}.real`);
        symlinkSync(`${directory}.real`, directory);
      },
      [],
      /setup: not a directory, or a symbolic link/,
    ],
    [
      'that is a link, with a slash at its end',
      (directory) => {
        renameSync(directory, `${directory}.real`);
        symlinkSync(`${directory}.real`, directory);
      },
      [],
      /setup: not a directory, or a symbolic link/,
      '/',
    ],
    [
      'with a FIFO',
      (directory) => {
        rmSync(join(directory, 'mikrotik.toml'));
        execFileSync('mkfifo', ['-m', '600', join(directory, 'mikrotik.toml')]);
      },
      [],
      /mikrotik\.toml: not a regular file/,
    ],
    [
      'without a file',
      (directory) => rmSync(join(directory, 'mikrotik.toml')),
      [],
      /mikrotik\.toml: no such file; hint: fwknop-mikrotik init writes it/,
    ],
    [
      'without markers',
      (directory) => edit(join(directory, 'access.conf'), MARKER_END, '#'),
      [],
      /access\.conf: expected one .*found markers in line \d+; hint: /,
    ],
    ['that is not there', (directory) => rmSync(directory, { recursive: true }), [], /no such dir/],
  ])('%s', async (_, spoil, env, why, end = '') => {
    const etc = new EtcFwknop();
    const before = etc.files();
    const spoilt = await makeSetup();
    spoil(spoilt);
    const { status, stderr } = await etc.run(['install', spoilt + end, FILES_ONLY], { env });
    expect(status).toBe(78);
    expect(stderr).toMatch(why);
    expect(etc.files()).toEqual(before);
  });

  whereRoot('but not one of the user who called sudo', async () => {
    const etc = new EtcFwknop();
    const own = await makeSetup();
    giveTo(1234, own);
    const env = ['SUDO_UID=1234'];
    expect(await etc.run(['install', own, FILES_ONLY], { env })).toMatchObject({ status: 0 });
    for (const name of readdirSync(etc.path)) expect(statSync(join(etc.path, name)).uid).toBe(0);
  });
});

describe('/etc/fwknop is refused', () => {
  whereRoot.each<[string, (etc: EtcFwknop) => void, RegExp]>([
    [
      'with a file that others may write',
      (etc) => chmodSync(join(etc.path, 'access.conf'), 0o622),
      /access\.conf: may be written by others; hint: chmod go-w /,
    ],
    [
      'with a marker that lacks its partner',
      (etc) => etc.write('fwknopd.conf', `VERBOSE 1;\n${MARKER_BEGIN}\n`),
      /fwknopd\.conf: expected one .*found markers in line 2/,
    ],
    [
      'with text of another encoding',
      (etc) => writeAs(join(etc.path, 'access.conf'), Buffer.from('# caf\xe9\n', 'latin1')),
      /access\.conf: not UTF-8/,
    ],
    [
      'with a link that leads nowhere',
      (etc) => {
        rmSync(join(etc.path, 'access.conf'));
        symlinkSync('nowhere', join(etc.path, 'access.conf'));
      },
      /access\.conf: a symbolic link that leads nowhere/,
    ],
    [
      'with a directory in the place of a file',
      (etc) => {
        rmSync(join(etc.path, 'access.conf'));
        mkdirSync(join(etc.path, 'access.conf'));
      },
      /access\.conf: not a regular file/,
    ],
    [
      'that others may write',
      (etc) => chmodSync(etc.path, 0o775),
      /\/etc\/fwknop: may be written by others; hint: chmod go-w \/etc\/fwknop/,
    ],
  ])('%s', async (_, spoil, why) => {
    const etc = new EtcFwknop();
    spoil(etc);
    const before = readdirSync(etc.path);
    const { status, stderr } = await etc.run(['install', setup, FILES_ONLY]);
    expect(status).toBe(78);
    expect(stderr).toMatch(why);
    expect(readdirSync(etc.path)).toEqual(before);
  });

  testWithFwknop('where it is not there', async () => {
    const etc = new EtcFwknop();
    const more = ['mount -t tmpfs tmpfs /etc'];
    const { status, stderr } = await etc.run(['install', setup, FILES_ONLY], { more });
    expect(status).toBe(78);
    expect(stderr).toBe(
      line('/etc/fwknop: no such directory; hint: apt-get install fwknop-server'),
    );
  });
});

describe('a failure half-way', () => {
  testWithFwknop('of a full disk leaves every file as it was', async () => {
    const etc = new EtcFwknop();
    const before = etc.files();
    // Room for the shipped files and then for some of the pages that install needs.
    for (const pages of [9, 11, 13, 16, 22]) {
      const disk = ownPath('disk');
      mkdirSync(disk);
      const more = [
        `mount -t tmpfs -o mode=755,size=${pages * 4096} tmpfs ${disk}`,
        `cp -p /etc/fwknop/* ${disk}`,
        `mount --bind ${disk} /etc/fwknop`,
        `trap 'cp -p ${disk}/* ${etc.path}' EXIT`,
      ];
      const { status, stderr } = await etc.run(['install', setup, FILES_ONLY], {
        more: [...more, 'status=0; "$@" || status=$?; exit $status'],
      });
      expect(stderr).toMatch(/cannot be written: ENOSPC; hint: every file is as it was/);
      expect(status).toBe(78);
      expect(etc.files()).toEqual(before);
    }
  });

  testWithFwknop('of a disk that cannot be written says so', async () => {
    const etc = new EtcFwknop();
    const before = etc.files();
    const more = ['mount -o remount,bind,ro /etc/fwknop'];
    const { status, stderr } = await etc.run(['install', setup, FILES_ONLY], { more });
    expect(status).toBe(78);
    expect(stderr).toMatch(/mikrotik\.toml: cannot be written: EROFS/);
    expect(etc.files()).toEqual(before);
  });

  testWithFwknop('of a file that cannot be replaced puts the others back', async () => {
    const etc = new EtcFwknop();
    const before = etc.files();
    // Nobody can rename over a mount point: mikrotik.toml and access.conf are then written already.
    const conf = ownPath('fwknopd.conf');
    writeAs(conf, 'VERBOSE 1;\n');
    const more = [`mount --bind ${conf} /etc/fwknop/fwknopd.conf`];
    const { status, stderr } = await etc.run(['install', setup, FILES_ONLY], { more });
    expect(status).toBe(78);
    expect(stderr).toMatch(/fwknopd\.conf: cannot be written: EBUSY/);
    expect(etc.files()).toEqual(before);
  });
});

describe('a file that fwknopd would refuse', () => {
  testWithFwknop('changes nothing, and fwknopd says why', async () => {
    const etc = new EtcFwknop();
    // Only the stock stanza is known to be nobody's own.
    etc.write(
      'access.conf',
      `${OWN}SOURCE 192.0.2.1\nKEY_BASE64 __CHANGEME__\nOPEN_PORTS tcp/22\n`,
    );
    const before = etc.files();
    const { status, stderr } = await etc.run(['install', setup, FILES_ONLY]);
    expect(status).toBe(78);
    expect(stderr).toBe(
      line(
        "fwknopd would refuse its new configuration: KEY_BASE64 value is not properly set in stanza source '192.0.2.1' in access file: '/etc/fwknop/access.conf'; hint: nothing is changed; correct /etc/fwknop/access.conf first",
      ),
    );
    expect(etc.files()).toEqual(before);
  });
});

describe('--dry-run', () => {
  testWithFwknop('prints the changes without a secret, and makes none', async () => {
    const etc = new EtcFwknop();
    const before = etc.files();
    const { status, stdout } = await etc.run(['install', setup, '--dry-run']);
    expect(status).toBe(0);
    expect(stdout).toContain('+ KEY_BASE64               ...\n');
    expect(stdout).toContain('+ UDPSERV_PORT 62201;\n');
    expect(stdout).toContain('+ password = ...\n');
    const secrets = /(?:KEY_BASE64 +|password += ")([\w+/=-]{20,})/g;
    const texts = ['access.conf', 'mikrotik.toml'].map((name) =>
      readFileSync(join(setup, name), 'utf8'),
    );
    const found = [...texts.join('').matchAll(secrets)].map(([, secret = '']) => secret);
    expect(found).toHaveLength(3);
    for (const secret of found) expect(stdout).not.toContain(secret);
    expect(etc.files()).toEqual(before);
  });
});

describe('--undo', () => {
  testWithFwknop("takes out what install put in, and leaves somebody's own", async () => {
    const etc = new EtcFwknop();
    etc.write('access.conf', OWN);
    await etc.run(['install', setup, FILES_ONLY]);
    const preview = await etc.run(['install', '--undo', '--dry-run']);
    expect(preview.stdout).toContain('- UDPSERV_PORT 62201;\n');
    const { status, stdout } = await etc.run(['install', '--undo']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/mikrotik\.toml: stays/);
    expect(stdout).toMatch(/hint: .*service fwknop-server restart/);
    expect(etc.read('access.conf')).toBe(OWN);
    expect(etc.read('fwknopd.conf')).toBe(shipped('fwknopd.conf'));
    expect(existsSync(join(etc.path, 'mikrotik.toml'))).toBe(true);

    const again = await etc.run(['install', '--undo']);
    expect(again.stdout).toMatch(/^warn {2}install: markers: .*\n {6}hint: .*access\.conf~$/m);
    expect(again.stdout).not.toMatch(/fwknop-server/);
  });

  testWithSystemd('stops fwknopd where no stanza is left', async () => {
    const etc = new EtcFwknop();
    const log = ownPath('log');
    await etc.run(['install', setup, FILES_ONLY]);
    const { status } = await etc.run(['install', '--undo'], { more: systemd(log) });
    expect(status).toBe(0);
    expect(readFileSync(log, 'utf8')).toBe('stop fwknop-server\ndisable fwknop-server\n');
    expect(etc.read('access.conf')).toBe('');
  });
});

describe('the whole', () => {
  const { selfSigned } = certificates();
  const USER = { ...OUR_USERS[0]!, name: 'fwknop-mikrotik', password: 'Zuckerrohr' };

  /** A setup for a router that is there, which shows a certificate that signs itself. */
  async function setupOfRouter(): Promise<string> {
    const router = await ourRouter({ transport: selfSigned, users: [USER] });
    const own = await makeSetup();
    const lines = `password = "Zuckerrohr"\nport = ${router.port}`;
    edit(join(own, 'mikrotik.toml'), /password = .*/, lines);
    return own;
  }

  testWithSystemd('restarts fwknopd once, pins, and ends with check', async () => {
    const own = await setupOfRouter();
    const etc = new EtcFwknop();
    const log = ownPath('log');
    const more = systemd(log);

    const args = ['install', own, `--pin=${selfSigned.fingerprint}`];
    const first = await etc.run(args, { more });
    expect(readFileSync(log, 'utf8')).toBe('enable fwknop-server\nrestart fwknop-server\n');
    expect(first.stdout).toContain('ok    install: fwknopd: enabled and restarted\n');
    expect(etc.read('mikrotik.toml')).toContain(`fingerprint = "${selfSigned.fingerprint}"`);
    expect(first.stdout).toMatch(/^ok .*: login: /m);

    rmSync(log);
    const second = await etc.run(args, { more });
    expect(existsSync(log)).toBe(false);
    expect(second.stdout.match(/^ok {4}install: .*: unchanged$/gm)).toHaveLength(3);
    const check = await etc.run(['check'], { more });
    expect(second.status).toBe(check.status);
    expect(second.stdout.endsWith(check.stdout.slice(-200))).toBe(true);
  });

  const withTerminal = existsSync('/usr/bin/script')
    ? testWithFwknop
    : leftOut('install on a terminal', 'the Debian package bsdutils');

  withTerminal('asks on a terminal whether to pin', async () => {
    const own = await setupOfRouter();
    const etc = new EtcFwknop();
    const answers: Answer[] = [['[y/N]', 'y']];
    const { screen } = await runOnTerminal(['install', own], answers, '/', etc.command());
    expect(screen).toContain(selfSigned.fingerprint);
    expect(etc.read('mikrotik.toml')).toContain(`fingerprint = "${selfSigned.fingerprint}"`);
  });

  testWithFwknop('makes the code cache', async () => {
    const own = await setupOfRouter();
    const etc = new EtcFwknop();
    const copy = ownPath('copy');
    mkdirSync(copy);
    const root = join(__dirname, '../..');
    for (const name of ['bin', 'dist']) execFileSync('cp', ['-rL', join(root, name), copy]);
    const dist = join(copy, 'dist');
    const caches = () => readdirSync(dist).filter((name) => name.endsWith('.cache'));
    for (const name of caches()) rmSync(join(dist, name));
    await etc.run(['install', own], { program: [NODE, join(copy, 'bin/fwknop-mikrotik')] });
    expect(caches()).toHaveLength(1);
  });

  testWithSystemd('says when fwknopd does not restart', async () => {
    const etc = new EtcFwknop();
    const log = ownPath('log');
    const { status, stdout } = await etc.run(['install', setup], { more: systemd(log, 1) });
    expect(status).toBe(78);
    expect(stdout).toContain(
      'FAIL  install: fwknopd: systemctl enable fwknop-server failed: Job failed. See\n      hint: systemctl status fwknop-server\n',
    );
    expect(stdout).toMatch(/^ok {4}configuration: /m);
  });

  testWithFwknop('names the command where systemd does not run', async () => {
    const etc = new EtcFwknop();
    const { stdout } = await etc.run(['install', setup]);
    expect(stdout).toMatch(/^ {6}hint: .*service fwknop-server restart$/m);
  });
});

describe('in the container', () => {
  /** Shell commands that put the container's marker in its place. */
  function container(): string[] {
    const layer = ownPath('layer');
    mkdirSync(layer);
    const options = `lowerdir=/usr/lib,upperdir=${layer}/upper,workdir=${layer}/work`;
    return [
      `mount -t tmpfs tmpfs ${layer}`,
      `mkdir ${layer}/upper ${layer}/work`,
      `mount -t overlay -o ${options} overlay /usr/lib`,
      'mkdir -p /usr/lib/fwknop-mikrotik',
      'touch /usr/lib/fwknop-mikrotik/container',
    ];
  }

  whereRoot('the files are copies of those in the directory, whoever owns it', async () => {
    const etc = new EtcFwknop();
    const config = await makeSetup();
    edit(join(config, 'access.conf'), /^/, OWN);
    giveTo(1234, config);
    for (const name of ['', 'access.conf', 'mikrotik.toml']) chmodSync(join(config, name), 0o777);
    const args = ['install', FILES_ONLY, config];
    expect(await etc.run(args, { more: container() })).toMatchObject({ status: 0, stderr: '' });
    const copy = (name: string) => readFileSync(join(config, name), 'utf8');
    expect(etc.read('access.conf')).toBe(copy('access.conf'));
    expect(etc.read('mikrotik.toml')).toBe(copy('mikrotik.toml'));
    expect(etc.read('fwknopd.conf')).toContain(LISTEN);
    for (const name of ['access.conf', 'mikrotik.toml', 'fwknopd.conf']) {
      const { uid, mode } = statSync(join(etc.path, name));
      expect({ uid, mode: mode & 0o7777 }).toEqual({ uid: 0, mode: 0o600 });
    }

    edit(join(config, 'mikrotik.toml'), '"1h"', '"2h"');
    edit(join(config, 'access.conf'), OWN, '');
    const again = await etc.run(args, { more: container() });
    expect(again.stdout).not.toMatch(/warn|systemctl|sudo/);
    expect(etc.read('access.conf')).toBe(copy('access.conf'));
    expect(etc.read('mikrotik.toml')).toBe(copy('mikrotik.toml'));
  });

  whereRoot('a restart is the one of the container', async () => {
    const etc = new EtcFwknop();
    const { stdout } = await etc.run(['install', setup], { more: container() });
    expect(stdout).toContain('      hint: restart the container\n');
  });
});
