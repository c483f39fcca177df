/** The whole way: stock fwknop client → stock fwknopd → our executable → a router. */
import { certificates } from '../../simulator/certificates';
import { NODE } from '../support/shipped';
import { everyWay } from './fwknopd';
import { config, PASSWORD, PLAIN_ROUTER, tlsRouter } from './home';
import { testInNamespaces } from './isolation';
import { closeWorlds, startWorld } from './remote';
import { CONFIG_FILE, type WorldOptions } from './world';

const story = testInNamespaces('the tests with stock fwknopd, end to end');
jest.setTimeout(60_000);
afterEach(closeWorlds);

const WAYS = everyWay();
const ADDRESS = '203.0.113.9';

const startHome = ({ toml = config(), ...options }: WorldOptions & { toml?: string } = {}) =>
  startWorld({ router: tlsRouter(), files: { 'mikrotik.toml': toml }, ...options });

/** A message in the system log. @param text the whole of it, or what it must match */
const report = (level: string, text: string | RegExp) => ({
  facility: 'daemon',
  level,
  tag: 'fwknop-mikrotik',
  text: typeof text === 'string' ? text : expect.stringMatching(text),
});

describe('a valid packet', () => {
  story.each(WAYS)('opens the door: $mode, in the foreground: $foreground', async (options) => {
    const world = await startHome(options);
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    expect(await world.reports(1)).toEqual([
      report('notice', `home: opened tcp/22 to ${ADDRESS} (FWKNOP_6_22) for 1m`),
    ]);

    const [entry, ...others] = await world.entries();
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ list: 'FWKNOP_6_22', address: ADDRESS, comment: 'fwknop' });
    expect(entry).toMatchObject({ disabled: false, dynamic: true });
    expect(entry?.secondsLeft).toBeGreaterThan(30);
    expect(entry?.secondsLeft).toBeLessThanOrEqual(60);

    expect((await world.sentences()).map(([command]) => command)).toEqual([
      '/login',
      '/ip/firewall/address-list/add',
    ]);
    expect(await world.fwknopdLog()).toContain('CMD_CYCLE_OPEN');
    expect(await world.fwknopdLog()).not.toContain(PASSWORD);
    expect(await world.fwknopdIsRunning()).toBe(true);
  });

  story('opens it on a router without TLS', async () => {
    const world = await startHome({
      router: PLAIN_ROUTER,
      toml: config('', { trust: 'tls = "off"' }),
    });
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    expect(await world.reports(1)).toEqual([report('notice', /opened tcp\/22 /)]);
    expect(await world.entries()).toHaveLength(1);
  });

  story('opens it for as long as it asks', async () => {
    const world = await startHome();
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 1 });
    expect(await world.reports(1)).toEqual([
      report('notice', `home: opened tcp/22 to ${ADDRESS} (FWKNOP_6_22) for 1s`),
    ]);
    await world.allExpired();
  });

  story('opens the first service that it names, tcp or udp', async () => {
    const world = await startHome();
    await world.knock({ access: 'tcp/443,udp/53', allow: ADDRESS, timeout: 60 });
    await world.knock({ access: 'udp/51820', allow: ADDRESS, timeout: 60 });
    await world.reports(2);
    expect((await world.entries()).map(({ list }) => list)).toEqual([
      'FWKNOP_6_443',
      'FWKNOP_17_51820',
    ]);
  });

  story('opens nothing when it comes again', async () => {
    const world = await startHome();
    const packet = await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    await world.reports(1);
    await world.send(packet);
    await world.fwknopdLogs('Replay detected');
    await world.knock({ access: 'tcp/443', allow: ADDRESS, timeout: 60 });
    expect(await world.reports(2)).toHaveLength(2);
    expect(await world.connections()).toBe(2);
  });
});

