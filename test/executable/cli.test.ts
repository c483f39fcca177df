/** The program in a person's hands: help, version, dry run, bad arguments, and its place. */
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'acorn';
import { version } from '../../package.json';
import { SYNOPSIS } from '../../src/cli/usage';
import {
  flags,
  OPENED,
  ourRouter,
  ownFile,
  ownFolder,
  ownPath,
  PASSWORD,
  tlsFlags,
} from '../support/router';
import { EXECUTABLE, line, run, WORDS } from '../support/run';
import { OPENED_TEXT } from './says';
import { runOnTerminal, testOnTerminal } from './terminal';

const OPENED_LINE = line(OPENED_TEXT);

describe('--help and --version', () => {
  test.concurrent('--version is that of the package', async () => {
    const result = await run(['--version']);
    expect(result).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.concurrent('--help has the parts of a manual page, in lines that fit a terminal', async () => {
    const { status, stdout, stderr } = await run(['--help']);
    expect([status, stderr]).toEqual([0, '']);
    const heads = [...stdout.matchAll(/^[A-Z].*$/gm)].map(([head]) => head.toLowerCase());
    for (const part of ['synopsis', 'arguments', 'options', 'files', 'exit status', 'example']) {
      expect(heads.some((head) => head.startsWith(part))).toBe(true);
    }
    expect(stdout).toMatch(/^[\x20-\x7e\n]*\n$/);
    for (const text of stdout.split('\n')) expect(text.length).toBeLessThanOrEqual(90);
    for (const code of ['0', '64', '69', '70', '75', '76', '77', '78']) {
      expect(stdout).toMatch(new RegExp(`^ *${code} +\\S`, 'm'));
    }
  });

  test.concurrent('--help names every option that there is, and no other', async () => {
    const source = readFileSync(resolve(__dirname, '../../src/cli/opening.ts'), 'utf8');
    const lists = [...source.matchAll(/^const (?:TEXT_OPTIONS|SWITCHES) = \[(.*?)\]/gms)];
    const known = lists.flatMap(([, list = '']) => [...list.matchAll(/'([a-z-]+)'/g)]);
    const { stdout } = await run(['--help']);
    const named = [...stdout.matchAll(/^ +--([a-z-]+)/gm)].map(([, name]) => name);
    expect(lists).toHaveLength(2);
    expect([...named].sort()).toEqual(known.map(([, name]) => name).sort());
  });

  test.concurrent.each([
    ['--help', 'among arguments', [...WORDS, '--help']],
    ['--help', 'before --version', ['--help', '--version']],
    ['--version', 'without a configuration', ['--config', '/nonexistent', '--version']],
  ])('%s, %s', async (option, _, args) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(option === '--help' ? /^fwknop-mikrotik - / : /^\d+\.\d+\.\d+\n$/);
  });
});

test.concurrent.each([
  ['-h', '--help'],
  ['-V', '--version'],
])('%s is %s', async (short, long) => {
  expect(await run([short])).toEqual({ ...(await run([long])), took: expect.anything() });
});

testOnTerminal('the synopsis on a terminal')(
  'without arguments on a terminal, it prints the synopsis',
  async () => {
    const { status, screen } = await runOnTerminal([], []);
    expect(status).toBe(64);
    expect(screen).toBe(`${SYNOPSIS}\nTry 'fwknop-mikrotik --help'.\n`);
  },
);

describe('--dry-run', () => {
  const TWO = `comment = "knock: knock"
[grant]
max-timeout = "1h"
[[router]]
name = "home"
host = "router.invalid"
user = "fwknop"
password = '''${PASSWORD}'''
[[router]]
host = "192.0.2.1"
user = "fwknop"
password = '''${PASSWORD}'''
tls = "off"
`;

  test.concurrent('prints what it would send to each router, without any connection', async () => {
    const result = await run(['--config', ownFile('two.toml', TWO), '--dry-run', ...WORDS]);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).not.toContain(PASSWORD);
    const lines = result.stdout.split('\n').slice(0, -1);
    expect(lines).toHaveLength(2);
    for (const text of lines) {
      expect(text).toContain('/ip/firewall/address-list/add');
      expect(text).toContain('list=FWKNOP_6_22');
      expect(text).toContain('address=198.51.100.7');
      expect(text).toContain('timeout=30s');
      expect(text).toMatch(/comment=.*knock: knock/);
    }
    expect(lines[0]).toMatch(/^home \(router\.invalid port 8729, tls verify\)/);
    expect(lines[1]).toMatch(/^192\.0\.2\.1 \(192\.0\.2\.1 port 8728, tls off\)/);
  });

  test.concurrent('is cut and refused as the knock would be', async () => {
    const config = ['--config', ownFile('two.toml', TWO), '--dry-run'];
    const cut = await run([...config, '2001:DB8::0:1', 'udp', '53', '7200']);
    expect(cut.stdout).toContain('/ipv6/firewall/address-list/add list=FWKNOP_17_53');
    expect(cut.stdout).toContain('address=2001:db8::1 timeout=1h');
    const bad = await run([...config, '198.51.100.7', '6', '22', '1e3']);
    expect(bad).toMatchObject({ status: 64, stdout: '' });
    const granted = ownFile(
      'granted.toml',
      `[grant]\nservices = ["tcp/443"]\n${TWO.split('[grant]\n')[1]}`,
    );
    const refused = await run(['--config', granted, '--dry-run', ...WORDS]);
    expect(refused).toMatchObject({ status: 77, stdout: '' });
  });

  test.concurrent('shows what a client is granted', async () => {
    const toml = TWO.replace('comment = "knock: knock"\n', '').replace(
      '[[router]]',
      '[client.phone]\nservices = ["udp/51820"]\nmax-timeout = 5\nlist = "PHONE"\n[[router]]',
    );
    const config = ['--config', ownFile('clients.toml', toml), '--dry-run'];
    const wireguard = ['198.51.100.7', 'udp', '51820', '30'];
    const phone = await run([...config, '--client', 'phone', ...wireguard]);
    expect(phone).toMatchObject({ status: 0, stderr: '' });
    expect(phone.stdout).toContain(
      '/add list=PHONE address=198.51.100.7 timeout=5s comment="fwknop phone"\n',
    );
    const laptop = await run([...config, '--client', 'laptop', ...WORDS]);
    expect(laptop.stdout).toContain('list=FWKNOP_6_22 ');
    expect(laptop.stdout).toContain(' timeout=30s comment="fwknop laptop"\n');
    const refused = await run([...config, '--client', 'phone', ...WORDS]);
    expect(refused).toMatchObject({
      status: 77,
      stdout: '',
      stderr: line(
        'not granted: tcp/22 for 198.51.100.7 (phone); hint: add it to services under [client.phone], if it should open',
      ),
    });
  });

  test.concurrent.each([
    [['--client', 'a', '--client', 'a'], '--client: given twice'],
    [['--client', '-a'], '--client: needs a value; hint: write --client=VALUE'],
    [['--client', ''], '--client: needs a value; hint: write --client=VALUE'],
    [
      ['--client', 'Phone'],
      '--client: expected a name of 1 to 20 characters: a-z, 0-9 and -, no - at the start',
    ],
    [
      ['--client', 'x'.repeat(21)],
      '--client: expected a name of 1 to 20 characters: a-z, 0-9 and -, no - at the start',
    ],
  ])('%j is refused', async (options, why) => {
    const result = await run([...options, '--dry-run', ...WORDS]);
    expect(result).toMatchObject({ status: 64, stdout: '', stderr: line(why) });
  });

  test.concurrent('quotes as the terminal of RouterOS needs it', async () => {
    const toml = TWO.replace('comment = "knock: knock"', 'comment = \'a "b" $c\'');
    const config = ['--config', ownFile('quoted.toml', toml), '--dry-run'];
    const { stdout } = await run([...config, '--list', 'a$b', ...WORDS]);
    const text = String.raw`/add list="a\$b" address=198.51.100.7 timeout=30s comment="a \"b\" \$c"`;
    expect(stdout).toContain(`${text}\n`);
  });

  test.concurrent('touches no router', async () => {
    const router = await ourRouter();
    const result = await run([...flags(router), ...tlsFlags('plain'), '--dry-run', ...WORDS]);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(router.connections).toBe(0);
  });

  test.concurrent('output that cannot be printed is no success', async () => {
    const router = await ourRouter();
    const args = [...flags(router), ...tlsFlags('plain'), '--dry-run', ...WORDS];
    const toFullDisk = ['/bin/sh', '-c', 'exec env -i "$@" >/dev/full', 'sh', EXECUTABLE];
    expect((await run(args, { command: toFullDisk })).status).not.toBe(0);
  });
});

