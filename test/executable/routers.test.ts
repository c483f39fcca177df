/** Several routers: in parallel, a line each in the order of the file, one status. */

import type { TestRouter } from '../../simulator/api/server';
import { certificates } from '../../simulator/certificates';
import { saying, trap } from '../../simulator/faults';
import { downRouter, OPENED, ourRouter, ownFile, passwordFile, tlsFlags } from '../support/router';
import { line, run, WORDS } from '../support/run';
import { routerTable } from '../support/toml';

/** A table of the configuration for a router, which need not exist. */
function table(name: string, { host, port }: { host: string; port: number }, more = ''): string {
  const login = { user: 'fwknop', 'password-file': passwordFile() };
  return routerTable({ name, host, port, ...login }, more || 'tls = "off"');
}

const config = (...tables: readonly string[]): string[] => [
  '--config',
  ownFile('mikrotik.toml', tables.join('\n')),
];

const opened = (name: string) =>
  line(`${name}: opened tcp/22 to 198.51.100.7 (FWKNOP_6_22) for 30s`);
const down = (name: string) =>
  line(
    `${name}: connection refused; hint: is the router up, the API service enabled, and this host in its Available From?`,
  );

function expectOpen(...routers: readonly TestRouter[]): void {
  for (const router of routers) expect(router.lists.v4.entries()).toMatchObject([OPENED]);
}

test.concurrent('all healthy, each trusted in its own way', async () => {
  const { leaf, selfSigned, ca } = certificates();
  const plain = await ourRouter();
  const verified = await ourRouter({ transport: leaf });
  const pinned = await ourRouter({ transport: selfSigned });
  const anonymous = await ourRouter({ transport: 'anonymous' });
  const args = config(
    table('plain', plain),
    table('verified', verified, `ca-file = "${ca.certPath}"`),
    table('pinned', pinned, `fingerprint = "${selfSigned.fingerprint}"`),
    table('anonymous', anonymous, 'tls = "anonymous"'),
  );
  const names = ['plain', 'verified', 'pinned', 'anonymous'];
  const result = await run([...args, ...WORDS]);
  expect(result).toMatchObject({ status: 0, stdout: '', stderr: names.map(opened).join('') });
  expectOpen(plain, verified, pinned, anonymous);
});

test.concurrent('the client is named in the line and on the router', async () => {
  const router = await ourRouter();
  const args = ['--client', 'phone', ...config(table('home', router)), ...WORDS];
  expect(await run(args)).toMatchObject({
    status: 0,
    stderr: line('home: opened tcp/22 to 198.51.100.7 (FWKNOP_6_22, phone) for 30s'),
  });
  expect(router.lists.v4.entries()).toMatchObject([{ ...OPENED, comment: 'fwknop phone' }]);
});

test.concurrent('the network of the source is let in, and a second knock extends it', async () => {
  const router = await ourRouter();
  const grant = '[grant]\nipv4-prefix = 24\nipv6-prefix = 64\n';
  const args = (timeout: string) => [
    ...config(grant, table('home', router)),
    ...['--routeruser', 'reader'],
    ...['198.51.100.7', '6', '22', timeout],
  ];
  expect((await run(args('30'))).stderr).toBe(
    line('home: opened tcp/22 to 198.51.100.0/24 (FWKNOP_6_22) for 30s'),
  );
  expect((await run(args('60'))).stderr).toBe(
    line('home: extended tcp/22 for 198.51.100.0/24 (FWKNOP_6_22) to 1m'),
  );
  expect(router.lists.v4.entries()).toMatchObject([{ ...OPENED, address: '198.51.100.0/24' }]);
  const six = [...config(grant, table('home', router)), '2001:db8:0:5::9', '6', '22', '30'];
  expect((await run(six)).stderr).toBe(
    line('home: opened tcp/22 to 2001:db8:0:5::/64 (FWKNOP_6_22) for 30s'),
  );
});

test.concurrent('a private source is let in with a warning', async () => {
  const router = await ourRouter();
  const args = [...config(table('home', router)), '192.168.88.20', '6', '22', '30'];
  const warning =
    '192.168.88.20 is private: a client on the Internet must name its public address (-R)';
  expect(await run(args)).toMatchObject({
    status: 0,
    stderr: line(`home: opened tcp/22 to 192.168.88.20 (FWKNOP_6_22) for 30s; ${warning}`),
  });
});

