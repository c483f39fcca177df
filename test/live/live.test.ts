/** The live suite against the simulator, where every answer is known. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import packageJson from '../../package.json';
import type { RouterOptions, TestRouter } from '../../simulator/api/server';
import type { User } from '../../simulator/api/users';
import { certificates } from '../../simulator/certificates';
import { answering, type Fault, fatal, trap } from '../../simulator/faults';
import { ourRouter, ownFile, ownPath } from '../support/router';
import { until } from '../support/wait';
import { QUESTIONS } from './questions';

jest.setTimeout(120_000);

const ROOT = resolve(__dirname, '../..');
/** Like no other text here, and of characters that need quoting everywhere. */
const PASSWORD = 'Quitte~17"&\\\'x';
const OTHER = 'Hagebutte~23';

const USERS: User[] = [
  { name: 'opener', password: PASSWORD, policies: ['api', 'write'] },
  { name: 'looker', password: OTHER, policies: ['api', 'write', 'read'] },
  { name: 'away', password: OTHER, policies: ['api', 'write'], address: '192.0.2.9' },
  { name: 'winbox', password: OTHER, policies: ['write'] },
  { name: 'postman', password: OTHER, policies: ['api', 'test'] },
];

/** Entries of others on the router; `near` is as similar to those of the suite as can be. */
const OTHERS = [
  { list: 'FWKNOP_6_22', address: '198.51.100.7', timeout: '1h' },
  { list: 'FWKNOP_LIVE', address: '192.0.2.1', timeout: '1h', comment: 'near' },
  { list: 'blocked', address: '192.0.2.1' },
];

async function router(options: RouterOptions = {}): Promise<TestRouter> {
  const { selfSigned } = certificates();
  const made = await ourRouter({
    users: USERS,
    transport: selfSigned,
    maxSessions: 20,
    ...options,
  });
  for (const entry of OTHERS) made.addEntry(entry);
  made.addEntry({ list: 'FWKNOP_6_22', address: '2001:db8::7', timeout: '1h' }, 'v6');
  return made;
}

const kept = ({ lists }: TestRouter) =>
  [...lists.v4.entries(), ...lists.v6.entries()].map(({ secondsLeft, ...entry }) => ({
    ...entry,
    hasEnd: secondsLeft !== undefined,
  }));

