/** How the executable gets from a shell to Node.js. */
import { copyFileSync } from 'node:fs';
import { directoryOf, inNamespace, nodeHidden, testInNamespace } from './namespace';
import { flags, OPENED, ourRouter, ownFile, ownPath, tlsFlags } from './router';
import { EXECUTABLE, line, run, WORDS } from './run';
import { OPENED_TEXT } from './says';

const { concurrent } = testInNamespace('the tests of where Node.js is');

async function expectOpens(command: readonly string[]): Promise<void> {
  const router = await ourRouter();
  const result = await run([...flags(router), ...tlsFlags('plain'), ...WORDS], { command });
  expect(result).toMatchObject({ status: 0, stdout: '', stderr: line(OPENED_TEXT) });
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
}

test.concurrent.each([
  ['the system', []],
  ['another shell', ['/bin/bash', '--posix']],
  ['a shell that stops at errors', ['/bin/sh', '-eu']],
  ['Node.js itself', [process.execPath]],
])('is started by %s', async (_, by) => {
  await expectOpens([...by, EXECUTABLE]);
});

test.concurrent('has Node.js take no CAs but those that it is given', async () => {
  const tell = ownFile('tell.js', 'process.stderr.write(process.execArgv.join() + "\\n")');
  const env = { NODE_OPTIONS: `--require=${tell}` };
  const { stderr } = await run(['--version'], { env });
  expect(stderr).toBe('--use-openssl-ca\n');
});

concurrent('finds Node.js in /usr/local/bin without a PATH', async () => {
  const node = ownPath('node');
  copyFileSync(process.execPath, node);
  const elsewhere = [nodeHidden(), directoryOf('/usr/local/bin', { node })];
  await expectOpens(inNamespace(elsewhere));
});

concurrent('without Node.js it says so', async () => {
  const result = await run(WORDS, { command: inNamespace([nodeHidden()]) });
  expect(result).toMatchObject({ status: 78, stdout: '' });
  expect(result.stderr).toMatch(
    /^fwknop-mikrotik: Node\.js is nowhere in \/\S*; hint: name it before the program, by its full path\n$/,
  );
});
