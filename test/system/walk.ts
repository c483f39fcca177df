/**
 * The story of packaging/test-walk: the commands of README.md, word for word, on a fresh Debian system.
 *
 *     walk.ts build ROOT CLONE    "Install", with the network of this machine
 *     walk.ts use ROOT            all that follows, in the namespaces of network.sh
 *
 * Programs that this world lacks are stand-ins: scp and ssh lead to the simulated router, systemctl starts
 * fwknopd as its unit says, and wget tells the address that a web service would.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { startRouter, type TestRouter } from '../../simulator/api/server';
import { additionsOf } from '../../simulator/firewall/additions';
import { guardPort } from '../../simulator/firewall/guarded-port';
import { Configuration } from '../../simulator/script/configuration';
import { importScript } from '../../simulator/script/script';
import { readSection } from '../support/markdown';
import { until } from '../support/wait';
import { must, OUTSIDE, on, ROUTER_OUTSIDE, run, step } from './machines';

const [, , ACT, root = '', CLONE = ''] = process.argv;
const ROOT = resolve(root);
const ROUTER = process.env.ROUTER ?? '';
const API_PORT = 8729;
const BANNER = 'SSH-2.0-ROSSSH';
const SYSLOG = 'var/log/syslog';
const PID_FILE = '/run/fwknop/fwknopd.pid';
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const path = (name: string) => join(ROOT, name);
const read = (name: string) => readFileSync(path(name), 'utf8');

/** The blocks of shell commands in a section of the README. */
const blocks = (heading: string): readonly string[] =>
  readSection('README.md', heading)
    .blocks.filter(({ language }) => language === 'sh')
    .map(({ text }) => text);

/** The command line that runs a text in the system's shell. @param host undefined: this machine's network */
function typed(host: 'inside' | 'outside' | undefined, text: string, home = '/root') {
  const environment = [`HOME=${home}`, PATH, 'LANG=C.UTF-8', 'DEBIAN_FRONTEND=noninteractive'];
  const shell = ['sh', '-e', '-c', `cd ${home}\n${text}`];
  const command = ['env', '-i', ...environment, 'chroot', ROOT, ...shell];
  return host === undefined ? command : on(host, ...command);
}

function standIn(name: string, script: string): void {
  writeFileSync(path(name), `#!/bin/sh\n${script}\n`);
  chmodSync(path(name), 0o755);
}

async function build(): Promise<void> {
  const [onAnyMachine = '', onTheHost = ''] = blocks('Install');
  const bin = join(CLONE, '../bin');
  mkdirSync(bin);
  // `scp … pi:` leaves the package in the home directory there.
  writeFileSync(join(bin, 'scp'), `#!/bin/sh\ncp "$1" ${path('root')}\n`);
  chmodSync(join(bin, 'scp'), 0o755);
  await step('the package is built from a clone, and copied', () =>
    must(
      'env',
      `PATH=${bin}:${process.env.PATH}`,
      'sh',
      '-e',
      '-c',
      `cd ${CLONE}\n${onAnyMachine}`,
    ),
  );
  copyFileSync('/etc/resolv.conf', path('etc/resolv.conf'));
  appendFileSync(path('etc/hosts'), `127.0.1.1 ${hostname()}\n`);
  writeFileSync(path('etc/apt/apt.conf.d/walk'), 'APT::Get::Assume-Yes "true";\n');
  await must(...typed(undefined, 'apt-get -qq update'));
  await step('apt-get installs it, with fwknopd and Node.js', () =>
    must(...typed(undefined, onTheHost)),
  );
}

/** The simulated router and its shell, to which scp and ssh lead. */
class Router {
  private readonly configuration = new Configuration('7.24');
  api!: TestRouter;
  fingerprint = '';

  async import(script: string): Promise<void> {
    const printed = importScript(script, this.configuration).join('\n');
    writeFileSync(path('walk/printed'), `${printed}\n`);
    this.fingerprint = /\b[0-9a-f]{64}\b/.exec(printed)?.[0] ?? this.fingerprint;
  }

