/**
 * The arguments that stock fwknopd passes to a CMD_CYCLE_OPEN helper: this program rests on them, so the
 * real daemon is asked. A recorder stands in for the helper.
 */
import { everyWay } from './fwknopd';
import { testInNamespaces } from './isolation';
import { closeWorlds, startWorld } from './remote';
import { RECORDER, type Stanza, type WorldOptions } from './world';

const story = testInNamespaces('what stock fwknopd passes to a helper');
jest.setTimeout(60_000);
afterEach(closeWorlds);

const recording = (stanza: Stanza = {}, options: WorldOptions = {}) =>
  startWorld({ ...options, stanza: { CMD_CYCLE_OPEN: RECORDER, ...stanza } });

story('four values, for the first pair only', async () => {
  const world = await recording();
  await world.knock({ access: 'tcp/22', allow: '203.0.113.9', timeout: 60 });
  await world.knock({ access: 'udp/51820', allow: '203.0.113.10', timeout: 0 });
  await world.knock({ access: 'tcp/443,udp/53', allow: '203.0.113.11', timeout: 5 });
  await world.knock({ access: 'tcp/22', allow: '203.0.113.12' });
  expect((await world.calls(4)).map((call) => call.arguments)).toEqual([
    ['203.0.113.9', '6', '22', '60'],
    ['203.0.113.10', '17', '51820', '30'],
    ['203.0.113.11', '6', '443', '5'],
    ['203.0.113.12', '6', '22', '30'],
  ]);
});

story('0 for a client that does not ask, where there is no CMD_CYCLE_TIMER', async () => {
  const world = await recording({ CMD_CYCLE_TIMER: null });
  await world.knock({ access: 'tcp/22', allow: '203.0.113.9' });
  const [call] = await world.calls(1);
  expect(call?.arguments).toEqual(['203.0.113.9', '6', '22', '0']);
});

story("the packet's source for -s, where REQUIRE_SOURCE_ADDRESS lets it", async () => {
  const world = await recording({ REQUIRE_SOURCE_ADDRESS: 'N' });
  await world.knock({ access: 'tcp/22', allow: 'the sender', timeout: 60 });
  const [call] = await world.calls(1);
  expect(call?.arguments).toEqual(['127.0.0.1', '6', '22', '60']);
});

story('an address that is nobody to let in', async () => {
  const nobodies = ['255.255.255.255', '127.0.0.1', '010.001.002.003', '00.00.00.00'];
  const world = await recording();
  for (const allow of nobodies) await world.knock({ access: 'tcp/22', allow, timeout: 60 });
  const sources = (await world.calls(4)).map((call) => call.arguments[0]);
  expect(sources).toEqual(nobodies);
});

story('no second call for a replayed packet', async () => {
  const world = await recording();
  const packet = await world.knock({ access: 'tcp/22', allow: '203.0.113.9', timeout: 60 });
  await world.calls(1);
  await world.send(packet);
  await world.fwknopdLogs('Replay detected');
  await world.knock({ access: 'tcp/22', allow: '203.0.113.10', timeout: 60 });
  const sources = (await world.calls(2)).map((call) => call.arguments[0]);
  expect(sources).toEqual(['203.0.113.9', '203.0.113.10']);
});

story.each(everyWay())('little else: $mode, in the foreground: $foreground', async (options) => {
  const world = await recording({}, options);
  await world.knock({ access: 'tcp/22', allow: '203.0.113.9', timeout: 60 });
  const [call] = await world.calls(1);
  expect(call).toMatchObject({ environment: '', directory: '/' });

  const { 0: stdin, 1: stdout, 2: stderr, ...leaked } = call!.files;
  if (options.foreground) {
    expect(stdin).toBe('/dev/null'); // What this test gave to fwknopd.
  } else {
    expect(call?.umask).toBe(0);
    expect(stdin ?? 'closed').toMatch(/^(closed|socket:.*)$/);
  }
  expect(stdout).toMatch(/^pipe:/);
  expect(stderr).toBe(stdout);
  // Fwknopd waits for the end of the pipe: whoever keeps this one open keeps it waiting.
  expect(Object.values(leaked)).toContain(stdout);
  expect(call?.pipeCloses).toBe(true);
});

story.each([
  ['a command above 255 characters', { CMD_CYCLE_OPEN: `/bin/true ${'x'.repeat(250)}` }],
  ['no CMD_CYCLE_CLOSE', { CMD_CYCLE_CLOSE: null }],
])('nothing at all with %s: fwknopd does not start', async (_, stanza: Stanza) => {
  await expect(recording(stanza)).rejects.toThrow(/fwknopd ended at once:\n.*CMD_CYCLE/);
});
