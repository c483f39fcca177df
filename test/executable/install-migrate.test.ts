/** `install --migrate`: from an access.conf of open_ports.py to one of this program. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificates } from '../../simulator/certificates';
import { writeAs } from '../support/files';
import { OUR_USERS, ourRouter, ownPath } from '../support/router';
import { EXECUTABLE } from '../support/run';
import { EtcFwknop, systemd, testWithFwknop, testWithSystemd } from './etc-fwknop';

const PASSWORD = 'Melasse';
const WORDS = '$SRC $PROTO $PORT $CLIENT_TIMEOUT';
const MIGRATE = ['install', '--migrate', '--files-only'];
const KEYS = `KEY_BASE64          ${'QUJD'.repeat(8)}\nHMAC_KEY_BASE64     ${'REVG'.repeat(8)}\n`;
const TLS_SCRIPT = 'import ssl\napi = connect(host=args.routerip, ssl_wrapper=w)\n';
const PLAIN_SCRIPT = 'api = connect(host=args.routerip)\n';

const stanza = (command: string) =>
  `SOURCE              ANY\n${KEYS}CMD_CYCLE_OPEN      ${command}\nCMD_CYCLE_CLOSE     NONE\n`;

/** An open_ports.py of its own, as in the home of a user: it is only read. */
function script(text: string): string {
  const home = ownPath('home');
  mkdirSync(home);
  return writeAs(join(home, 'open_ports.py'), text, 0o666);
}

const old = (path: string, host = '192.0.2.1', more = '') =>
  `python3 ${path} --routerip ${host} --routeruser api --routerpass ${PASSWORD} ${more}${WORDS}`;

function etcWith(accessConf: string): EtcFwknop {
  const etc = new EtcFwknop();
  etc.write('access.conf', accessConf);
  return etc;
}

testWithFwknop('its lines run this program, and keys and everything else stay', async () => {
  const own = `# mine\r\nSOURCE 198.51.100.7\n${KEYS}OPEN_PORTS tcp/22\n`;
  const path = script(TLS_SCRIPT);
  const text = `${own}${stanza(old(path))}${stanza(old(path))}# the end`;
  const etc = etcWith(text);
  const { status, stdout, stderr } = await etc.run(MIGRATE);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const ours = stanza(`${EXECUTABLE} ${WORDS}`);
  expect(etc.read('access.conf')).toBe(`${own}${ours}${ours}# the end`);
  expect(etc.read('access.conf~')).toBe(text);
  expect(etc.read('mikrotik.toml')).toMatch(
    /^\[\[router\]\]\nhost {5}= "192\.0\.2\.1"\nuser {5}= "api"\npassword = "Melasse"\ntls {6}= "insecure"\n$/m,
  );
  expect(stdout).toMatch(
    /^warn {2}install: password: fwknopd has logged it at every knock, and \/etc\/fwknop\/access\.conf~ holds it\n {6}hint: change it on the router/m,
  );
  expect(stdout).not.toContain(PASSWORD);
});

testWithFwknop('the transport is the one of the script', async () => {
  const etc = etcWith(stanza(old(script(PLAIN_SCRIPT))));
  const { stdout } = await etc.run(MIGRATE);
  expect(etc.read('mikrotik.toml')).toMatch(/^tls {6}= "off"$/m);
  expect(stdout).toMatch(/^warn {2}install: transport: plain text/m);
});

describe('where the script cannot be read', () => {
  const migrate = async (host: string) => {
    const etc = etcWith(stanza(old('/nowhere/open_ports.py', host)));
    const { status, stdout } = await etc.run(MIGRATE);
    expect(status).toBe(0);
    return { stdout, toml: etc.read('mikrotik.toml') };
  };

  testWithFwknop('plain text is spoken where 8728 alone answers; nothing is sent', async () => {
    const router = await ourRouter({ host: '127.0.0.21', port: 8728 });
    const { stdout, toml } = await migrate('127.0.0.21');
    expect(toml).toMatch(/^tls {6}= "off"$/m);
    expect(stdout).toMatch(/^warn {2}install: transport: plain text/m);
    expect(router.sentences).toEqual([]);
  });

  testWithFwknop('TLS is spoken where 8729 answers', async () => {
    const { selfSigned: transport } = certificates();
    await ourRouter({ host: '127.0.0.22', port: 8728 });
    const router = await ourRouter({ host: '127.0.0.22', port: 8729, transport });
    const { stdout, toml } = await migrate('127.0.0.22');
    expect(toml).toMatch(/^tls {6}= "insecure"$/m);
    expect(stdout).toMatch(/^warn {2}install: open_ports\.py: cannot be read: TLS on port 8729/m);
    expect(router.sentences).toEqual([]);
  });

  testWithFwknop('TLS is assumed where neither answers', async () => {
    expect((await migrate('127.0.0.23')).toml).toMatch(/^tls {6}= "insecure"$/m);
  });
});

