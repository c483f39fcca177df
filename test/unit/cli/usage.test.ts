import { type Invocation, parseCommandLine } from '../../../src/cli/opening';
import { USAGE } from '../../../src/cli/usage';
import { EXIT } from '../../../src/common/failure';

const WORDS = ['203.0.113.9', '6', '22', '30'];
const SAMPLES: Record<string, string> = {
  FILE: '/etc/hosts',
  NAME: 'phone',
  HOST: 'router.example',
  PORT: '8729',
  USER: 'fwknop',
  TEXT: 'x',
  MODE: 'off',
  HEX: 'ab'.repeat(32),
  ADDRESS: 'me@example.com',
  TEMPLATE: 'OPEN_{port}',
  DURATION: '5s',
};

const options = [...USAGE.matchAll(/^ {2}--([a-z-]+)(?: ([A-Z]+))? {2,}\S/gm)].map(
  ([, name = '', value]) => ({ name, value }),
);

test('has the sections of a manual page, in order', () => {
  expect(USAGE.match(/^[A-Z].*$/gm)).toEqual([
    'Synopsis',
    'Commands, for people',
    'Arguments',
    'Options',
    'Files',
    'Exit status',
    'Example, in /etc/fwknop/access.conf',
  ]);
});

test('lists the options that were promised', () => {
  expect(
    options.map(({ name, value }) => (value === undefined ? name : `${name} ${value}`)),
  ).toEqual([
    'config FILE',
    'client NAME',
    'routerip HOST',
    'routerport PORT',
    'routeruser USER',
    'password-file FILE',
    'routerpass TEXT',
    'tls MODE',
    'fingerprint HEX',
    'ca-file FILE',
    'server-name NAME',
    'email ADDRESS',
    'list TEMPLATE',
    'deadline DURATION',
    'syslog MODE',
    'dry-run',
    'verbose',
    'help',
    'version',
  ]);
});

test.each(options)('the command line takes --$name $value', async ({ name, value }) => {
  const option = value === undefined ? `--${name}` : `--${name}=${SAMPLES[value]}`;
  await expect(parseCommandLine([option, ...WORDS])).resolves.toHaveProperty('verb');
});

test('names the defaults that apply', async () => {
  expect(USAGE).toMatch(/--config FILE +configuration \(\/etc\/fwknop\/mikrotik\.toml\)$/m);
  expect(USAGE).toMatch(/--routerport PORT .*\(8729; 8728 with --tls off\)$/m);
  expect(USAGE).toMatch(/--list TEMPLATE .*\(FWKNOP_\{proto\}_\{port\}\)$/m);
  expect(USAGE).toMatch(/--deadline DURATION .*\(10s\)$/m);
});

test('repeats the table of exit statuses, whole', () => {
  const [, section = ''] = /^Exit status\n([\s\S]*?)\n\n/m.exec(USAGE) ?? [];
  const rows = section.split('\n').map((row) => /^ {2}(\d+) +(.*)$/.exec(row)?.slice(1));
  expect(rows).toEqual(Object.values(EXIT).map(({ status, meaning }) => [String(status), meaning]));
});

test('shows a stanza whose command the program itself takes', async () => {
  const [, command = ''] = /CMD_CYCLE_OPEN +(.*)/.exec(USAGE) ?? [];
  const values: Record<string, string> = {
    $SRC: '203.0.113.9',
    $PROTO: '6',
    $PORT: '22',
    $CLIENT_TIMEOUT: '30',
  };
  const [program, ...argv] = command.split(/\s+/).map((word) => values[word] ?? word);
  expect(program).toBe('/usr/bin/fwknop-mikrotik');
  const invocation: Invocation = await parseCommandLine(argv);
  expect(invocation).toMatchObject({ verb: 'open', positionals: WORDS });
  expect(USAGE).toMatch(/^ {2}CMD_CYCLE_CLOSE +NONE$/m);
  expect(USAGE).toMatch(/^ {2}CMD_CYCLE_TIMER +\d+$/m);
});

test('fits a terminal of 80 columns and of any character set', () => {
  expect(USAGE).toMatch(/^[\x20-\x7e\n]+$/);
  expect(USAGE.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(USAGE).toMatch(/[^\n]\n$/);
});