  async start(): Promise<void> {
    this.api = await startRouter({ ...this.configuration.serve(API_PORT), host: ROUTER });
    const rules = additionsOf(this.configuration);
    const filter = rules.filter(({ menu }) => menu === '/ip/firewall/filter');
    const { lists } = this.api;
    guardPort({ host: ROUTER_OUTSIDE, port: 22, banner: `${BANNER}\r\n`, rules: filter, lists });
  }

  /** The names and comments of all that the script has added. */
  additions(): readonly string[] {
    const items = Object.values(this.configuration.menus).flat();
    const texts = items.flatMap(({ name = '', comment = '' }) => [name, comment]);
    return texts.filter((text) => text.startsWith('fwknop-mikrotik'));
  }
}

function prepareHost(): void {
  mkdirSync(path('walk'));
  mkdirSync(path('run/systemd/system'), { recursive: true });
  appendFileSync(path('etc/hosts'), `\n${ROUTER_OUTSIDE} fw.example.com\n`);
  standIn('usr/local/bin/scp', 'cp "$1" /walk/copied');
  standIn(
    'usr/local/bin/ssh',
    `case $1 in
admin@${ROUTER}) cat /walk/printed ;;
*) # TCP itself would send the SYN again that met a closed port.
  for try in 1 2 3 4 5 6 7 8 9 10; do
    bash -c 'read -r banner </dev/tcp/'"\${1#*@}"'/22 && echo "$banner"' 2>/dev/null && exit
    sleep 0.5
  done
  exit 255 ;;
esac`,
  );
  const unit = read('usr/lib/systemd/system/fwknop-server.service');
  const [, start = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  const stop = `[ -e ${PID_FILE} ] && kill "$(cat ${PID_FILE})" && sleep 1`;
  standIn(
    'usr/bin/systemctl',
    `case $1 in
restart) ${stop}; mkdir -p /run/fwknop; env -i PATH=/usr/bin:/bin LANG=C.UTF-8 ${start} ;;
stop) ${stop} ;;
esac`,
  );
  standIn('usr/bin/wget', `echo ${OUTSIDE}`);
}

/** Runs a text on the host, on a terminal, and answers yes once. @returns what was to be seen */
async function onTerminal(text: string): Promise<string> {
  const file = path('walk/typed');
  writeFileSync(file, `cd /root\n${text}`);
  const command = on('inside', 'chroot', ROOT, 'sh', '-e', '/walk/typed').join(' ');
  const environment = { ...process.env, HOME: '/root', SHELL: '/bin/sh' };
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: environment,
  });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    if (!screen.includes('[y/N]') && (screen + part).includes('[y/N]')) child.stdin.write('y\n');
    screen += part;
  });
  const status = await new Promise((settle) => child.on('close', settle));
  if (status !== 0) throw new Error(`status ${status}: ${text}\n${screen}`);
  return screen;
}

/** The setup of somebody who uses open_ports.py over TLS. @param keys lines of access.conf */
function writeOldSetup(password: string, keys: readonly string[]): void {
  writeFileSync(path('opt/open_ports.py'), 'api = connect(ssl_wrapper=context.wrap_socket)\n');
  const login = `--routerip ${ROUTER} --routeruser fwknop-mikrotik --routerpass ${password}`;
  const words = '$SRC $PROTO $PORT $CLIENT_TIMEOUT';
  const stanza = [
    ...['SOURCE ANY', ...keys, 'REQUIRE_SOURCE_ADDRESS Y'],
    `CMD_CYCLE_OPEN /usr/bin/python3 /opt/open_ports.py ${login} ${words}`,
    'CMD_CYCLE_CLOSE NONE',
  ];
  writeFileSync(path('etc/fwknop/access.conf'), `${stanza.join('\n')}\n`);
  const listens = 'ENABLE_NFQ_CAPTURE N;\nENABLE_UDP_SERVER Y;\n';
  appendFileSync(path('etc/fwknop/fwknopd.conf'), listens);
}