describe('bad arguments are refused before anything else', () => {
  const LONG = 'x'.repeat(100_000);
  const [src, proto, port, timeout] = WORDS;

  test.concurrent.each<readonly [string, readonly string[]]>([
    ['no argument', []],
    ['three arguments', [src, proto, port]],
    ['five arguments', [...WORDS, 'x']],
    ['an empty argument', ['', proto, port, timeout]],
    ['an empty timeout', [src, proto, port, '']],
    ['a name', ['router.example', proto, port, timeout]],
    ['leading zeros', ['010.001.002.003', proto, port, timeout]],
    ['0.0.0.0', ['0.0.0.0', proto, port, timeout]],
    ['00.00.00.00', ['00.00.00.00', proto, port, timeout]],
    ['broadcast', ['255.255.255.255', proto, port, timeout]],
    ['loopback', ['127.0.0.1', proto, port, timeout]],
    ['IPv6 loopback', ['::1', proto, port, timeout]],
    ['IPv4 in IPv6', ['::ffff:198.51.100.7', proto, port, timeout]],
    ['a zone', ['fe80::1%lo', proto, port, timeout]],
    ['a newline', [`${src}\n`, proto, port, timeout]],
    ['a newline and a command', [src, proto, port, '30\n=disabled=no']],
    ['a network', ['198.51.100.0/24', proto, port, timeout]],
    ['a range', ['198.51.100.1-198.51.100.9', proto, port, timeout]],
    ['port 0', [src, proto, '0', timeout]],
    ['port 65536', [src, proto, '65536', timeout]],
    ['port 022', [src, proto, '022', timeout]],
    ['port 0x16', [src, proto, '0x16', timeout]],
    ['port 22.0', [src, proto, '22.0', timeout]],
    ['port " 22"', [src, proto, ' 22', timeout]],
    ['port ٢٢', [src, proto, '٢٢', timeout]],
    ['proto 1', [src, '1', port, timeout]],
    ['proto TCP', [src, 'TCP', port, timeout]],
    ['timeout -1', [src, proto, port, '-1']],
    ['timeout 1e3', [src, proto, port, '1e3']],
    ['timeout 30s', [src, proto, port, '30s']],
    ['timeout 21474837', [src, proto, port, '21474837']],
    ['timeout 1 with 400 zeros', [src, proto, port, `1${'0'.repeat(400)}`]],
    ['an argument of 100 kB', [LONG, proto, port, timeout]],
    ['an option of 100 kB', [`--${LONG}`, ...WORDS]],
    ['a value of 100 kB', ['--routerip', LONG, ...WORDS]],
    ['a path of 100 kB', ['--tls', LONG, ...WORDS]],
    ['1000 arguments', Array.from({ length: 1000 }, () => src)],
    ['1000 options', Array.from({ length: 1000 }, () => '--verbose=x')],
    ['1000 times the same option', Array.from({ length: 1000 }, () => '--list=x').concat(WORDS)],
    ['an option of yargs', ['--get-yargs-completions', ...WORDS]],
    ['--show-hidden', ['--show-hidden', ...WORDS]],
    ['--no-verbose', ['--no-verbose', ...WORDS]],
    ['--__proto__.x', ['--__proto__.x=1', ...WORDS]],
    ['--constructor', ['--constructor', 'x', ...WORDS]],
    ['--toString', ['--toString', ...WORDS]],
    ['--routerip.x', ['--routerip.x=1', ...WORDS]],
    ['--_', ['--_=1', ...WORDS]],
    ['--$0', ['--$0=1', ...WORDS]],
    ['-', ['-', ...WORDS]],
    ['---', ['---', ...WORDS]],
    ['-x', ['-x']],
    ['a value that is an option', ['--routerip', '--verbose', ...WORDS]],
    ['a value that is missing', [...WORDS, '--routerip']],
    ['an empty value', ['--routerip=', ...WORDS]],
    ['escape characters', ['--routerip', '\x1b[2J\x07', ...WORDS]],
  ])('%s', async (_, args) => {
    const result = await run(args);
    expect(result).toMatchObject({ status: 64, signal: null, stdout: '' });
    expect(result.stderr).toMatch(/^(?:fwknop-mikrotik: [\x20-\x7e]{1,182}\n)+$/);
    expect(result.stderr.split('\n').length).toBeLessThan(5);
  });

  test.concurrent.each([
    ['a word', '"$1" "$(printf "\\377\\376\\200")" 6 22 30'],
    ['an option', '"$1" "--$(printf "\\377\\376")" 198.51.100.7 6 22 30'],
    ['a value', '"$1" --routerip "$(printf "r\\377")" 198.51.100.7 6 22 30'],
  ])('bytes that are no UTF-8, in %s', async (_, words) => {
    const script = `exec /usr/bin/env -i ${words}`;
    const result = await run([], { command: ['/bin/sh', '-c', script, 'sh', EXECUTABLE] });
    expect(result).toMatchObject({ status: 64, stdout: '' });
    expect(result.stderr).toMatch(/^fwknop-mikrotik: [\x20-\x7e]{1,182}\n$/);
  });

  test.concurrent('words after -- are arguments, and a path may have any bytes', async () => {
    const router = await ourRouter();
    const args = [...flags(router), ...tlsFlags('plain'), '--', ...WORDS];
    expect(await run(args)).toMatchObject({ status: 0, stderr: OPENED_LINE });
    const missing = await run(['--config', '/nonexistent/ü\n\x1b[2J', ...WORDS]);
    expect(missing.status).toBe(78);
    expect(missing.stderr).toMatch(/^fwknop-mikrotik: [\x20-\x7e]{1,182}\n$/);
  });
});

