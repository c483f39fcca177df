import { array, assert, asyncProperty, constantFrom, oneof, string, tuple } from 'fast-check';
import { parseAccessRequest } from '../../../src/access/access-request';
import {
  type Invocation,
  parseCommandLine,
  readByYargs,
  readUsualCall,
} from '../../../src/cli/opening';
import { Failure } from '../../../src/common/failure';
import { loadConfig } from '../../../src/config/config';
import { linesOf, refusalOf } from '../../support/refusals';

const WORDS = ['203.0.113.9', '6', '22', '30'];
const PIN = 'ab'.repeat(32);

type Opening = Extract<Invocation, { verb: 'open' }>;

async function parse(...argv: readonly string[]): Promise<Opening> {
  const invocation = await parseCommandLine(argv);
  if (invocation.verb !== 'open') throw new Error(`not to open, but ${invocation.verb}`);
  return invocation;
}

const refused = async (...argv: readonly string[]) =>
  linesOf(await refusalOf(parseCommandLine(argv)), 'usage');

const SEE_HELP = 'hint: see fwknop-mikrotik --help';

test('without options, everything is left to the file', async () => {
  expect(await parse(...WORDS)).toEqual({
    verb: 'open',
    positionals: WORDS,
    overrides: { router: {} },
    dryRun: false,
    verbose: false,
  });
});

const OPTIONS: [option: string, value: string, overrides: object][] = [
  ['config', '/etc/x.toml', { config: '/etc/x.toml' }],
  ['client', 'phone-2', { client: 'phone-2' }],
  ['list', 'X_{port}', { list: 'X_{port}' }],
  ['deadline', '1m30s', { deadline: 90 }],
  ['syslog', 'off', { syslog: 'off' }],
  ['routerip', 'r.example', { router: { host: 'r.example' } }],
  ['routerport', '18729', { router: { port: 18729 } }],
  ['routeruser', 'fwknop', { router: { user: 'fwknop' } }],
  ['routerpass', 'a b', { router: { password: 'a b' } }],
  ['password-file', 'relative/pw', { router: { passwordFile: 'relative/pw' } }],
  ['tls', 'anonymous', { router: { tls: 'anonymous' } }],
  ['ca-file', '/ca.pem', { router: { caFile: '/ca.pem' } }],
  ['server-name', 'r.example.com', { router: { serverName: 'r.example.com' } }],
  ['fingerprint', PIN.toUpperCase(), { router: { fingerprint: PIN } }],
  ['email', 'a@b', { router: { email: 'a@b' } }],
];

const needs = (option: string) => `--${option}: needs a value; hint: write --${option}=VALUE`;

test.each(OPTIONS)('--%s is read, in either form, once', async (option, value, overrides) => {
  const expected = { positionals: WORDS, overrides: { router: {}, ...overrides } };
  expect(await parse(`--${option}=${value}`, ...WORDS)).toMatchObject(expected);
  expect(await parse(...WORDS, `--${option}`, value)).toMatchObject(expected);
  expect(await refused(...WORDS, `--${option}`)).toEqual([needs(option)]);
  expect(await refused(`--${option}`, value, `--${option}=${value}`, ...WORDS)).toEqual([
    `--${option}: given twice`,
  ]);
});