story('the command line of open_ports.py goes on working', async () => {
  const router = `--routerip 127.0.0.1 --routeruser fwknop --routerpass ${PASSWORD} --tls insecure`;
  const words = '$SRC $PROTO $PORT $CLIENT_TIMEOUT';
  const world = await startHome({
    files: {},
    stanza: { CMD_CYCLE_OPEN: `${NODE} {dir}/fwknop-mikrotik ${router} ${words}` },
  });
  await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
  const reports = await world.reports(2);
  expect(reports).toHaveLength(2);
  // A logger for each level: either may be first.
  expect(reports).toEqual(
    expect.arrayContaining([
      report('notice', `127.0.0.1: opened tcp/22 to ${ADDRESS} (FWKNOP_6_22) for 1m`),
      report('warning', /--routerpass/),
    ]),
  );
  expect(await world.entries()).toHaveLength(1);
});

describe('a second packet for the same door', () => {
  story('leaves the entry as it is, and says so, where the user may not read', async () => {
    const world = await startHome();
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    await world.reports(1);
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 3600 });
    const [, second] = await world.reports(2);
    expect(second).toEqual(
      report(
        'notice',
        `home: already has ${ADDRESS} for tcp/22 (FWKNOP_6_22); its expiry is unchanged`,
      ),
    );
    const [entry, ...others] = await world.entries();
    expect(others).toEqual([]);
    expect(entry?.secondsLeft).toBeLessThanOrEqual(60);
  });

  story('extends the entry where the user may read', async () => {
    const world = await startHome({ toml: config('', { user: 'reader' }) });
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    await world.reports(1);
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 3600 });
    const [, second] = await world.reports(2);
    expect(second).toEqual(
      report('notice', `home: extended tcp/22 for ${ADDRESS} (FWKNOP_6_22) to 1h`),
    );
    const [entry, ...others] = await world.entries();
    expect(others).toEqual([]);
    expect(entry?.secondsLeft).toBeGreaterThan(3000);
  });
});

describe('a client that names no time', () => {
  story('gets CMD_CYCLE_TIMER', async () => {
    const world = await startHome({ stanza: { CMD_CYCLE_TIMER: '90' } });
    await world.knock({ access: 'tcp/22', allow: ADDRESS });
    expect(await world.reports(1)).toEqual([
      report('notice', `home: opened tcp/22 to ${ADDRESS} (FWKNOP_6_22) for 1m30s`),
    ]);
  });

  story("gets the helper's default without one, and no permanent entry", async () => {
    const world = await startHome({
      stanza: { CMD_CYCLE_TIMER: null },
      toml: config('[grant]\ndefault-timeout = "45s"'),
    });
    await world.knock({ access: 'tcp/22', allow: ADDRESS });
    expect(await world.reports(1)).toEqual([
      report('notice', `home: opened tcp/22 to ${ADDRESS} (FWKNOP_6_22) for 45s`),
    ]);
    const [entry] = await world.entries();
    expect(entry?.secondsLeft).toBeLessThanOrEqual(45);
  });
});

