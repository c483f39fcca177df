/** The password shows up nowhere: not in any output, and not in the list of processes for long. */
import { readFileSync } from 'node:fs';
import { encodeSentences } from '../../simulator/api/codec';
import { type How, refusing, saying } from '../../simulator/faults';
import {
  flags,
  ourRouter,
  ownFile,
  PASSWORD,
  passwordFile,
  tlsFlags,
  transportOf,
} from '../support/router';
import { line, type Run, run, WORDS } from '../support/run';
import { routerTable } from '../support/toml';
import { until } from '../support/wait';
import { OPENED_TEXT, PASSWORD_WARNING } from './says';

/** The password in every form in which it could leak. */
const FORMS = [
  PASSWORD,
  JSON.stringify(PASSWORD).slice(1, -1),
  encodeURIComponent(PASSWORD),
  Buffer.from(PASSWORD).toString('base64').slice(0, -4),
  Buffer.from(PASSWORD).toString('hex'),
  [...Buffer.from(PASSWORD)].map((byte) => byte.toString(16)).join(' '),
  [...Buffer.from(PASSWORD)].join(', '),
  // The part of it that survives any quoting.
  'Zuckerrohr',
];

function expectSilence({ stdout, stderr }: Run): void {
  const output = (stdout + stderr).toLowerCase();
  for (const form of FORMS) expect(output).not.toContain(form.toLowerCase());
}

const echo = (words: (password: string) => string[]): How => ({
  carriedOut: false,
  reply: ({ password, frame }) => frame([words(password)]),
  ending: 'fin',
});

/** Ways in which a router may give the password back. */
const ECHOES: Record<string, How> = {
  'a trap': refusing((password) => [['!trap', `=message=bad ${password} given`], ['!done']]),
  'a trap, at the length where it is cut': refusing((password) => [
    ['!trap', `=message=${'x'.repeat(72)}${password}`],
    ['!done'],
  ]),
  'a trap of nothing else': refusing((password) => [['!trap', `=message=${password}`], ['!done']]),
  'a trap without =message=': refusing((password) => [['!trap', password], ['!done']]),
  'a trap, in another attribute': refusing((password) => [['!trap', `=x=${password}`], ['!done']]),
  'a !fatal': {
    carriedOut: false,
    reply: ({ password }) => encodeSentences([['!fatal', password]]),
    ending: 'fin',
  },
  'a !fatal with =message=': {
    carriedOut: false,
    reply: ({ password }) => encodeSentences([['!fatal', `=message=${password}`]]),
    ending: 'fin',
  },
  'the reply word': echo((password) => [`!${password}`]),
  'a reply word without an exclamation mark': echo((password) => [password]),
  'its id': echo((password) => ['!done', `=ret=${password}`]),
  'a tag': {
    carriedOut: false,
    reply: ({ password, frame }) => frame([['!done']], password),
    ending: 'fin',
  },
  'a row': echo((password) => ['!re', `=password=${password}`]),
};

describe.each(['login', 'add'] as const)('a router that gives it back at the %s, in', (at) => {
  test.concurrent.each(Object.entries(ECHOES))('%s', async (_, how) => {
    const router = await ourRouter({ faults: [{ at, how }] });
    const args = [...flags(router), ...tlsFlags('plain'), '--verbose', ...WORDS];
    const result = await run(args);
    // An add fails with such a reply; a login may ignore it.
    if (at === 'add') expect(result.status).toBeGreaterThan(0);
    expectSilence(result);
  });
});

/** No server listens there. */
const NOWHERE = ['--routerip', '127.0.0.1', '--routerport', '9', '--routeruser', 'fwknop'];

test.concurrent.each([
  ['as an unknown option', ['--pass', PASSWORD]],
  ['a misspelt option', [`--routerpas=${PASSWORD}`]],
  ['a short option', [`-p${PASSWORD}`]],
  ['a short option, for sshpass users', ['-p', PASSWORD]],
  ['one dash too many', [`---routerpass=${PASSWORD}`]],
  ['an option in capitals', [`--ROUTERPASS=${PASSWORD}`]],
  ['a fifth argument', ['--routerpass', 'x', PASSWORD]],
  ['given twice', ['--routerpass', PASSWORD, '--routerpass', PASSWORD]],
  ['beside a file', ['--routerpass', PASSWORD, '--password-file', '/etc/hostname']],
  ['not ASCII', ['--routerpass', `${PASSWORD}ü`]],
  ['with a newline', ['--routerpass', `${PASSWORD}\n`]],
  ['in the place of the file', ['--password-file', PASSWORD]],
  ['in the place of the user', ['--routeruser', PASSWORD]],
  ['in the place of a switch', [`--verbose=${PASSWORD}`]],
  ['in the place of the mode', ['--routerpass', PASSWORD, `--tls=${PASSWORD}`]],
])('a password %s: refused, and not repeated', async (_, args) => {
  const result = await run([...NOWHERE, ...args, ...tlsFlags('plain'), ...WORDS]);
  expect([64, 69, 78]).toContain(result.status);
  expectSilence(result);
});

