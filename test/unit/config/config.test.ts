import { execFile, execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { certificates } from '../../../simulator/certificates';
import { parseAddress } from '../../../src/access/address';
import { parseCommandLine } from '../../../src/cli/opening';
import { type Config, DEFAULT_CONFIG_FILE, loadConfig } from '../../../src/config/config';
import type { Trust } from '../../../src/router/router';
import { makeFolder, writeAs } from '../../support/files';
import { linesOf, refusalOf } from '../../support/refusals';
import { CALLER, ROOT, testAsRoot } from '../../support/users';

const folder = makeFolder();
const at = (name: string) => join(folder, name);
const PATH = at('mikrotik.toml');
const PIN = 'ab'.repeat(32);
const OTHER_PIN = 'cd'.repeat(32);
const WORDS = ['203.0.113.9', '6', '22', '30'];

/** Loads a configuration with flags, from the command line on. */
async function load(toml: string | undefined, ...flags: readonly string[]): Promise<Config> {
  const named = toml === undefined ? [] : ['--config', writeAs(PATH, toml)];
  const invocation = await parseCommandLine([...named, ...flags, ...WORDS]);
  if (invocation.verb !== 'open') throw new Error(invocation.verb);
  return loadConfig(invocation.overrides);
}

/** The lines of a refusal, with `DIR` for the directory. */
async function refused(kind: 'config' | 'usage', toml: string | undefined, ...flags: string[]) {
  const lines = linesOf(await refusalOf(load(toml, ...flags)), kind);
  return lines.map((line) => line.replaceAll(folder, 'DIR'));
}

const ONE = `
  [[router]]
  host = "192.168.88.1"
  user = "fwknop"
  password = "of the file"
`;
const TWO = `
  deadline = "8s"
  list = "OPEN_{port}"
  comment = "by hand"
  syslog = "on"
  [grant]
  services = ["tcp/22"]
  sources = ["198.51.100.0/24"]
  max-timeout = "1h"
  default-timeout = "45s"
  [[router]]
  name = "home"
  host = "192.168.88.1"
  port = 18729
  user = "first"
  password = "one"
  email = "one@example.com"
  [[router]]
  host = "office.example"
  user = "second"
  password = "two"
  tls = "off"
`;

beforeAll(() => {
  writeAs(at('pw'), 'of another file\n');
  writeAs(at('ca.pem'), certificates().ca.cert, 0o644);
  writeAs(at('other-ca.pem'), certificates().selfSigned.cert, 0o644);
});

describe('without flags', () => {
  test('a router by its least: the defaults are the documented ones', async () => {
    expect(await load(ONE)).toEqual({
      deadline: 10,
      list: 'FWKNOP_{proto}_{port}',
      comment: 'fwknop {client}',
      syslog: 'auto',
      clients: new Map(),
      grant: {
        client: undefined,
        services: undefined,
        sources: undefined,
        maxTimeout: undefined,
        defaultTimeout: 30,
        prefixes: { 4: 32, 6: 128 },
        tables: { services: '[grant]', sources: '[grant]' },
      },
      routers: [
        {
          name: '192.168.88.1',
          host: '192.168.88.1',
          port: 8729,
          user: 'fwknop',
          password: 'of the file',
          trust: { mode: 'verify', ca: undefined },
          email: undefined,
        },
      ],
    });
  });

  test('two routers, in the order of the file', async () => {
    const config = await load(TWO);
    expect(config).toMatchObject({
      deadline: 8,
      list: 'OPEN_{port}',
      comment: 'by hand',
      syslog: 'on',
      grant: { maxTimeout: 3600, defaultTimeout: 45 },
      routers: [
        { name: 'home', port: 18729, user: 'first', password: 'one', email: 'one@example.com' },
        {
          name: 'office.example',
          port: 8728,
          user: 'second',
          password: 'two',
          trust: { mode: 'off' },
        },
      ],
    });
  });

  test.each([
    ['verify', 8729],
    ['insecure', 8729],
    ['anonymous', 8729],
    ['off', 8728],
  ])('the port that goes with tls = "%s" is %i', async (tls, port) => {
    const config = await load(`${ONE}tls = "${tls}"`);
    expect(config.routers[0]).toMatchObject({ port, trust: { mode: tls } });
  });
});

describe('flags', () => {
  test.each([
    ['--deadline=3s', { deadline: 3 }],
    ['--list=X_{port}', { list: 'X_{port}' }],
    ['--syslog=off', { syslog: 'off' }],
    ['--routerport=1', { routers: [{ port: 1 }, { port: 1 }] }],
    ['--routeruser=u', { routers: [{ user: 'u' }, { user: 'u' }] }],
    ['--routerpass=p', { routers: [{ password: 'p' }, { password: 'p' }] }],
    ['--email=a@b', { routers: [{ email: 'a@b' }, { email: 'a@b' }] }],
    [
      '--tls=insecure',
      { routers: [{ trust: { mode: 'insecure' } }, { trust: { mode: 'insecure' } }] },
    ],
    ['--tls=off', { routers: [{ port: 18729 }, { port: 8728 }] }],
    ['--tls=verify', { routers: [{ port: 18729 }, { port: 8729 }] }],
    [
      `--fingerprint=${PIN}`,
      {
        routers: [
          { port: 18729, trust: { mode: 'pinned', fingerprint: PIN } },
          { port: 8729, trust: { mode: 'pinned', fingerprint: PIN } },
        ],
      },
    ],
  ])('%s wins over the file, at every router', async (flag, expected) => {
    const config = await load(TWO, flag);
    expect(config).toMatchObject(expected);
    expect(config).toMatchObject({
      comment: 'by hand',
      routers: [
        { name: 'home', host: '192.168.88.1' },
        { name: 'office.example', host: 'office.example' },
      ],
    });
  });

  test('--password-file and --ca-file are read in place of what the file says', async () => {
    const config = await load(TWO, `--password-file=${at('pw')}`, `--ca-file=${at('ca.pem')}`);
    const same = {
      password: 'of another file',
      trust: { mode: 'verify', ca: certificates().ca.cert },
    };
    expect(config.routers).toMatchObject([same, same]);
  });

  test('--routerip sets the routers of the file aside, and nothing else of it', async () => {
    const config = await load(TWO, '--routerip=10.0.0.1', '--routeruser=u', '--routerpass=p');
    expect(config.routers).toEqual([
      {
        name: '10.0.0.1',
        host: '10.0.0.1',
        port: 8729,
        user: 'u',
        password: 'p',
        trust: { mode: 'verify', ca: undefined },
        email: undefined,
      },
    ]);
    expect(config).toMatchObject({
      deadline: 8,
      list: 'OPEN_{port}',
      comment: 'by hand',
      syslog: 'on',
      grant: { maxTimeout: 3600, services: [{ protocol: 'tcp', firstPort: 22, lastPort: 22 }] },
    });
    expect(config.grant.sources?.has(parseAddress('203.0.113.9')!)).toBe(false);
  });

  test('--routerip does not ask what the routers of the file lack', async () => {
    const unused = '[[router]]\n[[router]]\npassword-file = "none"\nca-file = "none"\n';
    const alone = ['--routerip=10.0.0.1', '--routeruser=u', '--routerpass=p'];
    expect((await load(unused, ...alone)).routers).toMatchObject([{ host: '10.0.0.1' }]);
  });

  test('--routerip takes the other router flags', async () => {
    const flags = ['--routeruser=u', '--tls=off', '--email=a@b', `--password-file=${at('pw')}`];
    const config = await load(ONE, '--routerip=r.example', ...flags);
    expect(config.routers).toMatchObject([
      {
        host: 'r.example',
        port: 8728,
        password: 'of another file',
        trust: { mode: 'off' },
        email: 'a@b',
      },
    ]);
  });
});

describe('the settings of a client', () => {
  const FILE = `
    list = "ALL"
    [grant]
    services = ["tcp/22"]
    sources = ["198.51.100.0/24"]
    max-timeout = "1h"
    default-timeout = "45s"
    ipv4-prefix = 28
    [client.phone]
    ipv4-prefix = 24
    ipv6-prefix = 64
    services = ["udp/51820"]
    max-timeout = "10m"
    list = "PHONE"
    [client.laptop]
    sources = []
    default-timeout = "5s"
    ${ONE}`;
  const SSH = [{ protocol: 'tcp', firstPort: 22, lastPort: 22 }];
  const WIREGUARD = [{ protocol: 'udp', firstPort: 51820, lastPort: 51820 }];

  test.each<[client: string | undefined, list: string, grant: object]>([
    [
      undefined,
      'ALL',
      { services: SSH, maxTimeout: 3600, defaultTimeout: 45, tables: { services: '[grant]' } },
    ],
    [
      'phone',
      'PHONE',
      {
        services: WIREGUARD,
        maxTimeout: 600,
        defaultTimeout: 45,
        prefixes: { 4: 24, 6: 64 },
        tables: { services: '[client.phone]', sources: '[grant]' },
      },
    ],
    [
      'laptop',
      'ALL',
      {
        services: SSH,
        maxTimeout: 3600,
        defaultTimeout: 5,
        prefixes: { 4: 28, 6: 128 },
        tables: { services: '[grant]', sources: '[client.laptop]' },
      },
    ],
    ['tablet', 'ALL', { services: SSH, maxTimeout: 3600, defaultTimeout: 45 }],
  ])('of %s take the place of those for all', async (client, list, grant) => {
    const config = await load(FILE, ...(client === undefined ? [] : [`--client=${client}`]));
    expect(config).toMatchObject({ list, grant: { client, ...grant } });
    expect([...config.clients.keys()]).toEqual(['phone', 'laptop']);
    const isLetIn = config.grant.sources?.has(parseAddress('198.51.100.7')!);
    expect(isLetIn).toBe(client !== 'laptop');
  });

  test('give way to the flags', async () => {
    expect((await load(FILE, '--client=phone', '--list=FLAG')).list).toBe('FLAG');
  });
});

describe('the trust of the file is replaced as a whole', () => {
  const verify: Trust = { mode: 'verify', ca: undefined };
  const pinned: Trust = { mode: 'pinned', fingerprint: PIN };
  const repinned: Trust = { mode: 'pinned', fingerprint: OTHER_PIN };
  const byCa = (): Trust => ({ mode: 'verify', ca: certificates().ca.cert });
  const byOtherCa = (): Trust => ({ mode: 'verify', ca: certificates().selfSigned.cert });
  const PINNED = `fingerprint = "${PIN}"`;
  const BY_CA = 'ca-file = "ca.pem"';

  test.each<[file: string, flag: string, Trust | (() => Trust)]>([
    ['', '--tls=verify', verify],
    ['tls = "off"', '--tls=verify', verify],
    ['tls = "insecure"', '--tls=anonymous', { mode: 'anonymous' }],
    [PINNED, '--tls=insecure', { mode: 'insecure' }],
    [PINNED, '--tls=off', { mode: 'off' }],
    [BY_CA, '--tls=anonymous', { mode: 'anonymous' }],
    ['', `--fingerprint=${OTHER_PIN}`, repinned],
    ['tls = "off"', `--fingerprint=${OTHER_PIN}`, repinned],
    ['tls = "insecure"', `--fingerprint=${OTHER_PIN}`, repinned],
    [PINNED, `--fingerprint=${OTHER_PIN}`, repinned],
    [BY_CA, `--fingerprint=${OTHER_PIN}`, repinned],
    ['', `--ca-file=${at('other-ca.pem')}`, byOtherCa],
    ['tls = "insecure"', `--ca-file=${at('other-ca.pem')}`, byOtherCa],
    [PINNED, `--ca-file=${at('other-ca.pem')}`, byOtherCa],
    [BY_CA, `--ca-file=${at('other-ca.pem')}`, byOtherCa],
    // Not about trust:
    [PINNED, '--routerport=1', pinned],
    [BY_CA, '--routeruser=u', byCa],
    ['tls = "insecure"', '--routerpass=p', { mode: 'insecure' }],
  ])('%s, then %s', async (file, flag, trust) => {
    const config = await load(ONE + file, flag);
    expect(config.routers[0]?.trust).toEqual(typeof trust === 'function' ? trust() : trust);
  });

  test('a file that a flag replaces is not read', async () => {
    const broken = '[[router]]\nhost="r"\nuser="u"\npassword-file="no-pw"\nca-file="no-ca"\n';
    const config = await load(broken, '--routerpass=p', '--tls=insecure');
    expect(config.routers).toMatchObject([{ password: 'p', trust: { mode: 'insecure' } }]);
  });

  test('a flag that checks more than the file keeps what the file pins', async () => {
    for (const [file, trust] of [
      [PINNED, pinned],
      [BY_CA, byCa()],
    ] as const) {
      const config = await load(ONE + file, '--tls=verify');
      expect(config.routers[0]?.trust).toEqual(trust);
    }
  });
});

describe('the password is what the file holds', () => {
  const BY_FILE = '[[router]]\nhost = "r"\nuser = "u"\npassword-file = "password"\n';

  test.each([
    ['without its line end', 'secret\n', 'secret'],
    ['without a line end of Windows', 'secret\r\n', 'secret'],
    ['as it is, where no line ends', 'secret', 'secret'],
    ['without empty lines after it', 'secret\n\n \r\n', 'secret'],
    ['with its spaces', '  a b  \n', '  a b  '],
    ['with quotes and the like', `"a'b\\=#$\n`, `"a'b\\=#$`],
  ])('%s', async (_, text, password) => {
    writeAs(at('password'), text);
    const config = await load(BY_FILE);
    expect(config.routers[0]?.password).toBe(password);
  });

  const MORE_LINES = 'has more than one line; hint: leave nothing but the password in it';

  test.each([
    ['nothing', '', 'expected a text that is not empty'],
    ['an empty line', '\n', 'expected a text that is not empty'],
    ['two lines', 'secret\nsecret\n', MORE_LINES],
    ['a password below', '\nsecret\n', MORE_LINES],
    ['an accent', 'sécret\n', 'expected printable ASCII characters only'],
    [
      'bytes that are no UTF-8',
      Buffer.from([0x73, 0xe9]),
      'expected printable ASCII characters only',
    ],
    [
      'a byte order mark',
      '\ufeffsecret\n',
      'begins with a byte order mark; hint: save it without one, as plain text',
    ],
    ['a NUL', 'secret\0', 'expected printable ASCII characters only'],
  ])('not where it holds %s', async (_, text, line) => {
    writeAs(at('password'), text);
    expect(await refused('config', BY_FILE)).toEqual([
      `DIR/mikrotik.toml: router 1: password-file: ${line}`,
    ]);
  });

  test('not where others may read it', async () => {
    writeAs(at('password'), 'secret', 0o640);
    expect(await refused('config', BY_FILE)).toEqual([
      'DIR/password: holds a secret that others may read; hint: chmod go= DIR/password',
    ]);
  });

  test('and never shown, when somebody writes it where its file should be', async () => {
    const secret = 'tr0ub4dor&3';
    const byFlag = await refused('config', ONE, `--password-file=${secret}`);
    const byKey = await refused(
      'config',
      `[[router]]\nhost="r"\nuser="u"\npassword-file="${secret}"`,
    );
    expect([...byFlag, ...byKey].join('\n')).not.toContain(secret.slice(0, 4));
  });
});

describe('refuses', () => {
  test('a file that is not there, when it is named', async () => {
    const alone = ['--routerip=r', '--routeruser=u', '--routerpass=p'];
    for (const flags of [[], alone]) {
      const [line, ...more] = await refused(
        'config',
        undefined,
        `--config=${at('none')}`,
        ...flags,
      );
      expect(line).toMatch(/^DIR\/none: no such file/);
      expect(more).toEqual([]);
    }
  });

  test.each([
    ['nothing', ''],
    ['only a comment', '# router\n'],
    ['an empty list', 'router = []'],
  ])('a file without a router: %s', async (_, toml) => {
    expect(await refused('config', toml)).toEqual([
      'DIR/mikrotik.toml: router: none given; hint: add a [[router]] table',
    ]);
  });

  test('routers of which something is missing, each with what it lacks', async () => {
    const toml = `[[router]]\n[[router]]\nhost = "r"\n[[router]]\nuser = "u"\npassword = "p"`;
    expect(await refused('config', toml)).toEqual([
      'DIR/mikrotik.toml: router 1: host: missing',
      'DIR/mikrotik.toml: router 1: user: missing',
      'DIR/mikrotik.toml: router 1: password-file or password: missing',
      'DIR/mikrotik.toml: router 2: user: missing',
      'DIR/mikrotik.toml: router 2: password-file or password: missing',
      'DIR/mikrotik.toml: router 3: host: missing',
    ]);
  });

  test('not what the flags bring', async () => {
    const flags = ['--routeruser=u', '--routerpass=p'];
    expect((await load('[[router]]\nhost = "r"', ...flags)).routers).toHaveLength(1);
  });

  test('a CA file that is none', async () => {
    const key = certificates().ca.key;
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const text of ['', 'text', key, broken, Buffer.from([0x30, 0x82, 0x01])]) {
      writeAs(at('bad-ca.pem'), text);
      expect(await refused('config', `${ONE}ca-file = "bad-ca.pem"`)).toEqual([
        'DIR/mikrotik.toml: router 1: ca-file: holds no certificate in PEM form',
      ]);
    }
  });

  test.each(['password-file', 'ca-file'])(
    'a file that --%s names, of the flag and once, however many routers it applies to',
    async (flag) => {
      const alone = [
        '--routerip=r',
        '--routeruser=u',
        ...(flag === 'ca-file' ? ['--routerpass=p'] : []),
      ];
      for (const flags of [[], alone]) {
        expect(await refused('config', TWO, `--${flag}=${at('none')}`, ...flags)).toEqual([
          `--${flag}: no such file`,
        ]);
      }
    },
  );

  test('a CA file that others may write', async () => {
    writeAs(at('loose-ca.pem'), certificates().ca.cert, 0o666);
    expect(await refused('config', ONE, `--ca-file=${at('loose-ca.pem')}`)).toEqual([
      'DIR/loose-ca.pem: may be written by others; hint: chmod go-w DIR/loose-ca.pem',
    ]);
  });

  test.each([
    [
      'no user and no password',
      ['--routerip=r'],
      ['--routerip needs --routeruser', '--routerip needs --password-file (or --routerpass)'],
    ],
    ['no user', ['--routerip=r', '--routerpass=p'], ['--routerip needs --routeruser']],
    [
      'no password',
      ['--routerip=r', '--routeruser=u'],
      ['--routerip needs --password-file (or --routerpass)'],
    ],
  ])('--routerip with %s', async (_, flags, lines) => {
    expect(await refused('usage', ONE, ...flags)).toEqual(lines);
  });
});