test.concurrent.each([0, 1, 2])('one down, in place %i: the others are open', async (place) => {
  const routers = [await ourRouter(), await ourRouter(), await ourRouter()];
  routers[place] = await downRouter();
  const names = ['attic', 'barn', 'cellar'];
  const result = await run([
    ...config(...routers.map((router, index) => table(names[index]!, router))),
    ...WORDS,
  ]);
  expect(result).toMatchObject({
    status: 69,
    stderr: names.map((name, index) => (index === place ? down(name) : opened(name))).join(''),
  });
  expectOpen(...routers.filter((_, index) => index !== place));
});

test.concurrent('the status is that of the first in the file, not in time', async () => {
  const slow = await ourRouter({ faults: [{ at: 'add', how: saying('') }] });
  const refusing = await ourRouter({ faults: [{ at: 'add', how: trap('failure: no') }] });
  const gone = await downRouter();
  const healthy = await ourRouter();
  const tables = {
    slow: table('slow', slow),
    refusing: table('refusing', refusing),
    gone: table('gone', gone),
    healthy: table('healthy', healthy),
  };
  const knock = async (...names: readonly (keyof typeof tables)[]) => {
    const args = [...config(...names.map((name) => tables[name])), '--deadline', '2'];
    const { status, stderr } = await run([...args, ...WORDS]);
    const said = [...stderr.matchAll(/^fwknop-mikrotik: (\w+): [^\n]{1,180}$/gm)];
    return [status, ...said.map(([, name]) => name)];
  };
  const results = await Promise.all([
    knock('slow', 'refusing', 'gone', 'healthy'),
    knock('healthy', 'refusing', 'slow', 'gone'),
    knock('healthy', 'gone', 'refusing', 'slow'),
  ]);
  expect(results).toEqual([
    [75, 'slow', 'refusing', 'gone', 'healthy'],
    [76, 'healthy', 'refusing', 'slow', 'gone'],
    [69, 'healthy', 'gone', 'refusing', 'slow'],
  ]);
  expectOpen(healthy);
});

test.concurrent('fifty, side by side', async () => {
  const replyDelay = 300;
  const routers = await Promise.all(Array.from({ length: 50 }, () => ourRouter({ replyDelay })));
  const names = routers.map((_, index) => `router-${index}`);
  const result = await run([
    ...config(...routers.map((router, index) => table(names[index]!, router))),
    ...WORDS,
  ]);
  expect(result).toMatchObject({ status: 0, stderr: names.map(opened).join('') });
  expectOpen(...routers);
  // One after the other they would take 50 × (login + add) = 30 s.
  expect(result.took).toBeLessThan(8000);
});

test.concurrent('flags apply to every router of the file', async () => {
  const routers = [await ourRouter(), await ourRouter()];
  const [first, second] = routers.map((router, index) => table(`r${index}`, router));
  const args = config(first!, second!).concat('--routeruser', 'nobody', '--list', 'L_{port}');
  const refused = await run([...args, ...WORDS]);
  expect(refused.status).toBe(77);
  expect(refused.stderr.split('\n')).toHaveLength(3);
  const listed = await run([...config(first!, second!), '--list', 'L_{port}', ...WORDS]);
  expect(listed.status).toBe(0);
  for (const router of routers) {
    expect(router.lists.v4.entries()).toMatchObject([{ ...OPENED, list: 'L_22' }]);
  }
});

test.concurrent('with --routerip those of the file are left alone', async () => {
  const theirs = await ourRouter();
  const ours = await ourRouter();
  const target = ['--routerip', ours.host, '--routerport', String(ours.port)];
  const user = ['--routeruser', 'fwknop', '--password-file', passwordFile()];
  const result = await run([
    ...config('comment = "by flag"\n', table('theirs', theirs)),
    ...target,
    ...user,
    ...tlsFlags('plain'),
    ...WORDS,
  ]);
  expect(result).toMatchObject({ status: 0, stderr: opened('127.0.0.1') });
  expect(theirs.connections).toBe(0);
  expect(ours.lists.v4.entries()).toMatchObject([{ ...OPENED, comment: 'by flag' }]);
});