async function use(): Promise<void> {
  const [init = '', onRouter = '', install = '', client = '', knock = ''] = blocks('Quick start');
  const [scp = '', ssh = ''] = onRouter.split(/\n(?=ssh)/);
  await must('mount', '--bind', ROOT, ROOT);
  await must('mount', '-t', 'proc', 'proc', path('proc'));
  await must('mount', '-t', 'devpts', '-o', 'ptmxmode=666', 'devpts', path('dev/pts')); // for sudo
  await must('ln', '-sf', 'pts/ptmx', path('dev/ptmx'));
  prepareHost();
  const [syslog = '', ...words] = on(
    'inside',
    'chroot',
    ROOT,
    'busybox',
    'syslogd',
    '-n',
    '-O',
    `/${SYSLOG}`,
  );
  spawn(syslog, words, { stdio: 'ignore' });
  await until('/dev/log', () => existsSync(path('dev/log')));

  await step('1. init writes the files', () => must(...typed('inside', init)));
  const router = new Router();
  await step('2. the router imports router.rsc and prints a fingerprint', async () => {
    await must(...typed('inside', scp));
    await router.import(read('walk/copied'));
    await router.start();
    assert.ok((await must(...typed('inside', ssh))).includes(router.fingerprint));
  });
  await step('3. install shows that fingerprint, pins it, and check says ready', async () => {
    const screen = await onTerminal(install);
    assert.ok(screen.includes(router.fingerprint), screen);
    assert.match(screen, /ready: knock from outside/, screen);
    assert.doesNotMatch(screen, /FAIL/, screen);
  });
  const home = '/home/laptop';
  await step('4. the laptop gets its stanzas', async () => {
    mkdirSync(path(home), { recursive: true });
    cpSync(path('root/fwknop-setup/laptop'), path(`${home}/laptop`), { recursive: true });
    await must(...typed('outside', client, home));
  });
  await step('5. a knock opens the port, and ssh connects', async () => {
    const { status } = await run(...typed('outside', 'ssh admin@fw.example.com', home));
    assert.equal(status, 255, 'the port was open before');
    const output = await must(...typed('outside', knock, home));
    assert.match(output, new RegExp(BANNER), output);
    assert.match(read(SYSLOG), new RegExp(`opened tcp/22 to ${OUTSIDE}`));
  });
  const [, password = ''] = /^password = "(.*)"$/m.exec(read('etc/fwknop/mikrotik.toml')) ?? [];
  await step('all of it is removed', async () => {
    const [remove = ''] = blocks('Upgrade and remove');
    await must(...typed('inside', remove));
    await router.import(read('root/undo.rsc'));
    assert.deepEqual(router.additions(), []);
    assert.ok(!existsSync(path('usr/bin/fwknop-mikrotik')));
    assert.doesNotMatch(read('etc/fwknop/access.conf'), /fwknop-mikrotik/);
    assert.ok(!existsSync(path('etc/fwknop/mikrotik.toml')));
  });
  await step('from open_ports.py: install moves its line, and a knock opens', async () => {
    await must(...typed('inside', 'sudo apt-get install ./fwknop-mikrotik_*_all.deb'));
    const keys = read(`${home}/laptop/fwknoprc`).match(/^(?:HMAC_)?KEY_BASE64 .*$/gm) ?? [];
    writeOldSetup(password, keys.slice(0, 2));
    const [migrate = ''] = blocks('From open_ports.py');
    const screen = await onTerminal(migrate);
    assert.match(screen, /ready: knock from outside/, screen);
    await must(...typed('outside', 'fwknop -n fw.example.com-tcp443', home));
    const lists = () => router.api.lists.v4.entries().map(({ list }) => list);
    await until('the entry', () => lists().includes('FWKNOP_6_443'));
  });
}

(ACT === 'build' ? build() : use()).then(
  () => process.exit(),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    if (existsSync(path(SYSLOG))) console.error(`the system log:\n${read(SYSLOG)}`);
    process.exit(1);
  },
);