describe('fwknopd lets through, and the helper does not,', () => {
  story('a service, and a time, that the configuration does not grant', async () => {
    const grant = '[grant]\nservices = ["tcp/22"]\nmax-timeout = "1h"';
    const world = await startHome({ toml: config(grant) });
    await world.knock({ access: 'tcp/8291', allow: ADDRESS, timeout: 60 });
    expect(await world.reports(1)).toEqual([report('err', /^not granted: tcp\/8291 /)]);
    expect(await world.connections()).toBe(0);

    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 7200 });
    const [, second] = await world.reports(2);
    expect(second).toEqual(
      report('notice', `home: opened tcp/22 to ${ADDRESS} (FWKNOP_6_22) for 1h (asked for 2h)`),
    );
  });

  story('a service that its client is not granted', async () => {
    const grants = `[grant]
services = ["tcp/22"]
[client.phone]
services = ["udp/51820"]
ipv4-prefix = 24`;
    const command = `${NODE} {dir}/fwknop-mikrotik --client phone --config ${CONFIG_FILE}`;
    const world = await startHome({
      toml: config(grants),
      stanza: { CMD_CYCLE_OPEN: `${command} $SRC $PROTO $PORT $CLIENT_TIMEOUT` },
    });
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    await world.knock({ access: 'udp/51820', allow: ADDRESS, timeout: 60 });
    expect(await world.reports(2)).toEqual([
      report(
        'err',
        `not granted: tcp/22 for ${ADDRESS} (phone); hint: add it to services under [client.phone], if it should open`,
      ),
      report('notice', 'home: opened udp/51820 to 203.0.113.0/24 (FWKNOP_17_51820, phone) for 1m'),
    ]);
    expect(await world.entries()).toMatchObject([
      { list: 'FWKNOP_17_51820', address: '203.0.113.0/24', comment: 'fwknop phone' },
    ]);
  });

  story('an address that no client can have', async () => {
    const world = await startHome();
    const nobodies = [
      ...['255.255.255.255', '127.0.0.1', '169.254.1.2'],
      ...['010.001.002.003', '00.00.00.00'],
    ];
    for (const [index, allow] of nobodies.entries()) {
      await world.knock({ access: 'tcp/22', allow, timeout: 60 });
      expect((await world.reports(index + 1))[index]).toEqual(
        report('err', new RegExp(`^src .*${allow}`)),
      );
    }
    expect(await world.connections()).toBe(0);
  });
});

describe('when something is wrong, the system log says what, and fwknopd goes on', () => {
  story('a router that is down', async () => {
    const world = await startHome({ router: null });
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    expect(await world.reports(1)).toEqual([report('err', /^home: .*refused/)]);

    await world.startRouter(tlsRouter());
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    expect(await world.reports(2)).toHaveLength(2);
    expect(await world.entries()).toHaveLength(1);
  });

  story.each([
    { fault: 'connect: silence', foreground: true },
    { fault: 'login: silence', foreground: false },
    { fault: 'add: silence', foreground: true },
  ])('a router that falls silent, $fault', async ({ fault, foreground }) => {
    const world = await startHome({ foreground, toml: config('deadline = "1s"') });
    await world.misbehave(fault, 1);
    const started = Date.now();
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    // Fwknopd is still waiting for the first helper when this one comes.
    await world.knock({ access: 'tcp/443', allow: ADDRESS, timeout: 60 });
    expect(await world.reports(2)).toEqual([
      report('err', /^home: .*no answer in time/),
      report('notice', `home: opened tcp/443 to ${ADDRESS} (FWKNOP_6_443) for 1m`),
    ]);
    expect((await world.entries()).map(({ list }) => list)).toEqual(['FWKNOP_6_443']);
    // The deadline of this configuration, not the usual 10 s.
    expect(Date.now() - started).toBeLessThan(9_000);
  });

  story('a certificate that nobody trusts yet: its fingerprint is what to pin', async () => {
    const world = await startHome({ toml: config('', { trust: '' }) });
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    const { fingerprint } = certificates().selfSigned;
    expect(await world.reports(1)).toEqual([report('err', new RegExp(fingerprint))]);
    expect(await world.sentences()).toEqual([]);

    await world.writeFile('mikrotik.toml', config());
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    expect(await world.reports(2)).toHaveLength(2);
    expect(await world.entries()).toHaveLength(1);
  });

  story('a configuration that others may read', async () => {
    const world = await startHome();
    await world.writeFile('mikrotik.toml', config(), 0o644);
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    expect(await world.reports(1)).toEqual([report('err', new RegExp(`chmod .* ${CONFIG_FILE}`))]);
    expect(await world.connections()).toBe(0);
  });

  story('a system log that does not keep up', async () => {
    const world = await startHome();
    await world.stallSyslog();
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: 60 });
    await world.knock({ access: 'tcp/443', allow: ADDRESS, timeout: 60 });
    // The loggers wait, but fwknopd does not wait for them.
    await world.opened(2);
    expect(await world.reports(0)).toEqual([]);
    await world.resumeSyslog();
    expect(await world.reports(2)).toHaveLength(2);
  });
});