/** The variables that lead to a router, for one user or two. */
const asWriter = ({ host, port }: TestRouter) => ({
  FWKNOP_LIVE_HOST: host,
  FWKNOP_LIVE_PORT: String(port),
  FWKNOP_LIVE_FINGERPRINT: certificates().selfSigned.fingerprint.toUpperCase(),
  FWKNOP_LIVE_USER: 'opener',
  FWKNOP_LIVE_PASSWORD: PASSWORD,
});
const asTwo = (target: TestRouter) => ({
  ...asWriter(target),
  FWKNOP_LIVE_ADMIN: 'looker',
  FWKNOP_LIVE_ADMIN_PASSWORD_FILE: ownFile('admin', `${OTHER}\n`),
});
const asAll = async (target: TestRouter) => ({
  ...asTwo(target),
  FWKNOP_LIVE_ELSEWHERE: 'away',
  FWKNOP_LIVE_ELSEWHERE_PASSWORD: OTHER,
  FWKNOP_LIVE_NOAPI: 'winbox',
  FWKNOP_LIVE_NOAPI_PASSWORD: OTHER,
  FWKNOP_LIVE_MAILER: 'postman',
  FWKNOP_LIVE_MAILER_PASSWORD: OTHER,
  FWKNOP_LIVE_CLOSED_PORT: String(await closedPort()),
  FWKNOP_LIVE_ROUGH: 'yes',
});

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await until('a port', () => server.listening);
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `npm run test:live`, without the build before it. */
function runLive(
  variables: NodeJS.ProcessEnv,
  onStart: (child: ChildProcess) => void = () => undefined,
): Promise<Outcome> {
  const [program = '', ...args] = packageJson.scripts['test:live'].split(' ');
  const child = spawn(resolve(ROOT, 'node_modules/.bin', program), args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onStart(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return new Promise((settle, fail) => {
    child.on('error', fail);
    child.on('close', (status) => settle({ status, stdout, stderr }));
  });
}

/** Question → verdict, as the report has it. */
function verdicts(report: string): Record<string, string> {
  const heads = [...report.matchAll(/^\[([^\]]+)\] ([a-z0-9-]+): /gm)];
  return Object.fromEntries(heads.map(([, verdict = '', id = '']) => [id, verdict]));
}

const odd = (report: string) =>
  Object.fromEntries(
    Object.entries(verdicts(report)).filter(([, verdict]) => verdict !== 'as inferred'),
  );

test('with every user, every question is answered as inferred, and nothing is left', async () => {
  const target = await router();
  const before = kept(target);
  const file = ownPath('report.txt');
  const result = await runLive({ ...(await asAll(target)), FWKNOP_LIVE_REPORT: file });
  expect(odd(result.stdout)).toEqual({});
  expect(Object.keys(verdicts(result.stdout))).toEqual(QUESTIONS.map(({ id }) => id));
  expect(result).toMatchObject({ status: 0, stderr: '' });
  expect(result.stdout).toContain('Nothing is left on the router.');
  expect(result.stdout).toContain('=version=7.18 (stable)');
  expect(readFileSync(file, 'utf8')).toBe(result.stdout);
  expect(kept(target)).toEqual(before);
  expect(target.mails).toEqual([]);

  // And on the way there: no other list, and no id of an entry that was there.
  const words = target.sentences.flat();
  const lists = words.flatMap((word) => /^[=?]list=(.*)$/.exec(word)?.[1] ?? []);
  expect(lists.length).toBeGreaterThan(50);
  expect(lists.filter((list) => !/^FWKNOP_LIVE_[0-9A-F]{12}_\d+$/.test(list))).toEqual([]);
  const changing = target.sentences.filter(([command]) => /\/(?:set|remove)$/.test(command ?? ''));
  const theirs = (menu: string, count: number) =>
    changing
      .filter(([command]) => command?.startsWith(menu))
      .flatMap((sentence) => sentence.flatMap((word) => /^=\.id=\*(\w+)$/.exec(word)?.[1] ?? []))
      .filter((id) => Number.parseInt(id, 16) <= count);
  expect(theirs('/ip/', OTHERS.length)).toEqual([]);
  expect(theirs('/ipv6/', 1)).toEqual([]);
});

test('the report has no password, no user and no address of the owner', async () => {
  const target = await router({
    faults: [
      { at: 'send', how: trap(`no ${PASSWORD} at 10.20.30.40 or 2a00:1450::1, ${OTHER}`) },
      { at: 'set', how: fatal(`bye ${OTHER} of 00:0C:29:AB:CD:EF`), times: 1 },
    ],
  });
  const { stdout, stderr } = await runLive(asTwo(target));
  expect(stdout).toContain('no *** at <address> or <address>, ***');
  expect(stdout).toContain('bye *** of <address>');
  const { fingerprint } = certificates().selfSigned;
  for (const secret of [PASSWORD, OTHER, 'opener', 'looker', '127.0.0.1', fingerprint]) {
    expect(stdout + stderr).not.toContain(secret);
  }
});

test('what could not be asked is named with what it needs, and is not green', async () => {
  const target = await router({ transport: 'plain' });
  const before = kept(target);
  const { FWKNOP_LIVE_FINGERPRINT: _, ...variables } = asWriter(target);
  const result = await runLive({ ...variables, FWKNOP_LIVE_TLS: 'off' });
  const asked = QUESTIONS.filter(({ needs = [] }) => needs.length === 0).map(({ id }) => id);
  const found = verdicts(result.stdout);
  expect(Object.keys(found).filter((id) => found[id] === 'as inferred')).toEqual(asked);
  expect(new Set(Object.values(found))).toEqual(new Set(['as inferred', 'not asked']));
  expect(result.stdout).toMatch(
    /\[not asked\] timeout-zero: .*\n +needs +FWKNOP_LIVE_ADMIN, a user/,
  );
  expect(result.status).toBe(2);
  // A user who may not read removes entries by their ids; the knocks' entries expire by themselves.
  const isOurs = ({ list }: { list: string }) => list.startsWith('FWKNOP_LIVE_');
  const left = [...target.lists.v4.entries(), ...target.lists.v6.entries()].filter(isOurs);
  for (const { address, secondsLeft } of left) {
    expect(['198.51.100.7', '2001:db8::7/128']).toContain(address);
    expect(secondsLeft).toBeLessThanOrEqual(10);
  }
  expect(result.stdout).toContain('Entries may be left');
  expect(kept(target).filter((entry) => !isOurs(entry))).toEqual(before);
});

const REBOOTING: Fault = { at: 'add', how: fatal('shutting down'), after: 2, times: 1 };
const UNCONFIRMED: Fault = { at: 'add', how: answering(() => [['!done']]), times: 1 };

describe('a router that is otherwise', () => {
  test.concurrent.each<[string, RouterOptions, string[]]>([
    ['that ends an empty print with !empty', { emptyPrint: 'empty' }, ['empty-print']],
    ['that says nothing of an empty print', { emptyPrint: 'done' }, ['empty-print']],
    ['that shows nothing to who may not read', { readRefusal: 'empty' }, ['read-refusal']],
    ['that stores IPv6 addresses plain', { ipv6Form: 'plain' }, ['ipv6-form']],
    ['before 6.43', { login: 'challenge' }, ['plain-login']],
    ['that confirms an add without an id', { faults: [UNCONFIRMED] }, ['write-only-add']],
    ['that goes down in the middle', { faults: [REBOOTING] }, ['write-only-remove']],
  ])('%s is reported so', async (_, options, ids) => {
    const target = await router(options);
    const before = kept(target);
    const result = await runLive(asTwo(target));
    const found = verdicts(result.stdout);
    for (const id of ids) expect(['OTHERWISE', 'NO ANSWER']).toContain(found[id]);
    expect(result.stdout).toMatch(new RegExp(`(?:OTHERWISE|NO ANSWER): .*${ids[0]}`));
    expect(result.status).toBe(1);
    expect(kept(target)).toEqual(before);
  });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it, and its entries', async (signal) => {
  const target = await router({ replyDelay: 100 });
  const before = kept(target);
  let child: ChildProcess | undefined;
  const running = runLive(asTwo(target), (started) => {
    child = started;
  });
  await until('an entry of ours', () => kept(target).length > before.length);
  child?.kill(signal);
  const result = await running;
  expect(result.status).toBe(130);
  expect(result.stdout).toContain('Interrupted');
  expect(kept(target)).toEqual(before);
});

test.each<[string, NodeJS.ProcessEnv, RegExp[]]>([
  [
    'nothing',
    {},
    [
      /^FWKNOP_LIVE_HOST: missing$/m,
      /^FWKNOP_LIVE_USER: missing$/m,
      /^hint: see docs\/test-on-your-router\.md/m,
    ],
  ],
  [
    'a user without a password',
    { FWKNOP_LIVE_HOST: '192.0.2.1', FWKNOP_LIVE_USER: 'x' },
    [/^FWKNOP_LIVE_PASSWORD or FWKNOP_LIVE_PASSWORD_FILE: missing$/m],
  ],
  [
    'what does not fit',
    { FWKNOP_LIVE_HOST: 'a b', FWKNOP_LIVE_USER: 'x', FWKNOP_LIVE_PASWORD: PASSWORD },
    [/^FWKNOP_LIVE_HOST: expected an IP address/m, /^FWKNOP_LIVE_PASWORD: no such setting$/m],
  ],
  [
    'a file that is not there',
    {
      FWKNOP_LIVE_HOST: '192.0.2.1',
      FWKNOP_LIVE_USER: 'x',
      FWKNOP_LIVE_PASSWORD_FILE: '/nonexistent',
    },
    [/^FWKNOP_LIVE_PASSWORD_FILE: ENOENT$/m],
  ],
])('given %s it says so, and connects to nothing', async (_, variables, texts) => {
  const result = await runLive(variables);
  expect(result).toMatchObject({ status: 64, stdout: '' });
  for (const text of texts) expect(result.stderr).toMatch(text);
  expect(result.stderr).not.toContain(PASSWORD);
});
