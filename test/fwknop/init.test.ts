/**
 * A setup made by nothing but `fwknop-mikrotik init`: the router from its router.rsc, stock fwknopd with
 * its access.conf and mikrotik.toml, and the stock client with its fwknoprc.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Configuration } from '../../simulator/script/configuration';
import { importScript } from '../../simulator/script/script';
import { makeFolder, writeAs } from '../support/files';
import { EXECUTABLE, NODE } from '../support/shipped';
import { testInNamespaces } from './isolation';
import { closeWorlds, startWorld } from './remote';
import type { WorldOptions } from './world';

const story = testInNamespaces('a setup by init, end to end');
jest.setTimeout(60_000);
afterEach(closeWorlds);

const folder = makeFolder();

// fwknopd starts it by one path, and this Node may not be where env looks for it.
const HELPER = writeAs(
  join(folder, 'fwknop-mikrotik'),
  `#!/bin/sh\nexec ${NODE} ${EXECUTABLE} "$@"\n`,
  0o755,
);

const ADDRESS = '203.0.113.9';
const ROUTER = '127.0.0.2'; // another address than fwknopd's, from which packets to it come

/** Runs init. @returns the text of each file that it writes */
function init(name: string, ...options: string[]): (file: string) => string {
  const out = join(folder, name);
  const hosts = [
    `--router=${ROUTER}`,
    '--server=127.0.0.1',
    `--helper=${HELPER}`,
    `--out=${out}`,
  ].concat('--client=phone');
  execFileSync(NODE, [EXECUTABLE, 'init', ...hosts, ...options], { stdio: 'pipe' });
  return (file) => readFileSync(join(out, file), 'utf8');
}

/** A router that was configured by the script alone, and the last line that this printed. */
function provisioned(script: string) {
  const configuration = new Configuration();
  const [printed = ''] = importScript(script, configuration).slice(-1);
  return { router: { ...configuration.serve(8729), host: ROUTER }, printed };
}

/** The fingerprint that the first step printed. */
const fingerprintIn = (printed: string) => /[0-9a-f]{64}$/.exec(printed)?.[0] ?? '';

/** Pins the fingerprint by hand. */
const pin = (toml: string, printed: string) => `${toml}fingerprint = "${fingerprintIn(printed)}"\n`;

const worldOf = (file: (name: string) => string, toml: string, router: WorldOptions['router']) =>
  startWorld({
    accessConf: file('access.conf'),
    fwknoprc: file('phone/fwknoprc'),
    files: { 'mikrotik.toml': toml },
    router: router ?? null,
  });

story('a knock opens, once the certificate is pinned', async () => {
  const services = ['--service=tcp/22', '--service=tcp/443=192.168.88.10', '--service=udp/51820'];
  const file = init('whole', '--fwknopd=127.0.0.1', ...services);
  const { router, printed } = provisioned(file('router.rsc'));
  const world = await worldOf(file, file('mikrotik.toml'), router);

  const { accepted, output } = await world.checkConfiguration();
  expect(output).not.toMatch(/\[[-!*]\]/);
  expect(accepted).toBe(true);

  await world.knock({ stanza: '127.0.0.1-tcp22', allow: ADDRESS });
  expect(await world.reports(1)).toMatchObject([
    { level: 'err', text: expect.stringMatching(/certificate not trusted/) },
  ]);
  expect(await world.sentences()).toEqual([]);

  const check = await world.command('check', `--pin=${fingerprintIn(printed)}`);
  expect(check).toMatchObject({ status: 0, stdout: expect.not.stringMatching(/FAIL|warn/) });
  await world.knock({ stanza: '127.0.0.1-tcp22', allow: ADDRESS });
  await world.knock({ stanza: '127.0.0.1-tcp443', allow: ADDRESS, timeout: 60 });
  await world.knock({ stanza: '127.0.0.1-udp51820', allow: ADDRESS, timeout: 7200 });
  expect((await world.reports(5)).slice(1).map(({ text }) => text)).toEqual([
    'check: the system log is reached',
    `${ROUTER}: opened tcp/22 to ${ADDRESS} (FWKNOP_6_22, phone) for 30s`,
    `${ROUTER}: opened tcp/443 to ${ADDRESS} (FWKNOP_6_443, phone) for 1m`,
    `${ROUTER}: opened udp/51820 to ${ADDRESS} (FWKNOP_17_51820, phone) for 1h (asked for 2h)`,
  ]);
  const opened = (await world.entries()).filter(({ list }) => list !== 'FWKNOP_CHECK');
  expect(opened.map(({ list, address }) => `${list} ${address}`)).toEqual([
    `FWKNOP_6_22 ${ADDRESS}`,
    `FWKNOP_6_443 ${ADDRESS}`,
    `FWKNOP_17_51820 ${ADDRESS}`,
  ]);
});