describe('a line is at most 200 bytes, whatever is long', () => {
  const LENGTHS = [90, 120, 150, 160, 165, 170, 180, 200, 240];

  test.concurrent.each(LENGTHS)('a path of %i bytes', async (length) => {
    const router = await ourRouter();
    const room = length - ownPath('').length;
    const loose = ownFile('p'.repeat(Math.max(1, room)), PASSWORD, 0o644);
    const args = [...flags(router).slice(0, -2), '--password-file', loose];
    const { status, stderr } = await run([...args, ...tlsFlags('plain'), ...WORDS]);
    expect(status).toBe(78);
    expect(stderr.length).toBeLessThanOrEqual(200);
    expect(stderr).toMatch(/^fwknop-mikrotik: [\x20-\x7e]*(?:loose|secret|\.\.\.)[\x20-\x7e]*\n$/);
    // A command that is cut could change another file.
    if (stderr.includes('chmod')) expect(stderr).toContain(`chmod go= ${loose}\n`);
  });

  test.concurrent('names and lists', async () => {
    const router = await ourRouter();
    const list = `${'L'.repeat(300)}_{port}`;
    const args = [...flags(router), ...tlsFlags('plain'), '--list', list, ...WORDS];
    const opened = await run(args);
    expect(opened.status).toBe(0);
    expect(opened.stderr.length).toBeLessThanOrEqual(200);
    expect(router.lists.v4.entries()).toMatchObject([{ list: `${'L'.repeat(300)}_22` }]);
    const again = await run(args);
    expect(again.status).toBe(0);
    expect(again.stderr.length).toBeLessThanOrEqual(200);
  });
});

