/** The manual page: in step with what the executable prints, and fit for the systems that show it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { leftOut } from '../support/left-out';
import { readHelp, readManual, settingsOf } from '../support/manual';
import { run } from '../support/run';

const ROOT = resolve(__dirname, '../..');
const PAGE = resolve(ROOT, 'man/fwknop-mikrotik.8');
const page = readFileSync(PAGE, 'utf8');

/** The command line, and the sections that are about it. */
const COMMANDS: readonly [argv: readonly string[], titles: readonly string[]][] = [
  [[], ['Opening a port', 'FILES', 'EXIT STATUS']],
  [['init'], ['init']],
  [['install'], ['install']],
  [['client'], ['client']],
  [['check'], ['check']],
  [['knock'], ['knock']],
];

test.each(COMMANDS)('documents what %p --help prints, and nothing else', async (argv, titles) => {
  const { stdout } = await run([...argv, '--help']);
  const help = readHelp(stdout);
  expect(help.usage).toContain('--help');
  const manual = readManual(page, titles);
  expect([...manual.usage].sort()).toEqual([...help.usage].sort());
  expect([...manual.files].sort()).toEqual([...help.files].sort());
  expect(manual.statuses).toEqual(help.statuses);
});

test('documents the settings of the configuration, and no others', () => {
  const example = readFileSync(resolve(ROOT, 'mikrotik.toml.example'), 'utf8');
  const settings = [...example.matchAll(/^#?([a-z0-9-]+) *=/gm)].map(([, name = '']) => name);
  // The example names it in a comment, as the other way to give the password.
  const known = new Set([...settings, 'password']);
  expect([...settingsOf(page, 'Configuration')].sort()).toEqual([...known].sort());
});

const testWithMandoc = existsSync('/usr/bin/mandoc')
  ? test
  : leftOut('the check of the manual page', 'the Debian package mandoc');

testWithMandoc('is clean', () => {
  const { error, stdout, stderr } = spawnSync('mandoc', ['-T', 'lint', PAGE], {
    encoding: 'utf8',
  });
  expect(error).toBeUndefined();
  // Whether the pages that it refers to are installed here is nothing to the page.
  const complaints = `${stdout}${stderr}`
    .split('\n')
    .filter((text) => !/mandoc\.db|referenced manual not found|^$/.test(text));
  expect(complaints).toEqual([]);
});

const testWithGroff = existsSync('/usr/bin/groff')
  ? test
  : leftOut('the footer of the manual page', 'the Debian package groff-base');

testWithGroff('has the program in its footer, and no other system', () => {
  const { stdout } = spawnSync('groff', ['-mdoc', '-Tascii', PAGE], { encoding: 'utf8' });
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^fwknop-mikrotik .* fwknop-mikrotik$/);
});
