/**
 * The story of packaging/test-container: the files of init in the image, from an empty /config to an entry on
 * the router. The container has no capabilities, and a root file system that nobody can write to.
 *
 *     unshare … sh network.sh node -r ts-node/register/transpile-only container.ts DIRECTORY ARCHITECTURE
 *
 * DIRECTORY has podman's storage with the image.
 */
import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
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

const directory = resolve(process.argv[2] ?? '');
const path = (name: string) => join(directory, name);

const [PHONE, LAPTOP] = ['phone', 'laptop'];
const NAME = 'fwknopd';
// Podman would copy files into a tmpfs and make others; Docker does not.
const TMPFS = ['--tmpfs', '/etc/fwknop:notmpcopyup', '--read-only-tmpfs=false'];
const SAFE = ['--cap-drop', 'all', '--read-only', ...TMPFS];
const REPLAY_CACHE = ['--volume', `${path('run')}:/run/fwknop`];

const podman = (...args: readonly string[]): readonly string[] => [
  'podman',
  ...['--root', path('storage'), '--runroot', path('runroot')],
  ...['--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'],
  ...args,
];

/** The command line that runs the image on the host inside. @param config the volume for /config */
const image = (config: string, ...options: readonly string[]) =>
  podman(
    'run',
    ...['--network', 'ns:/run/netns/inside', '--volume', config],
    ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024', '--log-driver', 'k8s-file'],
    ...['--cgroups', 'no-conmon', '--cgroup-parent', '/fwknop-mikrotik-test'],
    ...options,
    'fwknop-mikrotik',
  );

const start = (config: string, ...options: readonly string[]) =>
  must(...image(config, '--detach', '--name', NAME, ...options));
const startSafely = () => start(`${path('config')}:/config:ro`, ...SAFE, ...REPLAY_CACHE);
const remove = () => must(...podman('rm', '--force', NAME));
const inContainer = (...command: string[]): Promise<Result> =>
  run(...podman('exec', NAME, ...command));

/** The lines on the container's standard output. */
const log = () => must(...podman('logs', NAME));

/** Waits until the container has logged a text so many times. @returns the whole log */
async function logged(text: string, times = 1): Promise<string> {
  return await until(`the container to log "${text}"`, async () => {
    const lines = await log();
    return lines.split(text).length > times && lines;
  });
}

const READY = 'Kicking off UDP server';

/** Runs the image with another /config. It must end with status 78 and say why in one line. */
async function refused(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  mkdirSync(path(name), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path(name), file), text);
  const { status, output } = await run(
    ...image(`${path(name)}:/config:ro`, '--rm', ...SAFE, ...REPLAY_CACHE),
  );
  assert.equal(status, 78, output);
  const problems = output.split('\n').filter((line) => /^(?:fwknop-mikrotik:|\[\*\]) /.test(line));
  assert.equal(problems.length, 1, output);
  return problems.join();
}

const EMULATED = process.argv[3] !== process.arch.replace('x64', 'amd64');
if (EMULATED) {
  console.log('left out: that check finds fwknopd, since /proc shows qemu in its place');
}

/** Asserts the verdict of `check`. */
function expectReady({ status, output }: Result): void {
  const verdict = EMULATED
    ? /\nnot ready: fwknopd: running: fwknopd does not run; hint: .*\n$/
    : /\nready: knock from outside\n$/;
  assert.match(output, verdict);
  assert.equal(status, EMULATED ? 78 : 0);
  assert.doesNotMatch(output, /journalctl|systemctl|sudo/);
}

