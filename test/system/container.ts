/**
 * The story of packaging/test-container: the files of init in the image, from an empty /config to an entry on
 * the router. The container has no capabilities, and a root file system that nobody can write to.
 *
 *     unshare … sh network.sh node -r ts-node/register/transpile-only container.ts DIRECTORY
 *
 * DIRECTORY has podman's storage with the image.
 */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

const CLIENT = 'phone';
const NAME = 'fwknopd';
const SAFE = ['--cap-drop', 'all', '--read-only', '--tmpfs', '/etc/fwknop'];
const REPLAY_CACHE = ['--volume', `${path('run')}:/run/fwknop`];

const podman = (...args: readonly string[]): readonly string[] => [
  'podman',
  ...['--root', path('storage'), '--runroot', path('runroot')],
  ...['--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'],
  ...args,
];

/** The command line that runs the image on the host inside. @param config the directory for /config */
const image = (config: string, ...options: readonly string[]) =>
  podman(
    'run',
    ...['--network', 'ns:/run/netns/inside', '--volume', `${config}:/config:ro`],
    ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024', '--log-driver', 'k8s-file'],
    ...options,
    'fwknop-mikrotik',
  );

const start = () =>
  must(...image(path('config'), '--detach', '--name', NAME, ...SAFE, ...REPLAY_CACHE));
const inContainer = (...command: string[]): Promise<Result> =>
  run(...podman('exec', NAME, ...command));

/** The lines on the container's standard output. */
const log = () => must(...podman('logs', NAME));

/** Waits until the container has logged a text so many times. @returns the whole log */
async function logged(text: string, times = 1): Promise<string> {
  for (const end = Date.now() + 20_000; ; await sleep(50)) {
    const lines = await log();
    if (lines.split(text).length > times) return lines;
    assert.ok(Date.now() < end, `the container does not log "${text}":\n${lines}`);
  }
}

const READY = 'Kicking off UDP server';

/** Runs the image with another /config. It must end with status 78 and say why in one line. */
async function refused(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  mkdirSync(path(name));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path(name), file), text);
  const { status, output } = await run(...image(path(name), '--rm', ...SAFE));
  assert.equal(status, 78, output);
  const problems = output.split('\n').filter((line) => /^(?:fwknop-mikrotik:|\[\*\]) /.test(line));
  assert.equal(problems.length, 1, output);
  return problems.join();
}

async function main(): Promise<void> {
  await step('init writes the files of a setup', () =>
    must(
      ...['bin/fwknop-mikrotik', 'init', `--router=${ROUTER}`, `--fwknopd=${INSIDE}`],
      ...[`--server=${ROUTER_OUTSIDE}`, '--service=tcp/22', `--client=${CLIENT}`],
      `--out=${path('config')}`,
    ),
  );
  const file = (name: string) => readFileSync(join(path('config'), name), 'utf8');

  await step('missing and wrong files end it with status 78 and one line', async () => {
    const [toml, conf] = [file('mikrotik.toml'), file('access.conf')];
    assert.match(await refused('nothing', {}), /mikrotik\.toml/);
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
    mkdirSync(path('run'), { mode: 0o700 });
    await start();
    await logged(READY);
    const { output } = await inContainer('grep', 'CapEff', '/proc/1/status');
    assert.match(output, /\t0{16}\n$/);
  });

  const { router, fingerprint } = await provisionedRouter(file('router.rsc'));
  await step('check names the certificate first, and where to pin it', async () => {
    const { status, output } = await inContainer('fwknop-mikrotik', 'check');
    assert.notEqual(status, 0, output);
    assert.match(output, new RegExp(`certificate.*${fingerprint}`), output);
  });
  await step('the pin takes effect at the next start', async () => {
    appendFileSync(join(path('config'), 'mikrotik.toml'), `fingerprint = "${fingerprint}"\n`);
    await must(...podman('restart', NAME));
    await logged(READY, 2);
  });
  await step('check says that a knock would open', async () => {
    const { status, output } = await inContainer('fwknop-mikrotik', 'check');
    assert.equal(status, 0, output);
    assert.doesNotMatch(output, /journalctl|systemctl|sudo/, output);
  });

  await step(
    'the stock client knocks through the port forward, and the entry is there',
    async () => {
      const rc = join(path('config'), CLIENT, 'fwknoprc');
      const knock = ['fwknop', '--rc-file', rc, '-n', `${ROUTER_OUTSIDE}-tcp22`, '--no-save-args'];
      await must(...on('outside', ...knock, '-a', OUTSIDE, '-B', path('packet')));
      const lines = await logged(`opened tcp/22 to ${OUTSIDE} (FWKNOP_6_22, ${CLIENT})`);
      assert.deepEqual(openEntries(router), [`FWKNOP_6_22 ${OUTSIDE}`]);
      assert.match(lines, new RegExp(`from IP: ${OUTSIDE}.*CMD_CYCLE_OPEN.*opened tcp/22`, 's'));
    },
  );
  await step('the same packet opens nothing again, also in a new container', async () => {
    const { connections } = router;
    await sendFromOutside(path('packet'));
    await logged('Replay detected');
    await must(...podman('restart', NAME));
    await logged(READY, 3);
    await sendFromOutside(path('packet'));
    await logged('Replay detected', 2);
    await must(...podman('rm', '--force', NAME));
    await start();
    await logged(READY);
    await sendFromOutside(path('packet'));
    await logged('Replay detected');
    assert.equal(router.connections, connections);
  });

  await step('SIGTERM ends it within a second, with status 0', async () => {
    const started = performance.now();
    await must(...podman('kill', '--signal', 'TERM', NAME));
    assert.equal(await must(...podman('wait', NAME)), '0\n');
    assert.ok(performance.now() - started < 1000);
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
