import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import {
  array,
  assert,
  constantFrom,
  dictionary,
  double,
  integer,
  oneof,
  property,
  string,
  tuple,
} from 'fast-check';
import { stringify } from 'smol-toml';
import { parseAddress } from '../../../src/access/address';
import { Failure, type Fault } from '../../../src/common/failure';
import { type FileSettings, noConfigFile, readConfigFile } from '../../../src/config/config-file';
import { makeFolder, writeAs } from '../../support/files';
import { linesOf, refusal } from '../../support/refusals';

const folder = makeFolder();
const PATH = join(folder, 'mikrotik.toml');

/** Reads a file, and refuses it with all its faults, as the configuration as a whole does. */
function readFile(path: string): FileSettings {
  const faults: Fault[] = [];
  const settings = readConfigFile(path, [], faults);
  if (faults.length > 0) throw new Failure('config', faults);
  return settings;
}

const read = (toml: string) => readFile(writeAs(PATH, toml));

/** The lines about a file, without the path that each begins with. */
function lines(toml: string): string[] {
  return linesOf(
    refusal(() => read(toml)),
    'config',
  ).map((line) => {
    expect(line.startsWith(`${PATH}: `)).toBe(true);
    return line.slice(`${PATH}: `.length);
  });
}

const UNKNOWN = {
  top: 'unknown; hint: the keys here are deadline, list, comment, syslog, grant, client, router',
  grant:
    'unknown; hint: the keys here are services, sources, max-timeout, default-timeout, ipv4-prefix, ipv6-prefix',
  client:
    'unknown; hint: the keys here are services, sources, max-timeout, default-timeout, ipv4-prefix, ipv6-prefix, list',
  router:
    'unknown; hint: the keys here are name, host, port, user, password, password-file, tls, ca-file, fingerprint, server-name, email',
};
const PIN = 'ab'.repeat(32);

describe('reads', () => {
  test('every key', () => {
    const { grant, ...settings } = read(`
      deadline = "8s"
      list     = "OPEN_{proto}_{port}"
      comment  = "by fwknop"
      syslog   = "on"

      [grant]
      services        = ["tcp/22", "udp/51820", "tcp/8000-8100"]
      sources         = ["198.51.100.0/24"]
      max-timeout     = "1h"
      default-timeout = "45s"
      ipv4-prefix     = 24
      ipv6-prefix     = 64

      [client.phone]
      services    = ["udp/51820"]
      max-timeout = "10m"
      list        = "PHONE"

      [client.2nd-laptop]

      [[router]]
      name          = "home"
      host          = "192.168.88.1"
      port          = 18729
      user          = "fwknop"
      password-file = "/etc/fwknop/mikrotik.password"
      tls           = "verify"
      ca-file       = "/etc/fwknop/router-ca.pem"
      email         = "me@example.com"

      [[router]]
      host        = "router.example"
      user        = "fwknop"
      password    = "a \\"b\\" = c"
      fingerprint = "${PIN.toUpperCase().replace(/..(?!$)/g, '$&:')}"
    `);
    expect(settings).toEqual({
      deadline: 8,
      list: 'OPEN_{proto}_{port}',
      comment: 'by fwknop',
      syslog: 'on',
      clients: new Map([
        [
          'phone',
          {
            services: [{ protocol: 'udp', firstPort: 51820, lastPort: 51820 }],
            maxTimeout: 600,
            list: 'PHONE',
          },
        ],
        ['2nd-laptop', {}],
      ]),
      routers: [
        {
          name: 'home',
          host: '192.168.88.1',
          port: 18729,
          user: 'fwknop',
          passwordFile: '/etc/fwknop/mikrotik.password',
          tls: 'verify',
          caFile: '/etc/fwknop/router-ca.pem',
          email: 'me@example.com',
        },
        {
          host: 'router.example',
          user: 'fwknop',
          password: 'a "b" = c',
          fingerprint: PIN,
        },
      ],
    });
    const { sources, ...rules } = grant;
    expect(rules).toEqual({
      services: [
        { protocol: 'tcp', firstPort: 22, lastPort: 22 },
        { protocol: 'udp', firstPort: 51820, lastPort: 51820 },
        { protocol: 'tcp', firstPort: 8000, lastPort: 8100 },
      ],
      maxTimeout: 3600,
      defaultTimeout: 45,
      ipv4Prefix: 24,
      ipv6Prefix: 64,
    });
    expect(sources?.has(parseAddress('198.51.100.7')!)).toBe(true);
    expect(sources?.has(parseAddress('203.0.113.9')!)).toBe(false);
  });

  test('an empty file, as an absent one', () => {
    const nothing = {
      grant: {},
      clients: new Map(),
      routers: [],
    };
    expect(read('')).toEqual(nothing);
    expect(read('# fwknop-mikrotik\n\n[grant]\n')).toEqual(nothing);
    expect(noConfigFile()).toEqual(nothing);
  });

  test.each([
    ['a file in the same directory', 'pw', 'pw'],
    ['a file below', 'secrets/pw', 'secrets/pw'],
    ['a file beside the directory', '../pw', '../pw'],
  ])('paths from its own directory: %s', (_, text, path) => {
    const [router] = read(`[[router]]\npassword-file = "${text}"\nca-file = "${text}"`).routers;
    expect(router).toEqual({ passwordFile: join(folder, path), caFile: join(folder, path) });
  });

  test.each([
    ['line ends of Windows', 'deadline = 8\r\n[grant]\r\nmax-timeout = 60\r\n'],
    ['a byte order mark', '\ufeffdeadline = 8\n[grant]\nmax-timeout = 60\n'],
    ['dotted keys', 'deadline = 8\ngrant.max-timeout = 60'],
    ['tables within a line', 'deadline = 8\ngrant = { max-timeout = "1m" }'],
    ['quoted keys', '"deadline" = 8\n["grant"]\n\'max-timeout\' = 60'],
    ['numbers as texts', 'deadline = "8"\n[grant]\nmax-timeout = "60"'],
  ])('TOML with %s', (_, toml) => {
    expect(read(toml)).toMatchObject({ deadline: 8, grant: { maxTimeout: 60 } });
  });
});