async function main(): Promise<void> {
  mkdirSync(path('run'));
  await step('init writes the files of a setup', () =>
    must(
      ...['bin/fwknop-mikrotik', 'init', `--router=${ROUTER}`, `--fwknopd=${INSIDE}`],
      ...[`--server=${ROUTER_OUTSIDE}`, '--service=tcp/22', `--client=${PHONE}`],
      `--out=${path('config')}`,
    ),
  );
  const file = (name: string) => readFileSync(join(path('config'), name), 'utf8');

  await step('missing and wrong files end it with status 78 and one line', async () => {
    const [toml, conf] = [file('mikrotik.toml'), file('access.conf')];
    assert.match(await refused('nothing', {}), /mikrotik\.toml/);
    mkdirSync(path('foreign'), { mode: 0o700 });
    chownSync(path('foreign'), 1000, 1000);
    assert.match(await refused('foreign', {}), /EACCES; hint: chown -R root \/config/);
    assert.match(await refused('half', { 'mikrotik.toml': toml }), /access\.conf/);
    assert.match(
      await refused('toml', { 'mikrotik.toml': 'host = "192.0.2.1', 'access.conf': conf }),
      /mikrotik\.toml: not TOML: see line 1/,
    );
    const keyless = conf.replace(/^KEY_BASE64 .*$/m, 'KEY_BASE64 __CHANGEME__');
    assert.match(
      await refused('keyless', { 'mikrotik.toml': toml, 'access.conf': keyless }),
      /KEY_BASE64 value is not properly set/,
    );
  });

  await step('the container starts while the router is down', async () => {
    await startSafely();
    await logged(READY);
    const { output } = await inContainer('grep', 'CapEff', '/proc/1/status');
    assert.match(output, /\t0{16}\n$/);
  });

  const { router, fingerprint } = await provisionedRouter(file('router.rsc'));
  const pin = () => inContainer('fwknop-mikrotik', 'check', `--pin=${fingerprint}`);
  await step('check names the certificate first, and where its pin belongs', async () => {
    const first = await inContainer('fwknop-mikrotik', 'check');
    assert.match(
      first.output,
      /^FAIL {2}192\.0\.2\.1: TLS: certificate not trusted/m,
      first.output,
    );
    const { status, output } = await pin();
    assert.equal(status, 78, output);
    assert.match(output, new RegExp(`/config/mikrotik.toml: .*\n.*fingerprint = "${fingerprint}"`));
  });
  await step('a pin and a client last where /config may be written, whoever owns it', async () => {
    await remove();
    await must('chown', '-R', '1000:1000', path('config'));
    await must('chmod', '-R', '777', path('config'));
    await start(`${path('config')}:/config`);
    await logged(READY);
    expectReady(await pin());
    await must(...podman('exec', NAME, 'fwknop-mikrotik', 'client', 'add', LAPTOP));
    await remove();
    await startSafely();
    await logged(READY);
  });
  await step('check says that a knock would open', async () => {
    expectReady(await inContainer('fwknop-mikrotik', 'check'));
  });

  await step(
    'the stock client knocks through the port forward, and the entry is there',
    async () => {
      for (const client of [LAPTOP, PHONE]) {
        const rc = join(path('config'), client, 'fwknoprc');
        await must('chmod', '600', rc);
        const knock = [
          'fwknop',
          '--rc-file',
          rc,
          '-n',
          `${ROUTER_OUTSIDE}-tcp22`,
          '--no-save-args',
        ];
        await must(...on('outside', ...knock, '-a', OUTSIDE, '-B', path('packet')));
        const lines = await logged(`(FWKNOP_6_22, ${client})`);
        assert.match(lines, new RegExp(`from IP: ${OUTSIDE}.*CMD_CYCLE_OPEN.*, ${client}\\)`, 's'));
      }
      assert.deepEqual(openEntries(router), [`FWKNOP_6_22 ${OUTSIDE}`]);
    },
  );
  await step('the same packet opens nothing again, also in a new container', async () => {
    const { connections } = router;
    await sendFromOutside(path('packet'));
    await logged('Replay detected');
    await must(...podman('restart', NAME));
    await logged(READY, 2);
    await sendFromOutside(path('packet'));
    await logged('Replay detected', 2);
    await remove();
    await startSafely();
    await logged(READY);
    await sendFromOutside(path('packet'));
    await logged('Replay detected');
    assert.equal(router.connections, connections);
  });

  await step('SIGTERM ends it within a second, with status 0', async () => {
    const pid = Number(await must(...podman('inspect', '--format', '{{.State.Pid}}', NAME)));
    process.kill(pid, 'SIGTERM');
    const killed = performance.now();
    await until('fwknopd to end', () => !existsSync(`/proc/${pid}`));
    assert.ok(performance.now() - killed < 1000);
    assert.equal(await must(...podman('wait', NAME)), '0\n');
  });
  await must(...podman('rm', NAME));
  await router.close();
}

main().then(
  () => process.exit(),
  async (error) => {
    console.error(error instanceof Error ? error.message : error);
    console.error(`the container's log:\n${(await run(...podman('logs', NAME))).output}`);
    await run(...podman('rm', '--all', '--force'));
    process.exit(1);
  },
);