describe('nothing is changed', () => {
  testWithFwknop.each<[string, () => string, RegExp]>([
    [
      'with two routers',
      () => stanza(old(script(TLS_SCRIPT))) + stanza(old(script(TLS_SCRIPT), '192.0.2.2')),
      /access\.conf: lines 4, 9 run open_ports\.py with different options; hint: /,
    ],
    [
      'with two transports',
      () => stanza(old(script(TLS_SCRIPT))) + stanza(old(script(PLAIN_SCRIPT))),
      /with different options/,
    ],
    [
      'with an unknown option',
      () => stanza(old(script(TLS_SCRIPT), '192.0.2.1', '--ttl 7 ')),
      /access\.conf:4: --ttl is no known option of open_ports\.py/,
    ],
    [
      'without a password',
      () => stanza(old(script(TLS_SCRIPT)).replace(/--routerpass \S+ /, '')),
      /--routerpass is not given, and .*open_ports\.py has no default for it/,
    ],
    [
      'with a value that cannot be one',
      () => stanza(old(script(TLS_SCRIPT), '[192.0.2.1]')),
      /options of open_ports\.py: router 1: host: expected/,
    ],
    [
      'without such a line',
      () => stanza('/bin/true'),
      /access\.conf: no CMD_CYCLE_OPEN runs open_ports\.py; hint: where it was moved before, fwknop-mikrotik check/,
    ],
    [
      'without such a line, but with an included file',
      () => '%include /etc/fwknop/more.conf\n',
      /runs open_ports\.py; hint: files that it includes are not searched/,
    ],
  ])('%s', async (_, accessConf, why) => {
    const etc = etcWith(accessConf());
    const before = etc.files();
    const { status, stderr } = await etc.run(MIGRATE);
    expect(status).toBe(78);
    expect(stderr).toMatch(why);
    expect(stderr).not.toContain(PASSWORD);
    expect(etc.files()).toEqual(before);
  });

  testWithFwknop('where mikrotik.toml says something else, but by force', async () => {
    const etc = etcWith(stanza(old(script(TLS_SCRIPT))));
    etc.write('mikrotik.toml', '[[router]]\nhost = "192.0.2.9"\nuser = "u"\npassword = "p"\n');
    const before = etc.files();
    const { status, stderr } = await etc.run(MIGRATE);
    expect(status).toBe(78);
    expect(stderr).toMatch(/mikrotik\.toml: differs from .*; hint: replace it by --force/);
    expect(etc.files()).toEqual(before);
    expect((await etc.run([...MIGRATE, '--force'])).status).toBe(0);
    expect(etc.read('mikrotik.toml')).toContain('"192.0.2.1"');
    expect(etc.read('mikrotik.toml~')).toContain('"192.0.2.9"');
  });

  testWithFwknop('by --dry-run, which shows no password', async () => {
    const etc = etcWith(stanza(old(script(TLS_SCRIPT))));
    const before = etc.files();
    const { status, stdout } = await etc.run(['install', '--migrate', '--dry-run']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^- CMD_CYCLE_OPEN .*--routerpass \.\.\. /m);
    expect(stdout).toContain(`+ CMD_CYCLE_OPEN      ${EXECUTABLE} ${WORDS}\n`);
    expect(stdout).not.toContain(PASSWORD);
    expect(etc.files()).toEqual(before);
  });
});

testWithSystemd('it restarts fwknopd, pins, and ends with check', async () => {
  const { selfSigned } = certificates();
  const user = { ...OUR_USERS[0]!, name: 'api', password: PASSWORD };
  const router = await ourRouter({ transport: selfSigned, users: [user] });
  const path = script(TLS_SCRIPT.replace('host=', `port=${router.port}, host=`));
  const etc = etcWith(stanza(old(path, '127.0.0.1')));
  const log = ownPath('log');
  const args = ['install', '--migrate', `--pin=${selfSigned.fingerprint}`];
  const { stdout } = await etc.run(args, { more: systemd(log) });
  expect(readFileSync(log, 'utf8')).toBe('enable fwknop-server\nrestart fwknop-server\n');
  const toml = etc.read('mikrotik.toml');
  expect(toml).toContain(`fingerprint = "${selfSigned.fingerprint}"`);
  expect(toml).toContain('tls      = "verify"');
  expect(stdout).toMatch(/^ok .*: login: /m);
  expect(stdout).not.toContain(PASSWORD);
  expect(existsSync(join(etc.path, 'mikrotik.toml~'))).toBe(false);
});