/** One whose value is taken as it is, one that is checked, one with few values. */
describe.each(OPTIONS.filter(([option]) => ['config', 'deadline', 'tls'].includes(option)))(
  'where --%s stands',
  (option, value, overrides) => {
    const expected = { positionals: WORDS, overrides: { router: {}, ...overrides } };

    test.each([
      ['before the arguments', [`--${option}=${value}`, ...WORDS]],
      ['after them', [...WORDS, `--${option}=${value}`]],
      ['between them', ['203.0.113.9', '6', `--${option}=${value}`, '22', '30']],
      ['with its value apart', [`--${option}`, value, ...WORDS]],
      ['with its value apart, at the end', [...WORDS, `--${option}`, value]],
    ])('%s', async (_, argv) => {
      expect(await parse(...argv)).toMatchObject(expected);
    });

    test.each([
      ['without a value', [...WORDS, `--${option}`]],
      ['with an empty value', [`--${option}=`, ...WORDS]],
      ['with an empty value apart', [`--${option}`, '', ...WORDS]],
      ['before another option', [`--${option}`, '--verbose', ...WORDS]],
      ['before an unknown option', [`--${option}`, '-x', ...WORDS]],
      ['before itself', [`--${option}`, `--${option}=${value}`, ...WORDS]],
      ['before the end of the options', [`--${option}`, '--', ...WORDS]],
    ])('is refused %s', async (_, argv) => {
      expect(await refused(...argv)).toEqual([needs(option)]);
    });

    test.each([
      ['twice', [`--${option}=${value}`, `--${option}=${value}`]],
      ['twice, apart', [`--${option}`, value, `--${option}`, value]],
      ['twice, in either form', [`--${option}`, value, `--${option}=${value}`]],
      ['twice, once empty', [`--${option}=${value}`, `--${option}=`]],
      ['thrice', new Array<string>(3).fill(`--${option}=${value}`)],
    ])('is refused when given %s', async (_, argv) => {
      expect(await refused(...argv, ...WORDS)).toEqual([`--${option}: given twice`]);
    });
  },
);

describe('switches', () => {
  test.each([
    ['--dry-run', { dryRun: true, verbose: false }],
    ['--verbose', { dryRun: false, verbose: true }],
  ])('%s, wherever it stands, and more than once', async (word, expected) => {
    for (const argv of [
      [word, ...WORDS],
      [...WORDS, word],
      [word, word, ...WORDS, word],
    ]) {
      expect(await parse(...argv)).toMatchObject({ positionals: WORDS, ...expected });
    }
  });

  test.each(['true', 'false', '0', 'no'])('none swallows a following %j', async (word) => {
    expect(await parse('--dry-run', word, ...WORDS)).toMatchObject({
      dryRun: true,
      positionals: [word, ...WORDS],
    });
  });

  test.each(['--dry-run', '--verbose', '--help', '--version'])(
    '%s takes no value',
    async (word) => {
      for (const value of ['', 'true', 'false', '1', '=']) {
        expect(await refused(`${word}=${value}`, ...WORDS)).toEqual([`${word}: takes no value`]);
      }
    },
  );

  test.each([
    [['--help'], 'help'],
    [['--version'], 'version'],
    [['-h'], 'help'],
    [['-V'], 'version'],
    [[...WORDS, '-h'], 'help'],
    [['-V', '--help'], 'help'],
    [['--version', '--help'], 'help'],
    [['--help', ...WORDS, '--tls=what'], 'help'],
    [['--verbose', '--version', 'x'], 'version'],
  ])('%j', async (argv, verb) => {
    expect(await parseCommandLine(argv)).toEqual({ verb });
  });
});

describe('an unknown option is named', () => {
  test.each([
    ['-v', '-v'],
    ['-?', '-?'],
    ['-1', '-1'],
    ['-pSECRET', '-p'],
    ['-p=SECRET', '-p'],
    ['-hV', '-h'],
    ['-tls=off', '-t'],
    ['--verbos', '--verbos'],
    ['--no-verbose', '--no-verbose'],
    ['--pass=SECRET', '--pass'],
    ['--constructor', '--constructor'],
    ['--get-yargs-completions', '--get-yargs-completions'],
    ['--routerpasssecret', 'that begins with --routerpass'],
    ['--routerpassSECRET', 'that begins with --routerpass'],
    ['--routerpass SECRET', 'that begins with --routerpass'],
    ['--config.x=SECRET', 'that begins with --config'],
    ['--tls\n=off', 'that begins with --tls'],
  ])('%j as %s', async (word, shown) => {
    expect(await refused(word, ...WORDS)).toEqual([`unknown option ${shown}; ${SEE_HELP}`]);
    expect(await refused(...WORDS, word)).toEqual([`unknown option ${shown}; ${SEE_HELP}`]);
  });

  test.each([
    ...['-', '-ü', '---verbose', '--=x', '--=', '--Verbose', '--verbose ', '--routerIp=1'],
    ...['--a.b=1', '--toString', '--toString=1', '--hasOwnProperty'],
    ...['--__proto__', '--__proto__=1', '--__proto__.x=1', '--_', '--_=1', '--$0', '--$0=x'],
    ...['--ｔｌｓ=off', '--SECRET'],
  ])('%j by its place, since it may be a secret', async (word) => {
    expect(await refused(word, ...WORDS)).toEqual([`unknown option in argument 1; ${SEE_HELP}`]);
    expect(await refused(...WORDS, word)).toEqual([`unknown option in argument 5; ${SEE_HELP}`]);
  });
});