story('each client has its own keys, and the log and the router name it', async () => {
  const options = ['--client=laptop', '--name=home', '--one-list'];
  const services = ['--service=tcp/22', '--service=udp/51820'];
  const file = init('clients', '--fwknopd=127.0.0.1', ...options, ...services);
  const { router, printed } = provisioned(file('router.rsc'));
  const narrowed = '[client.laptop]\nservices = ["udp/51820"]\n';
  const laptop = file('laptop/fwknoprc').replaceAll('[home-', '[laptop-');
  const world = await startWorld({
    accessConf: file('access.conf'),
    fwknoprc: file('phone/fwknoprc') + laptop,
    files: { 'mikrotik.toml': pin(file('mikrotik.toml'), printed) + narrowed },
    router,
  });
  const knocks = [
    { stanza: 'home-ssh', allow: ADDRESS },
    { stanza: 'laptop-wireguard', allow: '203.0.113.10' },
    { stanza: 'laptop-ssh', allow: '203.0.113.10' },
  ];
  for (const [index, knock] of knocks.entries()) {
    await world.knock(knock);
    await world.reports(index + 1); // which otherwise may overtake each other
  }
  expect((await world.reports(3)).map(({ text }) => text)).toEqual([
    `${ROUTER}: opened tcp/22 to ${ADDRESS} (FWKNOP, phone) for 30s`,
    `${ROUTER}: opened udp/51820 to 203.0.113.10 (FWKNOP, laptop) for 30s`,
    expect.stringMatching(/^not granted: tcp\/22 /),
  ]);
  expect(await world.entries()).toMatchObject([
    { list: 'FWKNOP', address: ADDRESS, comment: 'fwknop phone' },
    { list: 'FWKNOP', address: '203.0.113.10', comment: 'fwknop laptop' },
  ]);
});

story('a knock opens no service that init did not name', async () => {
  const file = init('one', '--fwknopd=127.0.0.1', '--service=tcp/22');
  const { router, printed } = provisioned(file('router.rsc'));
  const world = await worldOf(file, pin(file('mikrotik.toml'), printed), router);
  await world.knock({ stanza: '127.0.0.1-tcp22', access: 'tcp/8291', allow: ADDRESS });
  expect(await world.reports(1)).toMatchObject([
    { level: 'err', text: expect.stringMatching(/^not granted: tcp\/8291 /) },
  ]);
  expect(await world.entries()).toEqual([]);
});

story('a host other than that of --fwknopd is not served', async () => {
  const file = init('elsewhere', '--fwknopd=127.0.0.77', '--service=tcp/22');
  const { router, printed } = provisioned(file('router.rsc'));
  const toml = pin(file('mikrotik.toml'), printed);
  const refusedBy = async (options: WorldOptions['router']) => {
    const world = await worldOf(file, toml, options);
    await world.knock({ stanza: '127.0.0.1-tcp22', allow: ADDRESS });
    const [report] = await world.reports(1);
    expect(await world.entries()).toEqual([]);
    await closeWorlds();
    return report?.text;
  };
  expect(await refusedBy(router)).toMatch(/connection (?:lost|closed|reset)/);
  // The user is restricted as well, where the service is not.
  expect(await refusedBy({ ...router, availableFrom: '' })).toMatch(/login refused/);
});