describe('all faults of a configuration at once', () => {
  /** The subject of each of the lines. */
  const about = async (toml: string, ...parts: string[]) => {
    const lines = await refused('config', toml);
    expect(parts.filter((part) => !lines.some((line) => line.includes(part)))).toEqual([]);
    return lines;
  };

  test('a key that is missing in a router, beside one that is wrong elsewhere', async () => {
    await about(
      'deadline = 0\n[[router]]\nhost = "r"\nuser = "u"',
      'deadline: expected',
      'router 1: password-file',
    );
  });

  test('no router, beside a key that is wrong', async () => {
    await about('deadline = 0\n', 'deadline: expected', 'router: none given');
  });

  test('a bad value, and what is missing beside it', async () => {
    const lines = await about(
      '[[router]]\nhost = 5\nuser = "u"',
      'router 1: host: expected a text',
      'router 1: password-file or password: missing',
    );
    expect(lines).toHaveLength(2);
  });

  test('a missing password file, beside a missing CA file', async () => {
    const files = 'password-file = "no-pw"\nca-file = "no-ca"';
    const lines = await about(`[[router]]\nhost = "r"\nuser = "u"\n${files}`, 'no such file', 'ca');
    expect(lines).toHaveLength(2);
  });

  test('a file of one router, beside what another lacks', async () => {
    await about(
      '[[router]]\nhost = "r"\nuser = "u"\npassword-file = "no-pw"\n[[router]]\nhost = "s"\npassword = "p"',
      'no such file',
      'router 2: user: missing',
    );
  });

  test('a file of a router, beside what the router lacks', async () => {
    await about(
      '[[router]]\nhost = "r"\npassword-file = "no-pw"',
      'no such file',
      'router 1: user: missing',
    );
  });
});