describe('arguments and values that look like options', () => {
  test.each(['true', 'x=y', 'mytls', '00config', 'noemail', '--', 'a--list', '—verbose', '+x'])(
    'a switch after an argument that only looks like an option: %j',
    async (word) => {
      const argv = word === '--' ? ['--dry-run', word] : [word, '--dry-run'];
      expect(await parse(...argv)).toMatchObject({ dryRun: true });
    },
  );

  test('the name of a user or a router may end in the name of an option', async () => {
    const { overrides } = await parse('--routeruser', 'mylist', '--verbose', ...WORDS);
    expect(overrides.router.user).toBe('mylist');
  });
});

describe('-- ends the options', () => {
  test.each([
    ['nothing', [], []],
    ['the arguments', WORDS, WORDS],
    [
      'words that look like options',
      ['--verbose', '-x', '--tls=off'],
      ['--verbose', '-x', '--tls=off'],
    ],
    ['itself', ['--', '--'], ['--', '--']],
    ['empty arguments', ['', ' '], ['', ' ']],
  ])('before %s', async (_, after, words) => {
    expect(await parse('--dry-run', '--', ...after)).toMatchObject({
      positionals: words,
      dryRun: true,
      verbose: false,
      overrides: { router: {} },
    });
  });

  test.each(['-h', '-V'])(
    '%s after it is an argument, after an option a missing value',
    async (word) => {
      expect(await parse('--', word)).toMatchObject({ positionals: [word] });
      expect(await refused('--list', word)).toEqual([
        '--list: needs a value; hint: write --list=VALUE',
      ]);
    },
  );

  test('but is no value', async () => {
    expect((await parse('--routeruser=--', ...WORDS)).overrides.router.user).toBe('--');
  });
});

/** Any word that a shell may pass, or fwknopd, which has no quoting. */
const printable = string({
  unit: constantFrom(..."aA0 \"'=-\\$`;:,.@{}[]()#!&|<>?*~%^+/_'"),
  minLength: 1,
  maxLength: 12,
});
const word = oneof(
  string({ unit: 'grapheme', maxLength: 10 }),
  printable,
  constantFrom(
    '',
    '0',
    '022',
    '1e3',
    '0x16',
    ' 6 ',
    '6\n',
    'true',
    'null',
    'NaN',
    '[]',
    '__proto__',
  ),
).filter((text) => !text.startsWith('-'));

