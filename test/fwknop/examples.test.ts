/** access.conf.example and mikrotik.toml.example, read and used by stock fwknopd. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { leftOut } from '../support/left-out';
import { NODE } from '../support/shipped';
import { PASSWORD, pinned, tlsRouter } from './home';
import { testInNamespaces } from './isolation';
import { closeWorlds, startWorld } from './remote';

const story = testInNamespaces('the examples, used by stock fwknopd');
jest.setTimeout(60_000);
afterEach(closeWorlds);

const example = (name: string) => readFileSync(join(resolve(__dirname, '../..'), name), 'utf8');
const ACCESS_CONF = example('access.conf.example');
const TOML = example('mikrotik.toml.example');

const OPENS = /^#?CMD_CYCLE_OPEN +(.*)$/gm;
const [SHORT_FORM, LONG_FORM, CLIENT_FORM, FIXED_FORM] = [...ACCESS_CONF.matchAll(OPENS)].map(
  ([, command]) => command!,
);

/** The example with this command, where the programs are here. */
function accessConf(command: string): string {
  const here = command
    .replace(/\S+\/node /, `${NODE} `)
    .replace(/\S+\/fwknop-mikrotik /, '{dir}/fwknop-mikrotik ');
  return ACCESS_CONF.replace(/^CMD_CYCLE_OPEN .*$/m, () => `CMD_CYCLE_OPEN ${here}`);
}

/** The example, for the router here. */
function toml(): string {
  return TOML.replace(/^host .*$/m, 'host = "127.0.0.1"').replace(/^#fingerprint .*$/m, pinned());
}

async function useWith(command: string, label = 'FWKNOP_6_22', access = 'tcp/22'): Promise<void> {
  const files = { 'mikrotik.toml': toml(), 'mikrotik.password': `${PASSWORD}\n` };
  const world = await startWorld({
    accessConf: accessConf(command),
    files,
    router: tlsRouter(),
    foreground: false,
  });
  const { accepted, output } = await world.checkConfiguration();
  expect(output).not.toMatch(/\[[-!*]\]/);
  expect(accepted).toBe(true);

  await world.knock({ access, allow: '203.0.113.9' });
  expect(await world.reports(1)).toMatchObject([
    { level: 'notice', text: `127.0.0.1: opened tcp/22 to 203.0.113.9 (${label}) for 30s` },
  ]);
  expect(await world.entries()).toHaveLength(1);
}

test('access.conf.example shows every form, far below the 255 characters that fwknopd takes', () => {
  expect(SHORT_FORM).toMatch(/^\/\S+\/fwknop-mikrotik \$SRC \$PROTO \$PORT \$CLIENT_TIMEOUT$/);
  expect(LONG_FORM).toMatch(
    /^\/\S+\/node --use-openssl-ca \/\S+\/fwknop-mikrotik \$SRC \$PROTO \$PORT \$CLIENT_TI/,
  );
  expect(CLIENT_FORM).toBe(SHORT_FORM?.replace('$SRC', () => '--client phone $SRC'));
  expect(FIXED_FORM).toBe(SHORT_FORM?.replace('$PROTO $PORT', 'tcp 22'));
  for (const form of [SHORT_FORM, LONG_FORM, CLIENT_FORM, FIXED_FORM])
    expect(form?.length).toBeLessThan(150);
});

const systemNode = ['/usr/local/bin', '/usr/bin'].some((path) => existsSync(`${path}/node`));
const storyWithSystemNode = systemNode
  ? story
  : leftOut('the short form of CMD_CYCLE_OPEN', 'node in /usr/local/bin or /usr/bin');

storyWithSystemNode(
  'the short form opens, where node is in /usr/local/bin or /usr/bin',
  async () => {
    await useWith(SHORT_FORM!);
  },
);

story('the form with an absolute path to node opens', async () => {
  await useWith(LONG_FORM!);
});

story('the form with a client opens, and names the client', async () => {
  await useWith(
    LONG_FORM!.replace('$SRC', () => '--client phone $SRC'),
    'FWKNOP_6_22, phone',
  );
});

story('the form with fixed words opens their service, whatever the client asks for', async () => {
  const fixed = FIXED_FORM!.slice(FIXED_FORM!.indexOf('$SRC'));
  await useWith(
    LONG_FORM!.replace(/\$SRC.*/, () => fixed),
    'FWKNOP_6_22',
    'tcp/443',
  );
});