describe('refuses, with the key', () => {
  test.each([
    ['an unknown key', 'deadlin = 5', `deadlin: ${UNKNOWN.top}`],
    ['a key of a router at the top', 'host = "r"', `host: ${UNKNOWN.top}`],
    ['a key in capitals', 'Deadline = 5', `Deadline: ${UNKNOWN.top}`],
    ['an unknown table', '[grants]', `grants: ${UNKNOWN.top}`],
    ['an unknown key of grant', '[grant]\nport = 22', `grant.port: ${UNKNOWN.grant}`],
    ['an underscore', '[grant]\nmax_timeout = 5', `grant.max_timeout: ${UNKNOWN.grant}`],
    [
      'an unknown key of a router',
      '[[router]]\n[[router]]\npasswd = "x"',
      `router 2: passwd: ${UNKNOWN.router}`,
    ],
    ['a property of every object', 'toString = 1', `toString: ${UNKNOWN.top}`],
    ['the prototype of objects', '__proto__ = 1', `a key: ${UNKNOWN.top}`],
    ['a table of that name', '[__proto__]\ndeadline = 5', `a key: ${UNKNOWN.top}`],
    ['a single router', '[router]\nhost = "r"', 'router: expected tables: [[router]]'],
    ['a router as a text', 'router = "r"', 'router: expected tables: [[router]]'],
    ['routers as texts', 'router = ["r"]', 'router: expected tables: [[router]]'],
    ['a router as a date', 'router = [1979-05-27]', 'router: expected tables: [[router]]'],
    ['several grants', '[[grant]]\nmax-timeout = 5', 'grant: expected a table: [grant]'],
    ['a grant as a truth', 'grant = true', 'grant: expected a table: [grant]'],
    ['a client as a text', 'client = "phone"', 'client: expected a table: [client.NAME]'],
    [
      'a client that is no table',
      'client.phone = 1',
      'client.phone: expected a table: [client.phone]',
    ],
    [
      'a client in capitals',
      '[client.Phone]',
      'client.Phone: expected a name of 1 to 20 characters: a-z, 0-9 and -, no - at the start',
    ],
    [
      'a client whose name may be a secret',
      '[client."my pass"]',
      'client.a key: expected a name of 1 to 20 characters: a-z, 0-9 and -, no - at the start',
    ],
    [
      'a bad setting of a client',
      '[client.phone]\nservices = ["ssh"]',
      'client.phone.services: expected services such as "tcp/22" or "tcp/8000-8100", not "ssh"',
    ],
    [
      'an unknown setting of a client',
      '[client.phone]\nport = 1',
      `client.phone.port: ${UNKNOWN.client}`,
    ],
    ['a grant as a date', 'grant = 1979-05-27', 'grant: expected a table: [grant]'],
    ['a number for a text', 'list = 5', 'list: expected a text'],
    ['a table for a text', 'comment = { a = 1 }', 'comment: expected a text'],
    ['an accent', 'comment = "für"', 'comment: expected printable ASCII characters only'],
    ['an escape', 'comment = "a\\nb"', 'comment: expected printable ASCII characters only'],
    ['a truth for syslog', 'syslog = true', 'syslog: expected auto, on or off'],
    ['a deadline beyond reason', 'deadline = "1h"', 'deadline: expected a duration of 1s to 120s'],
    [
      'a time of the day',
      'deadline = 00:00:10',
      'deadline: expected a duration: whole seconds, or such as "1h30m"',
    ],
    [
      'a fraction',
      'deadline = 0.5',
      'deadline: expected a duration: whole seconds, or such as "1h30m"',
    ],
    [
      'no end',
      '[grant]\nmax-timeout = inf',
      'grant.max-timeout: expected a duration: whole seconds, or such as "1h30m"',
    ],
    [
      'no time at all',
      '[grant]\ndefault-timeout = 0',
      'grant.default-timeout: expected a duration of 1s to 21474836s',
    ],
    [
      'a text for a list',
      '[grant]\nservices = "tcp/22"',
      'grant.services: expected a list of texts',
    ],
    ['numbers in a list', '[grant]\nservices = [22]', 'grant.services: expected a list of texts'],
    [
      'a bad service',
      '[grant]\nservices = ["tcp/22", "ssh"]',
      'grant.services: expected services such as "tcp/22" or "tcp/8000-8100", not "ssh"',
    ],
    [
      'a bad network',
      '[grant]\nsources = ["198.51.100.0/24", "home"]',
      'grant.sources: expected networks such as "198.51.100.0/24", not "home"',
    ],
    [
      'a table for a port',
      '[[router]]\nport = { a = 1 }',
      'router 1: port: expected a port, 1-65535',
    ],
    [
      'a table for a port that hides toString',
      '[[router]]\nport = { toString = 1 }',
      'router 1: port: expected a port, 1-65535',
    ],
    [
      'a host with a port',
      '[[router]]\nhost = "r:8729"',
      'router 1: host: expected an IP address or a host name',
    ],
    [
      'a password that RouterOS would garble',
      '[[router]]\npassword = "pässword"',
      'router 1: password: expected printable ASCII characters only',
    ],
    [
      'a number for a password',
      '[[router]]\npassword = 12345',
      'router 1: password: expected a text',
    ],
    [
      'no password',
      '[[router]]\npassword = ""',
      'router 1: password: expected a text that is not empty',
    ],
    ['no path', '[[router]]\nca-file = ""', 'router 1: ca-file: expected the path of a file'],
    [
      'a path with a NUL',
      '[[router]]\npassword-file = "a\\u0000"',
      'router 1: password-file: expected the path of a file',
    ],
    [
      'two passwords',
      '[[router]]\npassword = "a"\npassword-file = "b"',
      'router 1: password-file: contradicts password; hint: keep one of them',
    ],
    [
      'two ways to trust',
      `[[router]]\nca-file = "a"\nfingerprint = "${PIN}"`,
      'router 1: fingerprint: contradicts ca-file; hint: keep one of them',
    ],
    [
      'a pin that insecure would not look at',
      `[[router]]\ntls = "insecure"\nfingerprint = "${PIN}"`,
      'router 1: fingerprint: contradicts tls = "insecure"; hint: keep one of them',
    ],
    [
      'a CA that nobody would ask',
      '[[router]]\ntls = "off"\nca-file = "a"',
      'router 1: ca-file: contradicts tls = "off"; hint: keep one of them',
    ],
  ])('%s', (_, toml, line) => {
    expect(lines(toml)).toEqual([line]);
  });

  test('every fault at once, each with its own key, in the order of the documentation', () => {
    const toml = `
      deadline = 0
      list = "{src}"
      comment = 1
      syslog = "maybe"
      router-list = []
      [grant]
      services = ["tcp"]
      sources = ["lan"]
      max-timeout = "0"
      default-timeout = true
      ports = []
      [[router]]
      name = ""
      host = "http://r"
      port = "api"
      user = ["fwknop"]
      password = 1
      password-file = 2
      tls = "yes"
      ca-file = 3
      fingerprint = "sha1"
      email = "me"
      secret = "x"
      [[router]]
      host = "r"
      pass = "y"
    `;
    expect(lines(toml).map((line) => line.replace(/: (?:expected|unknown).*/, ''))).toEqual([
      'deadline',
      'list',
      'comment',
      'syslog',
      'grant.services',
      'grant.sources',
      'grant.max-timeout',
      'grant.default-timeout',
      'grant.ports',
      'router 1: name',
      'router 1: host',
      'router 1: port',
      'router 1: user',
      'router 1: password',
      'router 1: password-file',
      'router 1: tls',
      'router 1: ca-file',
      'router 1: fingerprint',
      'router 1: email',
      'router 1: secret',
      'router 2: pass',
      'router-list',
    ]);
  });

  test('a file deep in the system still shows which key is meant', () => {
    const path = writeAs(join(folder, `${'x'.repeat(40)}.toml`), '[[router]]\npasswd = "x"');
    const [line] = linesOf(
      refusal(() => readFile(path)),
      'config',
    );
    expect(line).toContain('passwd: unknown; hint: the keys here are name, host, ');
  });

  test.each([
    ['no equal sign', 'deadline = 5\nlist "a"', 'line 2, column 6'],
    ['a text left open', 'list = "a', 'line 1, column 8'],
    ['a key twice', 'list = "a"\nlist = "b"', 'line 2, column 1'],
    ['a number that no number holds', 'deadline = 99999999999999999999', 'line 1, column 12'],
    ['lists in lists without end', `list = ${'['.repeat(100_000)}`, 'line 1, column'],
    ['an INI file', '; comment\ndeadline: 5', 'line 1, column 1'],
    ['a PEM file', '-----BEGIN CERTIFICATE-----\nMIIB', 'line 1, column'],
    ['a binary', '\u0000\u0001\u0002', 'line 1, column 1'],
  ])('what is not TOML: %s', (_, toml, place) => {
    expect(lines(toml)).toEqual([expect.stringMatching(`^not TOML: see ${place}`)]);
  });

  test('a file with a password that others may read, beside what else is wrong', () => {
    const hint = `hint: chmod go= ${PATH}`;
    const toml = '[[router]]\nhost = "r"\nuser = "u"\npassword = "p"\n';
    const loose = (text: string) => {
      writeAs(PATH, text, 0o644);
      return linesOf(
        refusal(() => readFile(PATH)),
        'config',
      );
    };
    const secrecy = `${PATH}: holds a secret that others may read; ${hint}`;
    expect(loose(toml)).toEqual([secrecy]);
    expect(loose(`${toml}port = 0\n`)).toEqual([
      `${PATH}: router 1: port: expected a port, 1-65535`,
      secrecy,
    ]);
    expect(loose(`[[router]]\npassword-file = "x"\n[[router]]\npassword = "p"`)).toEqual([secrecy]);
    chmodSync(PATH, 0o600);
    expect(readFile(PATH).routers).toHaveLength(2);
  });

  test('not a file without a password that others may read', () => {
    writeAs(PATH, '[[router]]\npassword-file = "x"\n', 0o644);
    expect(readFile(PATH).routers).toHaveLength(1);
  });

  test('a file that others may write, before anything in it counts', () => {
    writeAs(PATH, 'deadline = 0', 0o666);
    expect(
      linesOf(
        refusal(() => readFile(PATH)),
        'config',
      ),
    ).toEqual([`${PATH}: may be written by others; hint: chmod go-w ${PATH}`]);
  });
});