describe('no value is guessed, converted or unquoted', () => {
  test.each([
    ['quotes', '"p"'],
    ['single quotes', "'p'"],
    ['half a pair of quotes', '"p'],
    ['a quote alone', '"'],
    ['equal signs', '=p=='],
    ['leading dashes', '--p'],
    ['a space at the end', 'p '],
    ['a number', '0123'],
    ['a truth', 'true'],
    ['patterns of replace()', '$&$1$`'],
    ['a backslash', 'a\\nb'],
    ['an option', '--tls=off'],
  ])('a password with %s', async (_, password) => {
    const { overrides } = await parse(`--routerpass=${password}`, ...WORDS);
    expect(overrides.router.password).toBe(password);
  });

  test.each(['a b', 'a\nb', 'é', '"', "'q'", '=', '~/x'])('the path %j', async (path) => {
    for (const option of [[`--config=${path}`], ['--config', path]]) {
      expect((await parse(...option, ...WORDS)).overrides.config).toBe(path);
    }
  });

  test('any value with =', () =>
    assert(
      asyncProperty(printable, printable, async (password, user) => {
        const argv = [`--routerpass=${password}`, ...WORDS, `--routeruser=${user}`];
        const { overrides, positionals: words } = await parse(...argv);
        expect(overrides.router).toEqual({ password, user });
        expect(words).toEqual(WORDS);
      }),
      { numRuns: 300 },
    ));

  test('a value apart, if it does not begin with a dash', () =>
    assert(
      asyncProperty(
        printable.filter((text) => !text.startsWith('-')),
        async (user) => {
          const { overrides, positionals: words } = await parse(
            '--verbose',
            '--routeruser',
            user,
            ...WORDS,
          );
          expect(overrides.router).toEqual({ user });
          expect(words).toEqual(WORDS);
        },
      ),
      { numRuns: 300 },
    ));

  test('arguments, to the last character, in their order, among options', () =>
    assert(
      asyncProperty(
        array(word, { maxLength: 6 }),
        array(word, { maxLength: 3 }),
        async (some, more) => {
          const argv = ['--tls=off', ...some, '--verbose', ...more];
          expect(await parse(...argv)).toMatchObject({
            positionals: [...some, ...more],
            verbose: true,
            overrides: { router: { tls: 'off' } },
          });
        },
      ),
      { numRuns: 300 },
    ));

  test('arbitrary command lines end in an invocation or a refusal', () =>
    assert(
      asyncProperty(
        array(
          oneof(
            word,
            tuple(
              constantFrom('-', '--', '---', '--tls', '--routerpass', '--dry-run', '--x'),
              word,
            ).map((parts) => parts.join('')),
            tuple(constantFrom('--tls=', '--config=', '--help', '--deadline='), word).map((parts) =>
              parts.join(''),
            ),
            constantFrom('--routerpass', '--tls', '--', '--list', '--verbose'),
          ),
          { maxLength: 8 },
        ),
        async (argv) => {
          try {
            await parseCommandLine(argv);
          } catch (error) {
            expect(error).toBeInstanceOf(Failure);
            linesOf(error as Failure, 'usage');
          }
        },
      ),
      { numRuns: 500 },
    ));
});

describe('fwknopd’s usual call is taken apart without yargs', () => {
  test.each([
    ['the four arguments', [], WORDS, {}],
    ['a file before them', ['--config', 'f'], WORDS, { config: ['f'] }],
    ['a client before them', ['--client', 'c'], WORDS, { client: ['c'] }],
    ['both', ['--client', 'c', '--config', 'f'], WORDS, { client: ['c'], config: ['f'] }],
    [
      'both the other way',
      ['--config', 'f', '--client', 'c'],
      WORDS,
      { client: ['c'], config: ['f'] },
    ],
    ['any four arguments', [], ['', '0x1', 'a b', '6\n'], {}],
    ['a file of an odd name', ['--config', ' "f"='], WORDS, { config: [' "f"='] }],
    ['a client of a bad name', ['--client', 'Ä '], WORDS, { client: ['Ä '] }],
  ])('%s', (_, options, words, texts) => {
    const call = readUsualCall([...options, ...words]);
    expect(call).toEqual({
      positionals: words,
      texts: new Map(Object.entries(texts)),
      switches: new Set(),
    });
  });

  test.each([
    ['no words', []],
    ['three words', WORDS.slice(1)],
    ['five words', [...WORDS, '1']],
    ['six words', [...WORDS, '1', '2']],
    ['a switch', ['--verbose', ...WORDS.slice(1)]],
    ['a negative number', [...WORDS.slice(1), '-1']],
    ['the end of the options', ['--', ...WORDS.slice(1)]],
    ['a file with =', ['--config=f', ...WORDS]],
    ['a file after the words', [...WORDS, '--config', 'f']],
    ['another option', ['--list', 'f', ...WORDS]],
    ['an empty file', ['--config', '', ...WORDS]],
    ['an option for a file', ['--config', '--verbose', ...WORDS]],
    ['a file and five words', ['--config', 'f', ...WORDS, '1']],
    ['a client with =', ['--client=c', ...WORDS]],
    ['a client after the words', ['--config', 'f', ...WORDS, '--client', 'c']],
    ['two clients', ['--client', 'c', '--client', 'd', ...WORDS]],
    ['two files', ['--config', 'f', '--client', 'c', '--config', 'g', ...WORDS]],
    ['an empty client', ['--client', '', ...WORDS]],
    ['an option for a client', ['--client', '--config', 'f', ...WORDS]],
    ['a client and three words', ['--client', 'c', ...WORDS.slice(1)]],
    ['a client without a name', ['--client']],
  ])('but not with %s', (_, argv) => {
    expect(readUsualCall(argv)).toBeUndefined();
  });

  test('and means what yargs takes it for', () =>
    assert(
      asyncProperty(
        array(oneof(word, constantFrom('-', '--', '-x', '--tls')), { minLength: 3, maxLength: 5 }),
        array(
          oneof(
            tuple(constantFrom('--config', '--client', '--list'), word),
            constantFrom(['--config'], ['--client', 'c'], ['--config=f'], ['--client=c']),
          ),
          { maxLength: 3 },
        ).map((options) => options.flat()),
        async (words, before) => {
          const usual = readUsualCall([...before, ...words]);
          if (usual !== undefined) expect(await readByYargs([...before, ...words])).toEqual(usual);
        },
      ),
      { numRuns: 500 },
    ));
});

