import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import type { Fault } from '../../../src/common/failure';
import { MARKER_BEGIN, MARKER_END } from '../../../src/common/fwknopd';
import { readConfigFile } from '../../../src/config/config-file';
import { setupFiles } from '../../../src/init/files';
import { type ClientKeys, makeClientKeys, makeSecrets } from '../../../src/init/setup';
import { makeFolder } from '../../support/files';
import { KEYS, SECRETS, SETUP } from './setups';

const folder = makeFolder();

const textOf = (name: string, secrets = SECRETS, setup = SETUP) =>
  setupFiles(setup, secrets).find((file) => file.name === name)?.text ?? '';

test('the files are these', () => {
  expect(setupFiles(SETUP, SECRETS).map(({ name }) => name)).toEqual([
    'router.rsc',
    'mikrotik.toml',
    'access.conf',
    'phone/fwknoprc',
    'phone/phone.svg',
    'laptop/fwknoprc',
    'laptop/phone.svg',
  ]);
});

test('mikrotik.toml grants the services and no others, up to a ceiling', () => {
  const path = join(folder, 'mikrotik.toml');
  writeFileSync(path, textOf('mikrotik.toml'), { mode: 0o600 });
  const faults: Fault[] = [];
  const settings = readConfigFile(path, [['host'], ['user'], ['password']], faults);
  expect(faults).toEqual([]);
  expect(settings.grant).toEqual({
    services: [
      { protocol: 'tcp', firstPort: 22, lastPort: 22 },
      { protocol: 'tcp', firstPort: 443, lastPort: 443 },
      { protocol: 'udp', firstPort: 51820, lastPort: 51820 },
    ],
    sources: undefined,
    maxTimeout: 3600,
    defaultTimeout: 30,
  });
  expect(settings.routers).toMatchObject([
    { host: '192.168.88.1', user: 'fwknop-mikrotik', password: SECRETS.password, tls: 'verify' },
  ]);
});

test.each(['"', '\\', '$?', "'", '# x'])('mikrotik.toml keeps the password %j', (password) => {
  const text = textOf('mikrotik.toml', { ...SECRETS, password });
  expect(parse(text)).toMatchObject({ router: [{ password }] });
});

test('access.conf has a stanza for each client, with its own keys, between the markers', () => {
  const lines = textOf('access.conf').split('\n');
  const block = lines.slice(lines.indexOf(MARKER_BEGIN) + 1, lines.indexOf(MARKER_END));
  const stanza = (client: string, { key, hmacKey }: ClientKeys) => [
    '',
    `# client ${client}`,
    'SOURCE ANY',
    `KEY_BASE64 ${key}`,
    `HMAC_KEY_BASE64 ${hmacKey}`,
    'REQUIRE_SOURCE_ADDRESS Y',
    `CMD_CYCLE_OPEN /usr/bin/fwknop-mikrotik --client ${client} $SRC $PROTO $PORT $CLIENT_TIMEOUT`,
    'CMD_CYCLE_CLOSE NONE',
    'CMD_CYCLE_TIMER 30',
  ];
  expect(block.map((line) => line.replace(/ {2,}/, ' '))).toEqual([
    '# server fw.example.com',
    '# spa-port 62201',
    '# services tcp/22 tcp/443 udp/51820',
    ...[...SECRETS.clients].flatMap(([client, keys]) => stanza(client, keys)),
  ]);
  const outside = lines.filter((line) => /^[^#]/.test(line)).length;
  expect(outside).toBe(block.filter((line) => /^[^#]/.test(line)).length);
});

test.each<[string | undefined, readonly string[]]>([
  [undefined, ['fw.example.com-tcp22', 'fw.example.com-tcp443', 'fw.example.com-udp51820']],
  ['home', ['home-ssh', 'home-https', 'home-wireguard']],
])('fwknoprc with the name %s has a stanza a service, and no default of its own', (name, names) => {
  const text = textOf('phone/fwknoprc', SECRETS, { ...SETUP, name });
  expect([...text.matchAll(/^\[(.*)\]$/gm)].map(([, stanza]) => stanza)).toEqual(names);
  expect(text).toContain(`fwknop -n ${names[0]}\n`);
  expect(text.match(/^ACCESS +(.*)$/gm)?.map((line) => line.split(/ +/)[1])).toEqual([
    'tcp/22',
    'tcp/443',
    'udp/51820',
  ]);
  const settings = ['SPA_SERVER +fw.example.com', 'SPA_SERVER_PORT +62201', 'USE_HMAC +Y'];
  for (const setting of [...settings, `KEY_BASE64 +${KEYS.key}`]) {
    expect(text.match(new RegExp(`^${setting}$`, 'gm'))).toHaveLength(3);
  }
});

test('a service without a name of its own is called by its port', () => {
  const services = [{ protocol: 'udp', port: 22, inside: undefined }] as const;
  const text = textOf('phone/fwknoprc', SECRETS, { ...SETUP, services, name: 'home' });
  expect(text).toContain('[home-udp22]\n');
});

test('access.conf tells client add the name of the stanzas', () => {
  expect(textOf('access.conf', SECRETS, { ...SETUP, name: 'home' })).toContain('\n# name home\n');
});

test('--one-list: configuration and rules name the same list', () => {
  const setup = { ...SETUP, oneList: true, sliding: true };
  const { list } = parse(textOf('mikrotik.toml', SECRETS, setup)) as { list: string };
  expect(list).toBe('FWKNOP');
  const script = textOf('router.rsc', SECRETS, setup);
  const lists = [...script.matchAll(/address-list=(\S+)/g)].map(([, name]) => name);
  expect(new Set(lists)).toEqual(new Set([list]));
  expect(parse(textOf('mikrotik.toml'))).not.toHaveProperty('list');
});

test('secrets are random, of the sizes that fwknop makes', () => {
  const { password, clients } = makeSecrets(['phone', 'laptop']);
  const keys = [...clients.values(), makeClientKeys()];
  for (const { key, hmacKey } of keys) {
    expect(Buffer.from(key, 'base64')).toHaveLength(32);
    expect(key).toHaveLength(44);
    expect(Buffer.from(hmacKey, 'base64')).toHaveLength(64);
    expect(hmacKey).toHaveLength(88);
  }
  expect(password).toMatch(/^[\w-]{43}$/);
  expect(makeSecrets([]).password).not.toBe(password);
  expect(new Set(keys.flatMap((pair) => Object.values(pair))).size).toBe(6);
});

test('no file shows a secret that its reader has no need of', () => {
  const secrets = { ...makeSecrets(SETUP.clients), password: randomBytes(32).toString('base64') };
  const files = setupFiles(SETUP, secrets);
  const secretsOf = (client: string) => Object.values(secrets.clients.get(client) ?? {});
  const needed: Record<string, readonly string[]> = {
    'router.rsc': [secrets.password],
    'mikrotik.toml': [secrets.password],
    'access.conf': SETUP.clients.flatMap(secretsOf),
    'phone/fwknoprc': secretsOf('phone'),
    'laptop/fwknoprc': secretsOf('laptop'),
  };
  const all = [secrets.password, ...SETUP.clients.flatMap(secretsOf)];
  for (const { name, text } of files) {
    expect(all.filter((secret) => text.includes(secret))).toEqual(needed[name] ?? []);
  }
});