const SECRET = 'Tr0ub4dor&3';

/** All that is said about a file, when it is refused; empty when it is read. */
function said(toml: string): string {
  try {
    read(toml);
    return '';
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // The error's own text too, since it may be logged.
    return `${linesOf(error, 'config').join('\n')}\n${error.message}\n${error.stack}`;
  }
}

describe('never repeats a secret', () => {
  test.each([
    ['without quotes', `[[router]]\npassword = ${SECRET}`],
    ['without an equal sign', `[[router]]\npassword "${SECRET}"`],
    ['with a colon', `[[router]]\npassword: "${SECRET}"`],
    ['in quotes left open', `[[router]]\npassword = "${SECRET}`],
    ['in two kinds of quotes', `[[router]]\npassword = "${SECRET}'`],
    ['with an escape that is none', `[[router]]\npassword = "\\q${SECRET}"`],
    ['with something after it', `[[router]]\npassword = "${SECRET}" "`],
    ['twice', `[[router]]\npassword = "${SECRET}"\npassword = "${SECRET}"`],
    ['on the line before the fault', `[[router]]\npassword = "${SECRET}"\nhost = r`],
    ['on the line after the fault', `[[router]]\nhost = r\npassword = "${SECRET}"`],
    ['in a comment', `[[router]]\nhost = r # ${SECRET}`],
    ['as a date', `[[router]]\npassword = 1979-05-27${SECRET}`],
    ['in several lines', `[[router]]\npassword = """\n${SECRET}\n"""`],
    ['with an accent', `[[router]]\npassword = "${SECRET}é"`],
    ['in a list', `[[router]]\npassword = ["${SECRET}"]`],
    ['in a table', `[[router]]\npassword = { text = "${SECRET}" }`],
    ['as the key of a table', `[[router]]\npassword = { "${SECRET}" = 1 }`],
    ['under a wrong key', `[[router]]\npasword = "${SECRET}"`],
    ['under another key', `[[router]]\npassword-file = ["${SECRET}"]`],
    ['as the port', `[[router]]\nport = "${SECRET}"`],
    ['as the TLS mode', `[[router]]\ntls = "${SECRET}"`],
    ['as the address', `[[router]]\nemail = "${SECRET}"`],
    ['as the host', `[[router]]\nhost = "${SECRET}"`],
    ['as the fingerprint', `[[router]]\nfingerprint = "${SECRET}"`],
    ['at the top', `password = "${SECRET}"`],
    ['as a router', `router = "${SECRET}"`],
    ['as a list of routers', `router = ["${SECRET}"]`],
    ['as the grant', `grant = "${SECRET}"`],
    ['as the deadline', `deadline = "${SECRET}"`],
    ['as a placeholder', `list = "{${SECRET}}"`],
    ['beside a password file', `[[router]]\npassword = "${SECRET}"\npassword-file = "x"`],
    ['as a key', `[[router]]\n"${SECRET}" = "password"`],
    ['as a table', `["${SECRET}"]\nhost = "r"`],
  ])('%s', (_, toml) => {
    const text = said(toml);
    expect(text).not.toBe('');
    expect(text).not.toContain(SECRET.slice(0, 4));
  });

  const scalar = oneof(
    { weight: 3, arbitrary: constantFrom(SECRET, `${SECRET}\n`, `é${SECRET}`, `{${SECRET}}`) },
    string({ maxLength: 8 }),
    constantFrom('tcp/22', '10s', 'off', 'verify', '192.0.2.1', PIN, 'a@b'),
    integer({ min: -1, max: 70000 }),
    double({ noNaN: true }),
    constantFrom(true, false),
    constantFrom(new Date(0)),
  );
  const value = oneof(
    scalar,
    array(scalar, { maxLength: 3 }),
    dictionary(constantFrom('a', 'toString', 'host'), scalar, { maxKeys: 2 }),
  );
  const table = (...keys: string[]) =>
    dictionary(constantFrom(...keys, 'toString', 'constructor', 'other'), value, { maxKeys: 6 });
  const router = table(
    'name',
    'host',
    'port',
    'user',
    'password',
    'password-file',
    'tls',
    'ca-file',
    'fingerprint',
    'email',
  );
  const whole = tuple(
    table('deadline', 'list', 'comment', 'syslog', 'grant', 'client', 'router'),
    oneof(table('max-timeout', 'default-timeout'), value),
    oneof(array(router, { maxLength: 3 }), value),
  ).map(([top, grant, routers]) => ({ ...top, grant, router: routers }));

  test('in any TOML', () =>
    assert(
      property(whole, (settings) => {
        expect(said(stringify(settings))).not.toContain(SECRET.slice(0, 4));
      }),
      { numRuns: 200 },
    ));

  const fragment = oneof(
    constantFrom(
      '[[router]]',
      '[grant]',
      '[',
      ']',
      '{',
      '}',
      '=',
      '"',
      "'",
      '"""',
      '\n',
      '\r\n',
      '#',
      ',',
      '.',
      '\\',
      '\0',
      '\ufeff',
    ),
    constantFrom('password', 'password-file', 'host', 'deadline', 'router', SECRET, `"${SECRET}"`),
    constantFrom('5', '1979-05-27', 'true', 'inf', '0x', '1e999', '__proto__'),
    string({ unit: 'binary', maxLength: 5 }),
  );

  test('in any text', () =>
    assert(
      property(array(fragment, { maxLength: 20 }), (fragments) => {
        const text = said(fragments.join(' '));
        // A test above is about the secret as a key.
        if (!text.includes(': unknown')) expect(text).not.toContain(SECRET.slice(0, 4));
      }),
      { numRuns: 200 },
    ));
});