describe('bad values', () => {
  test.each([
    ['--routerip=r:8729', '--routerip: expected an IP address or a host name'],
    ['--routerport=0', '--routerport: expected a port, 1-65535'],
    ['--routerport=8729x', '--routerport: expected a port, 1-65535'],
    ['--routeruser=é', '--routeruser: expected printable ASCII characters only'],
    ['--routerpass=é', '--routerpass: expected printable ASCII characters only'],
    ['--tls=on', '--tls: expected verify, insecure, anonymous or off'],
    ['--tls=VERIFY', '--tls: expected verify, insecure, anonymous or off'],
    ['--fingerprint=abc', '--fingerprint: expected a SHA-256 fingerprint, 64 hex digits'],
    ['--email=me', '--email: expected an e-mail address'],
    [
      '--client=Phone',
      '--client: expected a name of 1 to 20 characters: a-z, 0-9 and -, no - at the start',
    ],
    ['--list={src}', '--list: expected no placeholder but {proto} and {port}'],
    ['--deadline=0', '--deadline: expected a duration of 1s to 120s'],
    ['--deadline=1h', '--deadline: expected a duration of 1s to 120s'],
    ['--deadline=soon', '--deadline: expected a duration: whole seconds, or such as "1h30m"'],
    ['--syslog=yes', '--syslog: expected auto, on or off'],
  ])('%s', async (option, line) => {
    expect(await refused(option, ...WORDS)).toEqual([line]);
  });

  test('all at once', async () => {
    const bad = ['--routerport=x', '--tls=x', '--deadline=x', '--email=x', '--list={x}'];
    expect(await refused(...bad, ...WORDS)).toEqual([
      expect.stringMatching(/^--list: /),
      expect.stringMatching(/^--deadline: /),
      expect.stringMatching(/^--routerport: /),
      expect.stringMatching(/^--tls: /),
      expect.stringMatching(/^--email: /),
    ]);
  });
});

describe('contradictions', () => {
  test.each([
    [['--routerpass=p', '--password-file=f'], ['--password-file: contradicts --routerpass']],
    [[`--fingerprint=${PIN}`, '--ca-file=f'], ['--ca-file: contradicts --fingerprint']],
    [['--tls=off', `--fingerprint=${PIN}`], ['--fingerprint: contradicts --tls']],
    [['--tls=insecure', '--ca-file=f'], ['--ca-file: contradicts --tls']],
    [['--tls=anonymous', `--fingerprint=${PIN}`], ['--fingerprint: contradicts --tls']],
  ])('%j', async (options, lines) => {
    expect(await refused(...options, ...WORDS)).toEqual(lines);
  });

  test.each([
    [['--tls=verify', `--fingerprint=${PIN}`]],
    [['--tls=verify', '--ca-file=f']],
    [[`--fingerprint=${PIN}`]],
    [['--ca-file=f']],
  ])('not %j', async (options) => {
    expect((await parse(...options, ...WORDS)).positionals).toEqual(WORDS);
  });
});

const SECRET = 'Tr0ub4dor&3';

/** All messages about a command line before the first connection. */
async function said(argv: readonly string[]): Promise<string> {
  try {
    const invocation = await parseCommandLine(argv);
    if (invocation.verb !== 'open') return '';
    parseAccessRequest(invocation.positionals);
    loadConfig(invocation.overrides);
    return '';
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return `${linesOf(error, error.kind).join('\n')}\n${error.message}\n${error.stack}`;
  }
}

