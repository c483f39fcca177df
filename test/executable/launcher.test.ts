/** How the executable gets from a shell to Node.js. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flags, OPENED, ourRouter, ownPath, tlsFlags } from '../support/router';
import { EXECUTABLE, line, run, WORDS } from '../support/run';
import { directoryOf, inNamespace, nodeHidden, testInNamespace } from './namespace';
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

describe('has Node.js take no CAs but those that it is given', () => {
  /** The arguments that the shell gives to Node.js. */
  async function given(env: NodeJS.ProcessEnv): Promise<string> {
    const folder = ownPath('path');
    mkdirSync(folder);
    writeFileSync(join(folder, 'node'), '#!/bin/sh\nprintf "<%s>" "$@"\n', { mode: 0o755 });
    return (await run(['a b', ''], { env: { ...env, PATH: folder } })).stdout;
  }

  test.concurrent('unless the environment says something of its own', async () => {
    expect(await given({})).toBe(`<--use-openssl-ca><${EXECUTABLE}><a b><>`);
    expect(await given({ NODE_OPTIONS: '--use-bundled-ca' })).toBe(`<${EXECUTABLE}><a b><>`);
    expect(await given({ NODE_USE_SYSTEM_CA: '1' })).toBe(`<${EXECUTABLE}><a b><>`);
  });

  test.concurrent('and starts in any case', async () => {
    for (const env of [
      { NODE_OPTIONS: '--use-bundled-ca' },
      { NODE_USE_SYSTEM_CA: '1' },
      { NODE_EXTRA_CA_CERTS: '/nowhere' },
    ]) {
      expect(await run(['--version'], { env })).toMatchObject({ status: 0, stderr: '' });
    }
  });
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
    /^fwknop-mikrotik: Node\.js not found; hint: name it before the program, by its full path \(PATH=\/\S*\)\n$/,
  );
});
