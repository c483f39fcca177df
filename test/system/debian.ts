/**
 * The story of packaging/test-system: init's own steps on a fresh Debian system, from the shipped files of
 * fwknop-server to an entry on the router.
 *
 *     unshare … sh network.sh node -r ts-node/register/transpile-only debian.ts ROOT
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/wait';
import {
  INSIDE,
  must,
  OUTSIDE,
  on,
  openEntries,
  provisionedRouter,
  type Result,
  ROUTER,
  ROUTER_OUTSIDE,
  run,
  sendFromOutside,
  step,
} from './machines';

const ROOT = resolve(process.argv[2] ?? '');
const ACCESS_CONF = 'etc/fwknop/access.conf';
const FWKNOPD_CONF = 'etc/fwknop/fwknopd.conf';
const UNIT = 'usr/lib/systemd/system/fwknop-server.service';
const PID_FILE = 'run/fwknop/fwknopd.pid';
const CLIENT = 'phone';
const SYSLOG = 'var/log/syslog';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';

/** The environment that systemd gives to a system service. */
const UNIT_ENVIRONMENT = [
  PATH,
  'LANG=C.UTF-8',
  'INVOCATION_ID=0123456789abcdef0123456789abcdef',
  'SYSTEMD_EXEC_PID=1',
];

const path = (name: string) => join(ROOT, name);
const read = (name: string) => readFileSync(path(name), 'utf8');
const log = () => read(SYSLOG);

/** The command line that runs a program of the Debian system. */
const debian = (host: 'inside' | 'outside', environment: readonly string[], ...command: string[]) =>
  on(host, 'env', '-i', ...environment, 'chroot', ROOT, ...command);

/** The command line of what root types at home, where init leaves its directory. */
const typed = (host: 'inside' | 'outside', line: string) =>
  debian(host, ['HOME=/root', PATH], 'sh', '-c', `cd /root && ${line}`);

const check = (): Promise<Result> => run(...typed('inside', 'fwknop-mikrotik check'));
const install = (fingerprint: string): Promise<Result> =>
  run(...typed('inside', `fwknop-mikrotik install --pin=${fingerprint}`));

const knock = () =>
  must(...typed('outside', `fwknop -n ${ROUTER_OUTSIDE}-tcp22 -a ${OUTSIDE} -B packet`));

const lastLine = (output: string) => output.trimEnd().split('\n').at(-1) ?? '';

async function expectReady(): Promise<void> {
  const { status, output } = await check();
  assert.equal(status, 0, output);
  assert.equal(lastLine(output), 'ready: knock from outside');
  assert.doesNotMatch(output, /^(?:FAIL|warn)/m, output);
}

async function expectNotReady(why: RegExp): Promise<void> {
  const { status, output } = await check();
  assert.equal(status, 78, output);
  assert.match(lastLine(output), /^not ready: /);
  assert.match(lastLine(output), why);
}

async function startSyslog(): Promise<void> {
  const command = debian('inside', [PATH], 'busybox', 'syslogd', '-n', '-O', `/${SYSLOG}`);
  spawn(command[0]!, command.slice(1), { stdio: 'ignore' });
  await until('/dev/log', () => existsSync(path('dev/log')));
}

/** Starts fwknopd as its unit does: Type=forking, so that it is ready when the command has ended. */
async function startFwknopd(): Promise<void> {
  const [, command = ''] = /^ExecStart=(.*)$/m.exec(read(UNIT)) ?? [];
  await must(...debian('inside', UNIT_ENVIRONMENT, ...command.split(' ')));
  await until('fwknopd to write its pid', () => existsSync(path(PID_FILE)));
}

async function stopFwknopd(): Promise<void> {
  const pid = Number(read(PID_FILE));
  process.kill(pid);
  await until('fwknopd to end', () => !existsSync(`/proc/${pid}`));
}

async function restartFwknopd(): Promise<void> {
  await stopFwknopd();
  await startFwknopd();
}

