import { readCommandLine } from '../../../src/init/options';
import { USAGE } from '../../../src/init/usage';

const SAMPLES: Record<string, string> = {
  HOST: 'router.example',
  ADDRESS: '192.0.2.1',
  SERVICE: 'tcp/22',
  NAME: 'x',
  LIST: 'WAN',
  PORT: '62201',
  PATH: '/usr/bin/x',
  DIR: 'x',
  KIND: 'secret',
  TEXT: 'x',
  FILE: 'x',
};

const options = [...USAGE.matchAll(/^ {2}--([a-z-]+)(?: ([A-Z]+))?(?: {2,}|\n {3,})\S/gm)].map(
  ([, name = '', value]) => ({ name, value }),
);

test('lists the options that were promised', () => {
  expect(
    options.map(({ name, value }) => (value === undefined ? name : `${name} ${value}`)),
  ).toEqual([
    'router HOST',
    'fwknopd ADDRESS',
    'container ADDRESS',
    'server HOST',
    'service SERVICE',
    'client NAME',
    'name NAME',
    'one-list',
    'wan LIST',
    'wan-interface NAME',
    'spa-port PORT',
    'sliding',
    'fallback KIND',
    'knocks LIST',
    'payload TEXT',
    'regexp',
    'passphrase-file FILE',
    'always LIST',
    'helper PATH',
    'out DIR',
    'force',
    'qr',
    'undo',
    'help',
  ]);
});

test.each(options)('the command line takes --$name $value', async ({ name, value }) => {
  const option = value === undefined ? `--${name}` : `--${name}=${SAMPLES[value]}`;
  const { texts, switches } = await readCommandLine([option]);
  expect([...texts.keys(), ...switches]).toEqual([name]);
});

test('names the defaults that apply', () => {
  expect(USAGE).toMatch(/--wan LIST .*\(WAN\)$/m);
  expect(USAGE).toMatch(/--spa-port PORT .*\(62201\)$/m);
  expect(USAGE).toMatch(/--helper PATH .*\n +or \/usr\/bin\/fwknop-mikrotik\)$/m);
  expect(USAGE).toMatch(/--out DIR .*\(fwknop-setup\)$/m);
});

test('fits a terminal of 80 columns and of any character set', () => {
  expect(USAGE).toMatch(/^[\x20-\x7e\n]+$/);
  expect(USAGE.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(USAGE).toMatch(/[^\n]\n$/);
});
