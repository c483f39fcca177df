import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import type { Fault } from '../../../src/common/failure';
import { readConfigFile } from '../../../src/config/config-file';
import { setupFiles } from '../../../src/init/files';
import { makeSecrets } from '../../../src/init/keys';
import { makeFolder } from '../../support/files';
import { SECRETS, SETUP } from './setups';

const folder = makeFolder();

const textOf = (name: string, secrets = SECRETS) =>
  setupFiles(SETUP, secrets).find((file) => file.name === name)?.text ?? '';

test('the files are these', () => {
  expect(setupFiles(SETUP, SECRETS).map(({ name }) => name)).toEqual([
    'router.rsc',
    'mikrotik.toml',
    'access.conf',
    'fwknoprc',
    'phone.svg',
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

test('access.conf has the line that runs the helper by its absolute path', () => {
  const lines = textOf('access.conf')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => line.replace(/ +/, ' '));
  expect(lines).toEqual([
    'SOURCE ANY',
    `KEY_BASE64 ${SECRETS.key}`,
    `HMAC_KEY_BASE64 ${SECRETS.hmacKey}`,
    'REQUIRE_SOURCE_ADDRESS Y',
    'CMD_CYCLE_OPEN /usr/bin/fwknop-mikrotik $SRC $PROTO $PORT $CLIENT_TIMEOUT',
    'CMD_CYCLE_CLOSE NONE',
    'CMD_CYCLE_TIMER 30',
  ]);
});

test('fwknoprc has a stanza a service, and no default of its own', () => {
  const text = textOf('fwknoprc');
  expect(text.match(/^\[.*\]$/gm)).toEqual([
    '[fw.example.com-tcp22]',
    '[fw.example.com-tcp443]',
    '[fw.example.com-udp51820]',
  ]);
  expect(text.match(/^ACCESS +(.*)$/gm)?.map((line) => line.split(/ +/)[1])).toEqual([
    'tcp/22',
    'tcp/443',
    'udp/51820',
  ]);
  for (const setting of ['SPA_SERVER +fw.example.com', 'SPA_SERVER_PORT +62201', 'USE_HMAC +Y']) {
    expect(text.match(new RegExp(`^${setting}$`, 'gm'))).toHaveLength(3);
  }
});

test('secrets are random, of the sizes that fwknop makes', () => {
  const [first, second] = [makeSecrets(), makeSecrets()];
  for (const secrets of [first, second]) {
    expect(Buffer.from(secrets.key, 'base64')).toHaveLength(32);
    expect(secrets.key).toHaveLength(44);
    expect(Buffer.from(secrets.hmacKey, 'base64')).toHaveLength(64);
    expect(secrets.hmacKey).toHaveLength(88);
    expect(secrets.password).toMatch(/^[\w-]{43}$/);
  }
  expect(new Set([...Object.values(first), ...Object.values(second)]).size).toBe(6);
});

test('no file shows a secret that its reader has no need of', () => {
  const mark = () => randomBytes(32).toString('base64');
  const secrets = { password: mark(), key: mark(), hmacKey: mark() };
  expect(textOf('router.rsc', secrets)).not.toContain(secrets.key);
  expect(textOf('mikrotik.toml', secrets)).not.toContain(secrets.key);
  for (const name of ['access.conf', 'fwknoprc', 'phone.svg']) {
    expect(textOf(name, secrets)).not.toContain(secrets.password);
  }
});