async function main(): Promise<void> {
  // The tests make mount namespaces inside, for which / must be a mount point.
  await must('mount', '--bind', ROOT, ROOT);
  await must('mount', '-t', 'proc', 'proc', path('proc'));
  await startSyslog();
  const [, release = ''] = /^PRETTY_NAME="(.*)"$/m.exec(read('etc/os-release')) ?? [];
  const [version = ''] = (await must(...typed('inside', 'fwknopd --version'))).split('\n');
  console.log(`${release}, ${version}`);

  const shipped = read(FWKNOPD_CONF);

  await step('init writes the files of a setup', () =>
    must(
      ...typed(
        'inside',
        `fwknop-mikrotik init --router=${ROUTER} --fwknopd=${INSIDE} --server=${ROUTER_OUTSIDE} --service=tcp/22 --client=${CLIENT}`,
      ),
    ),
  );
  const { router, fingerprint } = await step('the router imports router.rsc', () =>
    provisionedRouter(read('root/fwknop-setup/router.rsc')),
  );
  await step('check names the missing configuration first', async () => {
    const { status, output } = await check();
    assert.equal(status, 78, output);
    assert.match(output, /^FAIL {2}configuration: file: /, output);
  });

  await step('install puts the files in place; its check misses fwknopd alone', async () => {
    const { status, output } = await install(fingerprint);
    assert.equal(status, 78, output);
    assert.match(output, /hint: .*service fwknop-server restart/, output);
    assert.match(lastLine(output), /^not ready: fwknopd: running: fwknopd does not run; hint: /);
    assert.equal(output.match(/^FAIL/gm)?.length, 1, output);
  });
  await step('fwknopd starts as its unit starts it', startFwknopd);
  await step('check says that a knock from outside would open', expectReady);
  await step('a second install changes nothing', async () => {
    const before = read(ACCESS_CONF) + read(FWKNOPD_CONF);
    const { status, output } = await install(fingerprint);
    assert.equal(status, 0, output);
    assert.equal(read(ACCESS_CONF) + read(FWKNOPD_CONF), before);
  });

  await step('the stock client knocks, and the entry is there', async () => {
    await must(...typed('outside', `install -m 600 fwknop-setup/${CLIENT}/fwknoprc .fwknoprc`));
    await knock();
    await until('an entry', () => openEntries(router).length > 0);
    assert.deepEqual(openEntries(router), [`FWKNOP_6_22 ${OUTSIDE}`]);
    await until('a report', () =>
      log().includes(`opened tcp/22 to ${OUTSIDE} (FWKNOP_6_22, ${CLIENT})`),
    );
  });
  await step('the same packet opens nothing again', async () => {
    const { connections } = router;
    await sendFromOutside(path('root/packet'));
    await until('fwknopd to refuse it', () => log().includes('Replay detected'));
    assert.equal(router.connections, connections);
  });
  await step('check agrees with a knock also under the shipped fwknopd.conf', async () => {
    const conf = read(FWKNOPD_CONF);
    await must('touch', path(ACCESS_CONF));
    await expectNotReady(/fwknopd started before \/etc\/fwknop\/access\.conf changed/);
    writeFileSync(path(FWKNOPD_CONF), shipped);
    await restartFwknopd();
    const isDeaf = /^ENABLE_NFQ_CAPTURE +Y;/m.test(shipped);
    await (isDeaf ? expectNotReady(/capture: ENABLE_NFQ_CAPTURE is Y/) : expectReady());
    const { connections } = router;
    await knock();
    if (isDeaf) await sleep(2000);
    else await until('the helper to connect', () => router.connections > connections);
    assert.equal(router.connections > connections, !isDeaf);

    writeFileSync(path(FWKNOPD_CONF), conf);
    await restartFwknopd();
    await expectReady();
  });
  await step('fwknopd stops, and install --undo leaves the shipped fwknopd.conf', async () => {
    await stopFwknopd();
    await must(...typed('inside', 'fwknop-mikrotik install --undo'));
    assert.equal(read(FWKNOPD_CONF), shipped);
    assert.doesNotMatch(read(ACCESS_CONF), /^[^#\s]/m);
  });
  await router.close();
  await step('test/fwknop passes with this fwknopd', testFwknop);
}

/** Runs the checkout's tests of the world with fwknopd, the client, Node.js and the helper of the system. */
async function testFwknop(): Promise<void> {
  const checkout = process.cwd();
  mkdirSync(path(checkout), { recursive: true });
  await must('mount', '--bind', checkout, path(checkout));
  const environment = [PATH, 'FWKNOP_MIKROTIK=/usr/bin/fwknop-mikrotik', 'CI=true'];
  const jest =
    'node_modules/.bin/jest test/fwknop/contract test/fwknop/end-to-end test/fwknop/examples';
  const command = debian('inside', environment, 'sh', '-c', `cd ${checkout} && ${jest}`);
  const child = spawn(command[0]!, command.slice(1), { stdio: 'inherit' });
  const [status] = await once(child, 'close');
  assert.equal(status, 0);
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    if (existsSync(path(SYSLOG))) console.error(`the system log:\n${log()}`);
    process.exit(1);
  },
);