describe('where it is', () => {
  const knock = async (
    command: readonly string[],
    options: { cwd?: string; env?: object } = {},
  ) => {
    const router = await ourRouter();
    const args = [...flags(router), ...tlsFlags('plain'), ...WORDS];
    const env = options.env as NodeJS.ProcessEnv | undefined;
    const result = await run(args, { command, cwd: options.cwd ?? '/', env: env ?? {} });
    expect(result).toMatchObject({ status: 0, stdout: '', stderr: OPENED_LINE });
    expect(router.lists.v4.entries()).toMatchObject([OPENED]);
  };

  test.concurrent('behind symbolic links', async () => {
    const link = ownPath('link');
    symlinkSync(EXECUTABLE, link);
    const second = ownPath('second');
    symlinkSync(link, second);
    await knock([second]);
  });

  test.concurrent('called by a path that is not absolute', async () => {
    const bin = resolve(EXECUTABLE, '..');
    await knock(['./fwknop-mikrotik'], { cwd: bin });
    await knock(['../bin/fwknop-mikrotik'], { cwd: bin });
  });

  test.concurrent('found on the PATH', async () => {
    await knock(['fwknop-mikrotik'], { env: { PATH: `${resolve(EXECUTABLE, '..')}:/usr/bin` } });
  });

  test.concurrent('in a directory with other files of the same names', async () => {
    const files = {
      'package.json': '{"type":"module","yargs":{"boolean-negation":false}}',
      'dist.js': '',
    };
    for (const [name, text] of Object.entries(files)) ownFile(name, text);
    await knock([EXECUTABLE], { cwd: ownFolder() });
  });

  test.concurrent.each([
    ['no PATH', {}],
    ['an empty PATH', { PATH: '' }],
    ['a PATH to nowhere', { PATH: '/nonexistent' }],
  ])('by its Node, with %s', async (_, env) => {
    await knock([process.execPath, EXECUTABLE], { env });
  });

  test.concurrent('a host name needs no PATH either', async () => {
    const { port } = await ourRouter();
    const args = [...flags({ host: 'localhost', port }), ...tlsFlags('plain'), ...WORDS];
    const command = [process.execPath, EXECUTABLE];
    const result = await run(args, { command, env: { PATH: '/nonexistent' } });
    expect(result).toMatchObject({ status: 0 });
  });

  test.concurrent('a cwd that is gone', async () => {
    // A shell would complain about it first, in a line of its own.
    const script = 'd=$(mktemp -d); cd "$d"; rmdir "$d"; exec env -i "$@" 2>&1 | tail -n 1 >&2';
    await knock(['/bin/bash', '-o', 'pipefail', '-c', script, 'bash', EXECUTABLE]);
  });
});

