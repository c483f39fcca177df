/** The demo as a newcomer runs it: with everything installed, and without fwknop. */
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { testOnTerminal } from '../test/executable/terminal';
import { testInNamespaces } from '../test/fwknop/isolation';
import { makeFolder } from '../test/support/files';
import { readPage } from '../test/support/markdown';

const COMMAND = [process.execPath, '-r', 'ts-node/register/transpile-only', `${__dirname}/main.ts`];

/** Where `unshare` is not found, there are no namespaces: nothing but openssl is on this PATH. */
const bare = makeFolder();
symlinkSync('/usr/bin/openssl', join(bare, 'openssl'));

function demo(env: NodeJS.ProcessEnv, [program = '', ...args] = COMMAND) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

const STORY = [
  'client   connects to port 22: connection refused',
  'log      home: opened ',
  'client   connects to port 22: SSH-2.0-ROSSSH',
  'the time is over',
  'client   connects to port 22: connection refused',
  'client   its first connection lives on',
  'log      not granted: tcp/443 for 203.0.113.9',
  'router   no connection',
  'log      home: certificate not trusted: not the pinned one',
  'router   1 connection, 0 logins received',
];

/** Whether the texts stand in another one, in this order. */
function inOrder(text: string, parts: readonly string[]): boolean {
  let from = 0;
  return parts.every((part) => {
    const at = text.indexOf(part, from);
    from = at + part.length;
    return at >= 0;
  });
}

testInNamespaces('the demo from the packet on')('from the packet on', () => {
  const { status, stdout, stderr } = demo(process.env);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const replay = ['Replay detected', 'router   no connection'];
  const story = [...STORY.slice(0, 6), ...replay, ...STORY.slice(6)];
  expect([stdout, inOrder(stdout, story)]).toEqual([stdout, true]);
  expect(stdout).toMatch(/^[\x20-\x7e\n]*$/);
  expect(stdout).not.toContain('Left out');
  // The README shows the first part, with the times of another run.
  const timeless = (text: string) => text.replace(/^ *\d+\.\d s/gm, '');
  const [, opening = ''] = /closes by itself\n([\s\S]*?\n)\n/.exec(stdout) ?? [];
  const [shown] = readPage('README.md').blocks.filter(({ text }) => text.includes('  log  '));
  expect(timeless(shown?.text ?? '')).toBe(timeless(opening));
});

test('without namespaces it says so, and begins with the program', () => {
  const { status, stdout, stderr } = demo({ PATH: bare });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('Left out: the SPA packet, for want of ');
  expect([stdout, inOrder(stdout, STORY)]).toEqual([stdout, true]);
});

test('a program that opens nothing makes it fail', () => {
  const { status, stderr } = demo({ PATH: bare, FWKNOP_MIKROTIK: '/bin/true' });
  expect(status).toBe(1);
  expect(stderr).toBe('demo: this did not happen: the program opens (it says "")\n');
});

testOnTerminal('the colours of the demo').each([
  ['in colours on a terminal', {}, true],
  ['plain where NO_COLOR is set', { NO_COLOR: '1' }, false],
])('%s', (_, env, isColoured) => {
  const command = ['/usr/bin/script', '-qec', COMMAND.join(' '), '/dev/null'];
  const { stdout } = demo({ PATH: bare, FWKNOP_MIKROTIK: '/bin/true', ...env }, command);
  expect(stdout).toContain('connection refused');
  expect(stdout.includes('\x1b[36mclient ')).toBe(isColoured);
});
