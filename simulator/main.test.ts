/** `npm run simulator` as its user runs it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { ownFile } from '../test/support/router';
import { run } from '../test/support/run';
import { until } from '../test/support/wait';
import { FAULTS } from './faults';

const COMMAND = ['-r', 'ts-node/register/transpile-only', `${__dirname}/main.ts`];

let child: ChildProcess | undefined;
afterEach(() => child?.kill('SIGKILL'));

/** Starts it on a free port; resolves with the port. */
async function start(...options: string[]): Promise<{ port: string; output: () => string }> {
  child = spawn(process.execPath, [...COMMAND, '--port', '0', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const port = await until('the simulator', () => /port (\d+);/.exec(output)?.[1]);
  return { port, output: () => output };
}

const opening = (port: string, ...flags: string[]) =>
  run([
    ...['--routerip', '127.0.0.1', '--routerport', port, '--routeruser', 'fwknop'],
    ...['--password-file', ownFile('password', 'secret\n'), ...flags],
    ...['203.0.113.9', 'tcp', '22', '1'],
  ]);

test.each([
  ['tls', 'insecure'],
  ['anonymous', 'anonymous'],
  ['plain', 'off'],
])('%s: serves, prints sentences and entries, and ends at Ctrl-C', async (mode, tls) => {
  const { port, output } = await start('--mode', mode);
  expect(await opening(port, '--tls', tls)).toMatchObject({ status: 0 });
  await until('the entry to expire', () => output().includes('- FWKNOP_6_22'));
  expect(output()).toContain('< /login =name=fwknop =password=... ');
  expect(output()).toMatch(/^< \/ip\/firewall\/address-list\/add =list=FWKNOP_6_22 .*$/m);
  expect(output()).toMatch(/^\+ FWKNOP_6_22 203\.0\.113\.9 \(fwknop\)\n- FWKNOP_6_22 203/m);
  child!.kill('SIGINT');
  expect(await once(child!, 'exit')).toEqual([0, null]);
});

test('a user and a fault of its own', async () => {
  const { port, output } = await start(
    ...['--mode', 'plain', '--user', 'fwknop:secret:api,write', '--fault', 'add: FIN'],
  );
  expect(output()).toContain('user fwknop, password secret, policies api,write');
  expect(output()).not.toContain('user admin');
  expect(await opening(port, '--tls', 'off')).toMatchObject({ status: 75 });
});

describe('without serving', () => {
  const simulator = (...options: string[]) =>
    spawnSync(process.execPath, [...COMMAND, ...options], { encoding: 'utf8' });

  test('it prints its help, and the faults', () => {
    expect(simulator('--help').stdout).toContain('npm run simulator -- [options]');
    expect(simulator('--faults').stdout.split('\n')).toHaveLength(FAULTS.length + 1);
  });

  test.each([
    [['--mode', 'udp'], '--mode: expected tls, anonymous, plain'],
    [['--port', '65536'], '--port: expected 0-65535'],
    [['--user', 'fwknop'], '--user: expected NAME:PASSWORD:POLICY,...'],
    [['--user', 'a:b:root'], '--user: no policy is called "root"'],
    [['--fault', 'coffee'], '--fault: no fault is called "coffee"'],
  ])('%p is refused', (options, text) => {
    const { status, stdout, stderr } = simulator(...options);
    expect({ status, stdout, stderr }).toEqual({
      status: 64,
      stdout: '',
      stderr: `simulator: ${text}; hint: see --help\n`,
    });
  });
});