describe('an old Node', () => {
  test('reads the executable, which is plain ES5, and the launcher, which is ES2015', () => {
    const launcher = readFileSync(resolve(__dirname, '../../dist/start.js'), 'utf8');
    for (const [source, ecmaVersion] of [
      [readFileSync(EXECUTABLE, 'utf8'), 5],
      [launcher, 2015],
    ] as const) {
      expect(() => parse(source, { ecmaVersion, allowHashBang: true })).not.toThrow();
    }
    // Node.js 6 knows no such names.
    expect(launcher).not.toContain('"node:');
  });

  test.each(['4.9.1', '8.10.0', '10.19.0', '16.20.2', '18.18.2'])(
    '%s is refused with a message',
    (old) => {
      const script = `
      Object.defineProperty(process, 'version', { value: 'v${old}' });
      Object.defineProperty(process.versions, 'node', { value: '${old}' });
      require(${JSON.stringify(EXECUTABLE)});`;
      const args = ['-e', script, '--', ...WORDS];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      const text = `Node.js 18.19 or later is needed, this is v${old}`;
      expect({ status, stdout, stderr }).toEqual({ status: 78, stdout: '', stderr: line(text) });
    },
  );
});

test.concurrent('all faults of a configuration are reported at once, a line each', async () => {
  const config = ownFile(
    'faulty.toml',
    'deadline = "0"\ncolour = "red"\n[grant]\nservices = ["tcp/0"]\n[[router]]\nhost = "-"\nport = 0\n',
  );
  const { status, stdout, stderr } = await run(['--config', config, ...WORDS]);
  expect([status, stdout]).toEqual([78, '']);
  const lines = stderr.split('\n').slice(0, -1);
  for (const key of ['deadline', 'colour', 'services', 'host', 'port']) {
    expect(lines.filter((text) => text.includes(key)).length).toBeGreaterThan(0);
  }
  for (const text of lines) expect(text).toMatch(/^fwknop-mikrotik: [\x20-\x7e]{1,182}$/);
});

test.concurrent.each([
  ['broken', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ['cut', '-----BEGIN CERTIFICATE-----\nMIIB'],
  ['no certificate', 'hello\n'],
  ['empty', ''],
])('a CA file that is %s is a fault of the configuration', async (_, text) => {
  const router = await ourRouter();
  const args = [...flags(router), '--ca-file', ownFile('ca.pem', text), '--deadline', '2'];
  const result = await run([...args, ...WORDS]);
  expect(result).toMatchObject({ status: 78, stdout: '' });
  expect(router.connections).toBe(0);
});