test.concurrent.each([
  ['no TOML', `password = ${PASSWORD}\n`],
  ['an unknown key', `[[router]]\nhost = "h"\nuser = "u"\npasswort = '''${PASSWORD}'''\n`],
  ['not ASCII', `[[router]]\nhost = "h"\nuser = "u"\npassword = '''${PASSWORD}ü'''\n`],
  ['twice', `[[router]]\npassword = '''${PASSWORD}'''\npassword = '''${PASSWORD}'''\n`],
  ['as a key', `'''${PASSWORD}''' = 1\n`],
  ['as a list', `[[router]]\nhost = "h"\nuser = "u"\npassword = ['''${PASSWORD}''']\n`],
  ['no end of the text', `[[router]]\nhost = "h"\nuser = "u"\npassword = '''${PASSWORD}\n`],
])('in a configuration file, %s: refused, and not repeated', async (_, text) => {
  const config = ownFile('mikrotik.toml', text);
  const result = await run(['--config', config, ...WORDS]);
  expect(result.status).toBe(78);
  expectSilence(result);
});

describe('--verbose and the environment of a developer', () => {
  const NOISY = {
    DEBUG: '*',
    ENV: 'testing',
    NODE_DEBUG: '*',
    NODE_ENV: 'development',
    DEBUG_DEPTH: '10',
    PATH: '/usr/bin:/bin',
  };

  test.concurrent.each([
    ['DEBUG=routeros*', { DEBUG: 'routeros*' }],
    ['DEBUG=*', { DEBUG: '*' }],
    ['NODE_DEBUG=net,tls', { NODE_DEBUG: 'net,tls' }],
    ['NODE_DEBUG=*', { NODE_DEBUG: '*' }],
    ['ENV=testing', { ENV: 'testing' }],
    ['all of them', NOISY],
  ])('%s', async (_, env) => {
    for (const way of ['plain', 'insecure'] as const) {
      const router = await ourRouter({ transport: transportOf(way) });
      const byFile = [...flags(router), ...tlsFlags(way), '--verbose', ...WORDS];
      const [opened, again] = [await run(byFile, { env }), await run(byFile, { env })];
      expect([opened.status, again.status]).toEqual([0, 0]);
      expectSilence(opened);
      expectSilence(again);
    }
  });

  test.concurrent('--verbose says what happens, a line each, and then the outcome', async () => {
    const router = await ourRouter();
    const result = await run([...flags(router), ...tlsFlags('plain'), '--verbose', ...WORDS]);
    const lines = result.stderr.split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.pop()).toBe(`fwknop-mikrotik: ${OPENED_TEXT}`);
    for (const text of lines) expect(text).toMatch(/^fwknop-mikrotik: 127\.0\.0\.1: \d+ ms: /);
  });
});

test.concurrent('--routerpass is hidden from the list of processes, and warned about once', async () => {
  const router = await ourRouter({ faults: [{ at: 'login', how: saying('') }] });
  const target = ['--routerip', router.host, '--routerport', String(router.port)];
  let commandLine = '';
  const result = run(
    [
      ...[...target, '--routeruser', 'fwknop', `--routerpass=${PASSWORD}`],
      ...[...tlsFlags('plain'), '--deadline', '2', ...WORDS],
    ],
    {
      onStart: async ({ pid }) => {
        await until('the login', () => router.sentences.length > 0);
        commandLine = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      },
    },
  );
  const { status, stderr } = await result;
  expect(status).toBe(69);
  expect(commandLine).toMatch(/^fwknop-mikrotik\0*$/);
  const [outcome, warning, ...rest] = stderr.split('\n');
  expect(outcome).toMatch(/^fwknop-mikrotik: 127\.0\.0\.1: no answer in time \(login\)/);
  expect(warning).toBe(`fwknop-mikrotik: ${PASSWORD_WARNING}`);
  expect(rest).toEqual(['']);
});

test.concurrent('a password made of words of the router changes no status', async () => {
  const words = ['entry', 'a', 'not enough permissions', '!done', 'ret', '*'];
  const users = words.map((password, index) => ({
    name: `u${index}`,
    password,
    policies: ['api', 'write'] as ('api' | 'write')[],
  }));
  const target = await ourRouter({ users });
  target.addEntry({ list: 'FWKNOP_6_22', address: '198.51.100.7', timeout: '1h' });
  const outcomes = await Promise.all(
    users.map(({ name, password }) =>
      run([
        ...['--routerip', target.host, '--routerport', String(target.port), '--routeruser', name],
        ...['--password-file', ownFile('password', password)],
        ...tlsFlags('plain'),
        ...WORDS,
      ]),
    ),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(words.map(() => 0));
});

test.concurrent.each([
  ['open to the group', 0o640],
  ['open to others', 0o604],
  ['open to others for writing', 0o602],
])('a password file %s is refused, with the command that fixes it', async (_, mode) => {
  const router = await ourRouter();
  const loose = ownFile('loose-password', `${PASSWORD}\n`, mode);
  const args = flags(router).map((word) => (word === passwordFile() ? loose : word));
  const result = await run([...args, ...tlsFlags('plain'), ...WORDS]);
  expect(result.status).toBe(78);
  expectSilence(result);
  expect(result.stderr).toMatch(/; hint: chmod go[-=]w? \S+-loose-password\n$/);
  expect(router.connections).toBe(0);
});

test.concurrent('a password in a configuration file that others may read is refused', async () => {
  const router = await ourRouter();
  const { host, port } = router;
  const text = routerTable({ host, port, user: 'fwknop', password: PASSWORD, tls: 'off' });
  const loose = ownFile('loose.toml', text, 0o644);
  const result = await run(['--config', loose, ...WORDS]);
  expect(result).toMatchObject({
    status: 78,
    stderr: line(`${loose}: holds a secret that others may read; hint: chmod go= ${loose}`),
  });
  const closed = ownFile('closed.toml', text, 0o600);
  expect(await run(['--config', closed, ...WORDS])).toMatchObject({ status: 0 });
});