/**
 * Runs a dry run with /etc/fwknop as a shell command prepares it, in a file system of the test's own.
 */
async function dryRun(prepare: string, flags: string[] = [], user = ROOT): Promise<string> {
  const program = `require('${at('main.js')}').main(process.argv.slice(1))`;
  const etc = `mount -t tmpfs none /etc && mkdir /etc/fwknop && cd /etc/fwknop && ${prepare}`;
  const argv = [
    ...['--mount', 'sh', '-c', `${etc} && exec "$0" "$@"`],
    ...['setpriv', '--reuid', String(user), '--clear-groups'],
    ...[process.execPath, '-e', program, '--', '--dry-run', '--syslog=off', ...flags, ...WORDS],
  ];
  try {
    return (await promisify(execFile)('unshare', argv, { env: { PATH: '/usr/bin:/bin' } })).stdout;
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}

describe(`the default file, ${DEFAULT_CONFIG_FILE}`, () => {
  beforeAll(() => {
    const root = resolve(__dirname, '../../..');
    execFileSync(
      join(root, 'node_modules/.bin/esbuild'),
      [
        'src/main.ts',
        '--bundle',
        '--platform=node',
        `--outfile=${at('main.js')}`,
        '--log-level=error',
        '--external:source-map-support',
      ],
      { cwd: root },
    );
  });

  const ALONE = ['--routerip=192.168.88.1', '--routeruser=u', '--routerpass=p'];
  const rules = `printf '%s' '[grant]
services = ["udp/1"]' >mikrotik.toml`;
  const OPENS = /^192\.168\.88\.1 .*\/ip\/firewall\/address-list\/add list=FWKNOP_6_22/;

  test('is where the documentation says', () => {
    expect(DEFAULT_CONFIG_FILE).toBe('/etc/fwknop/mikrotik.toml');
  });

  testAsRoot('may be absent with --routerip, and must not without', async () => {
    const [alone, without] = await Promise.all([dryRun('true', ALONE), dryRun('true')]);
    expect(alone).toMatch(OPENS);
    expect(without).toMatch(/^fwknop-mikrotik: \/etc\/fwknop\/mikrotik\.toml: no such file/);
  });

  testAsRoot('grants, where it is there', async () => {
    expect(await dryRun(rules, ALONE)).toMatch(/^fwknop-mikrotik: not granted: tcp\/22 /);
  });

  testAsRoot(
    'is not taken for absent where its link leads nowhere: its rules would be lost',
    async () => {
      const said = await dryRun('ln -s /media/usb/mikrotik.toml mikrotik.toml', ALONE);
      expect(said).toMatch(/^fwknop-mikrotik: \/etc\/fwknop\/mikrotik\.toml: /);
    },
  );

  testAsRoot('is not taken for absent where its directory is closed to the caller', async () => {
    const said = await dryRun(`${rules} && chmod 700 .`, ALONE, CALLER);
    expect(said).toMatch(/^fwknop-mikrotik: \/etc\/fwknop\/mikrotik\.toml: permission denied/);
  });
});