describe('a password is not repeated, however its option was misspelt', () => {
  const ROUTER = ['--config=/dev/null', '--routerip=192.0.2.1', '--routeruser=fwknop'];

  test.each([
    ['a single dash', ['-routerpass', SECRET]],
    ['a single dash and =', [`-routerpass=${SECRET}`]],
    ['as short options have it', [`-p${SECRET}`]],
    ['as short options have it, apart', ['-p', SECRET]],
    ['three dashes', [`---routerpass=${SECRET}`]],
    ['a dash of a word processor', [`—routerpass=${SECRET}`]],
    ['the same, apart', ['—routerpass', SECRET]],
    ['no dash', [`routerpass=${SECRET}`]],
    ['a letter missing', [`--routerpas=${SECRET}`]],
    ['a letter missing, apart', ['--routerpas', SECRET]],
    ['a letter too many', [`--routerpasss=${SECRET}`]],
    ['capitals', [`--RouterPass=${SECRET}`]],
    ['another word', [`--password=${SECRET}`]],
    ['another word, apart', ['--password', SECRET]],
    ['an underscore', [`--router_pass=${SECRET}`]],
    ['a colon for =', [`--routerpass:${SECRET}`]],
    ['another word, and a colon', [`--pass:${SECRET}`]],
    ['nothing for =', [`--routerpass${SECRET}`]],
    ['a short word, and nothing for =', [`--pass${SECRET}`]],
    ['no name', [`--${SECRET}`]],
    ['no name, and a single dash', [`-${SECRET}`]],
    ['no name, and =', [`--=${SECRET}`]],
    ['no option', [SECRET]],
    ['a space after =', ['--routerpass=', SECRET]],
    ['spaces around =', ['--routerpass', '=', SECRET]],
    ['a dash at its beginning', ['--routerpass', `-${SECRET}`]],
    ['dashes at its beginning', ['--routerpass', `--${SECRET}`]],
    ['a space in it', ['--routerpass', 'horse', SECRET]],
    ['a space in it, then dashes', ['--routerpass', 'horse', `--${SECRET}`]],
    ['quotes that nobody takes off, with a space', ['--routerpass', '"horse', `${SECRET}"`]],
    ['its option twice', [`--routerpass=${SECRET}`, `--routerpass=${SECRET}`]],
    ['its option twice, apart', ['--routerpass', SECRET, '--routerpass', SECRET]],
    ['an accent', [`--routerpass=${SECRET}é`]],
    ['a newline', [`--routerpass=${SECRET}\n`]],
    ['beside a file', [`--routerpass=${SECRET}`, '--password-file=/none']],
    ['beside a mistake', [`--routerpass=${SECRET}`, '--tls=x']],
    ['where its file should be', [`--password-file=${SECRET}`]],
    ['as a switch', [`--verbose=${SECRET}`]],
    ['as the port', [`--routerport=${SECRET}`, '--routerpass=x']],
    ['as the TLS mode', [`--tls=${SECRET}`, '--routerpass=x']],
    ['as the fingerprint', [`--fingerprint=${SECRET}`, '--routerpass=x']],
    ['after the end of the options', ['--', `--routerpass=${SECRET}`]],
  ])('%s', async (_, options) => {
    // Three characters of it are already too many.
    const pieces = Array.from({ length: SECRET.length - 2 }, (_, at) => SECRET.slice(at, at + 3));
    for (const argv of [
      [...ROUTER, ...options, ...WORDS],
      [...ROUTER, ...WORDS, ...options],
      [...WORDS, ...options, ...ROUTER],
    ]) {
      const text = await said(argv);
      expect(text).not.toBe('');
      expect(pieces.filter((piece) => text.includes(piece))).toEqual([]);
    }
  });

  test.each([
    ['src', ['--routerpass', '203.0.113.9', SECRET, '6', '22', '30']],
    ['proto', ['203.0.113.9', '--routerpass', '6', SECRET, '22', '30']],
    ['port', ['203.0.113.9', '6', '--routerpass', '22', SECRET, '30']],
    ['timeout', ['203.0.113.9', '6', '22', '--routerpass', '30', SECRET]],
  ])('when it changed places with %s', async (_, words) => {
    const text = await said([...ROUTER, ...words]);
    expect(text).not.toBe('');
    expect(text).not.toContain(SECRET.slice(0, 3));
  });
});
