/** The router is right by somebody else's word: librouteros drives it. */
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { leftOut } from '../../test/support/left-out';
import { certificates } from '../certificates';
import { type RouterOptions, startRouter, type TestRouter } from './server';

/** Debian's own Python, which has Debian's packages; another on the PATH has not. */
const PYTHON = '/usr/bin/python3';

const found = spawnSync(PYTHON, ['-c', 'import librouteros']).status === 0;
const testWithPeer = found
  ? test
  : leftOut('librouteros as the peer', 'the Debian package python3-librouteros');

let router: TestRouter;
afterEach(() => router?.close());

interface Visit {
  options?: RouterOptions;
  transport?: 'plain' | 'cert' | 'anonymous';
  login?: 'plain' | 'token';
  caPath?: string;
  user?: string;
  password?: string;
  /** See peer.py. */
  steps?: unknown[];
}

/** Starts a router, lets the peer visit it, and gives what the peer saw, step by step. */
async function visit({
  options = {},
  transport = 'plain',
  login = 'plain',
  caPath = '-',
  user = 'admin',
  password = 'secret',
  steps = [],
}: Visit): Promise<unknown[]> {
  router = await startRouter(options);
  const words = [transport, login, caPath, user, password, JSON.stringify(steps)];
  const { stdout } = await promisify(execFile)(
    PYTHON,
    [join(__dirname, 'peer.py'), String(router.port), ...words],
    { timeout: 10_000 },
  );
  return JSON.parse(stdout);
}

const trapError = (message: string) => ({ error: 'TrapError', message });

testWithPeer('add, print, set, remove, and what is refused', async () => {
  const seen = await visit({
    steps: [
      ['add', { list: 'a', address: '192.0.2.1', timeout: '1h', comment: 'x=y'.repeat(100) }],
      ['add', { list: 'a', address: '192.0.2.1/32' }],
      ['add', { list: 'b', address: '192.0.2.2', disabled: true }],
      ['print', ['.id', 'list'], []],
      ['print', ['.id', 'dynamic'], ['?=list=a', '?address=192.0.2.1']],
      ['print', ['.id'], ['?list=a', '?list=b', '?#|']],
      ['print', ['.id'], ['?list=a', '?#!']],
      ['print', ['.id'], ['?disabled=yes']],
      ['set', { '.id': '*2', timeout: '2h' }],
      ['set', { '.id': '*1', timeout: '2h' }],
      ['set', { '.id': '*9', timeout: '2h' }],
      ['remove', '*1', '*3'],
      ['call', '/ip/firewall/address-list/find', {}],
      ['call', '/no/such/print', {}],
      ['call', '/tool/e-mail/send', { to: 'a@example.com', body: 'b' }],
    ],
  });
  expect(seen).toEqual([
    'logged in',
    '*1',
    trapError('failure: already have such entry'),
    '*3',
    [
      { '.id': '*1', list: 'a' },
      { '.id': '*3', list: 'b' },
    ],
    [{ '.id': '*1', dynamic: true }],
    [{ '.id': '*1' }, { '.id': '*3' }],
    [{ '.id': '*3' }],
    [{ '.id': '*3' }],
    trapError('no such item'),
    null,
    trapError('no such item'),
    null,
    trapError('no such command'),
    trapError('no such command prefix'),
    [],
  ]);
  expect(router.lists.v4.entries()).toEqual([]);
  expect(router.mails).toHaveLength(1);
});

testWithPeer('a long word arrives whole, there and back', async () => {
  const comment = 'x'.repeat(0x4000);
  const steps = [
    ['add', { list: 'a', address: '192.0.2.1', comment }],
    ['print', ['comment'], []],
  ];
  expect(await visit({ steps })).toEqual(['logged in', '*1', [{ comment }]]);
});

testWithPeer('entries expire', async () => {
  const seen = await visit({
    steps: [
      ['add', { list: 'a', address: '192.0.2.1', timeout: '1s' }],
      ['add', { list: 'a', address: '192.0.2.2', timeout: '1h' }],
    ],
  });
  expect(seen).toEqual(['logged in', '*1', '*2']);
  const added = Date.now();
  while (router.lists.v4.entries().length === 2 && Date.now() < added + 5000) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(router.lists.v4.entries()).toMatchObject([{ address: '192.0.2.2' }]);
});

testWithPeer('a write-only user', async () => {
  const seen = await visit({
    user: 'fwknop',
    steps: [
      ['add', { list: 'a', address: '192.0.2.1', timeout: '1h' }],
      ['print', ['.id'], []],
      ['call', '/tool/e-mail/send', { to: 'a@example.com' }],
    ],
  });
  const refused = trapError('not enough permissions (9)');
  expect(seen).toEqual(['logged in', '*1', refused, refused]);
});

testWithPeer('a print that finds nothing', async () => {
  const steps = [['print', ['.id'], []]];
  expect(await visit({ steps })).toEqual(['logged in', []]);
});

testWithPeer.each([
  ['plain', 'plain', 'secret', 'logged in'],
  ['plain', 'plain', 'wrong', trapError('invalid user name or password (6)')],
  ['challenge', 'token', 'secret', 'logged in'],
  ['challenge', 'token', 'wrong', trapError('cannot log in')],
] as const)('login: router %s, peer %s, password %s', async (style, login, password, expected) => {
  expect(await visit({ options: { login: style }, login, password })).toEqual([expected]);
});

testWithPeer('login without policy api', async () => {
  const users: RouterOptions['users'] = [{ name: 'admin', password: 'secret', policies: [] }];
  expect(await visit({ options: { users } })).toEqual([trapError('std failure: not allowed (9)')]);
});

testWithPeer('a command before the login', async () => {
  // Against an old router the plain login of the peer looks like a success to it.
  const seen = await visit({
    options: { login: 'challenge' },
    steps: [['add', { list: 'a', address: '192.0.2.1' }]],
  });
  expect(seen).toEqual(['logged in', { error: 'FatalError', message: 'not logged in' }]);
});

const ADD = [['add', { list: 'a', address: '192.0.2.1' }]];

testWithPeer('TLS with a certificate that the peer verifies', async () => {
  const { leaf, ca } = certificates();
  const options = { transport: leaf };
  const caPath = ca.certPath;
  expect(await visit({ options, transport: 'cert', caPath, steps: ADD })).toEqual([
    'logged in',
    '*1',
  ]);
});

testWithPeer('TLS with a certificate for another host', async () => {
  const { wrongName, ca } = certificates();
  const options = { transport: wrongName };
  const seen = await visit({ options, transport: 'cert', caPath: ca.certPath });
  expect(seen).toMatchObject([{ error: 'SSLCertVerificationError' }]);
  expect(router.sentences).toEqual([]);
});

testWithPeer('TLS without a certificate', async () => {
  const options: RouterOptions = { transport: 'anonymous' };
  expect(await visit({ options, transport: 'anonymous', steps: ADD })).toEqual(['logged in', '*1']);
});
