/** The completion as bash itself runs it. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { completion } from '../../packaging/completion';
import { makeFolder } from '../support/files';
import { leftOut } from '../support/left-out';
import { readHelp } from '../support/manual';
import { run } from '../support/run';

const hasBash = existsSync('/bin/bash');
const testBash = hasBash ? test : leftOut('the tests of the completion', '/bin/bash');

const folder = makeFolder();
const script = join(folder, 'completion');

beforeAll(() => {
  writeFileSync(script, completion());
  writeFileSync(join(folder, 'my file.toml'), '');
  mkdirSync(join(folder, 'my setup'));
});

/** The completions of the last of some words, in `folder`. */
function offered(...words: readonly string[]): readonly string[] {
  const call = `
    source "$1"; shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _fwknop_mikrotik "$1" "\${@: -1}" "\${@: -2:1}"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const argv = ['--norc', '-c', call, 'bash', script, 'fwknop-mikrotik', ...words];
  const text = execFileSync('/bin/bash', argv, { cwd: folder, encoding: 'utf8', env: {} });
  return text.split('\n').filter((line) => line !== '');
}

const SOURCES = resolve(__dirname, '../../src');
const COMMANDS = readdirSync(SOURCES).filter(
  (name) => name !== 'cli' && existsSync(join(SOURCES, name, 'usage.ts')),
);

testBash('the file of the build is this script', () => {
  expect(readFileSync(resolve(__dirname, '../../dist/completion.bash'), 'utf8')).toBe(completion());
});

testBash('the first word may be any command', () => {
  expect(offered('')).toEqual(expect.arrayContaining(COMMANDS));
  expect(offered('kn')).toEqual(['knock']);
});

describe.each([[], ...COMMANDS.map((name) => [name])])('after %j', (...command) => {
  testBash('it offers the options of --help, and no others', async () => {
    const { stdout } = await run([...command, '--help']);
    const options = readHelp(stdout).usage.filter((label) => label.startsWith('--'));
    const names = options.map((label) => label.replace(/[ =].*/, ''));
    expect([...offered(...command, '--')].sort()).toEqual([...new Set(names)].sort());
  });

  testBash('each is an option that the program takes', async () => {
    const unknown = [];
    for (const option of offered(...command, '--')) {
      const { stderr } = await run([...command, option, '--tls', '--tls']);
      if (stderr.includes(`unknown option ${option}`)) unknown.push(option);
    }
    expect(unknown).toEqual([]);
  });
});

testBash.each<readonly [words: readonly string[], expected: readonly string[]]>([
  [
    ['--tls', ''],
    ['verify', 'insecure', 'anonymous', 'off'],
  ],
  [['--tls', 'an'], ['anonymous']],
  [['--tls', '=', 'o'], ['off']],
  [
    ['--tls', '='],
    ['verify', 'insecure', 'anonymous', 'off'],
  ],
  [
    ['--syslog', ''],
    ['auto', 'on', 'off'],
  ],
  [
    ['init', '--fallback', 's'],
    ['sequence', 'secret'],
  ],
  [
    ['--config', 'my'],
    ['my file.toml', 'my setup'],
  ],
  [['--config', '=', 'my f'], ['my file.toml']],
  [['check', '--access-conf', 'my f'], ['my file.toml']],
  [['init', '--out', ''], ['my setup']],
  [['install', 'm'], ['my setup']],
  [['install', '--p'], ['--pin']],
  [['--routerpass', ''], []],
  [['init', '--router', '--'], []],
  [['knock', '--list', '--he'], ['--help']],
  [['--list', '--he'], []],
  [['203.0.113.9', 'kn'], []],
  [['client', 'a'], ['add']],
])('%j is completed to %j', (words, expected) => {
  expect(offered(...words)).toEqual(expected);
});
