import { array, assert, asyncProperty, constantFrom, oneof, string, tuple } from 'fast-check';
import { readByYargs, readUsualCall } from '../../../src/cli/opening';

/** Words of a command line: from fwknopd, from people, and some that yargs treats in its own way. */
const word = oneof(
  constantFrom(
    '203.0.113.9',
    '2001:db8::9',
    '6',
    '17',
    'tcp',
    '22',
    '0',
    '60',
    '1e3',
    '022',
    '0x16',
  ),
  constantFrom(
    '',
    ' ',
    '6 ',
    '"6"',
    "'6'",
    '\n',
    '\0',
    'true',
    'false',
    'a=b',
    '$SRC',
    '__proto__',
  ),
  constantFrom(
    '--config',
    '--config=x',
    '--client',
    '--client=x',
    '--',
    '-',
    '-5',
    '--verbose',
    '--help',
    '-x',
    '--routerpass',
  ),
  string({ unit: 'binary' }),
);

const commandLine = oneof(
  array(word, { minLength: 4, maxLength: 4 }),
  array(word, { minLength: 5, maxLength: 5 }).map((words) => ['--config', ...words]),
  array(word, { minLength: 5, maxLength: 5 }).map((words) => ['--client', ...words]),
  tuple(
    constantFrom(['--config', '--client'], ['--client', '--config'], ['--client', '--client']),
    array(word, { minLength: 6, maxLength: 6 }),
  ).map(([[first = '', second = ''], [one = '', two = '', ...words]]) => [
    first,
    one,
    second,
    two,
    ...words,
  ]),
  array(word, { maxLength: 8 }),
);

test('the short reader reads a call as yargs does, or leaves it to yargs', async () => {
  let taken = 0;
  await assert(
    asyncProperty(commandLine, async (argv) => {
      const short = readUsualCall(argv);
      if (short === undefined) return;
      taken += 1;
      expect(await readByYargs(argv)).toEqual(short);
    }),
    { numRuns: 2000 },
  );
  expect(taken).toBeGreaterThan(200);
});

test.each([
  [['203.0.113.9', '6', '22', '60']],
  [['--config', '/etc/fwknop/mikrotik.toml', '203.0.113.9', '6', '22', '60']],
  [['--client', 'phone', '203.0.113.9', '6', '22', '60']],
  [['--client', 'phone', '--config', '/etc/x.toml', '203.0.113.9', '6', '22', '60']],
  [['--config', '/etc/x.toml', '--client', 'phone', '203.0.113.9', '6', '22', '60']],
])("the short reader takes fwknopd's own call: %j", (argv) => {
  expect(readUsualCall(argv)?.positionals).toEqual(['203.0.113.9', '6', '22', '60']);
});
