/** Clients that come and go by `fwknop-mikrotik client`, as stock fwknopd and the stock client see them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { User } from '../../simulator/api/users';
import { EXECUTABLE, NODE } from '../support/shipped';
import { testInNamespaces } from './isolation';
import { closeWorlds, startWorld } from './remote';

const story = testInNamespaces('clients, end to end');
jest.setTimeout(60_000);
afterEach(closeWorlds);

const directory = mkdtempSync(join(tmpdir(), 'clients-'));
afterAll(() => rmSync(directory, { recursive: true }));

const ADDRESS = '203.0.113.9';
const KNOCK = { stanza: 'home-ssh', allow: ADDRESS };
const PASSWORD = 'Zuckerrohr';
const USER: User = { name: 'fwknop-mikrotik', password: PASSWORD, policies: ['api', 'write'] };

story('one more is let in, and one that is removed no longer', async () => {
  const setup = join(directory, 'setup');
  const options = ['--router=127.0.0.1', '--fwknopd=127.0.0.2', '--server=127.0.0.1']
    .concat('--service=tcp/22', '--name=home', '--client=phone', `--helper=${EXECUTABLE}`)
    .concat(`--out=${setup}`);
  execFileSync(NODE, [EXECUTABLE, 'init', ...options], { stdio: 'pipe' });
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  const toml = read('setup/mikrotik.toml')
    .replace(/password = .*/, `password = "${PASSWORD}"`)
    .replace('"verify"', '"off"');
  const world = await startWorld({
    accessConf: read('setup/access.conf'),
    fwknoprc: read('setup/phone/fwknoprc'),
    files: { 'mikrotik.toml': toml },
    router: { port: 8728, users: [USER] },
  });
  const texts = async (count: number) => (await world.reports(count)).map(({ text }) => text);

  const added = await world.command(
    'client',
    'add',
    'laptop',
    `--out=${join(directory, 'laptop')}`,
  );
  expect(added).toMatchObject({ status: 0, stderr: '' });
  await world.restartFwknopd();
  await world.knock(KNOCK);
  await texts(1);
  await world.useFwknoprc(read('laptop/fwknoprc'));
  await world.knock({ ...KNOCK, allow: '203.0.113.10' });
  expect(await texts(2)).toEqual([
    `127.0.0.1: opened tcp/22 to ${ADDRESS} (FWKNOP_6_22, phone) for 30s`,
    '127.0.0.1: opened tcp/22 to 203.0.113.10 (FWKNOP_6_22, laptop) for 30s',
  ]);
  expect((await world.entries()).map(({ comment }) => comment)).toEqual([
    'fwknop phone',
    'fwknop laptop',
  ]);

  expect(await world.command('client', 'remove', 'phone')).toMatchObject({ status: 0, stderr: '' });
  await world.restartFwknopd();
  await world.useFwknoprc(read('setup/phone/fwknoprc'));
  await world.knock({ ...KNOCK, allow: '203.0.113.11' });
  await world.useFwknoprc(read('laptop/fwknoprc'));
  await world.knock({ ...KNOCK, allow: '203.0.113.12' });
  expect((await texts(3)).slice(2)).toEqual([
    '127.0.0.1: opened tcp/22 to 203.0.113.12 (FWKNOP_6_22, laptop) for 30s',
  ]);
});
