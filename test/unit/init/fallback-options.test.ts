import { readCommandLine, readSetup } from '../../../src/init/options';
import type { Fallback } from '../../../src/init/setup';
import { readKnock } from '../../../src/knock/knocks';
import { linesOf, refusalOf } from '../../support/refusals';
import { HOST } from './setups';

const NEEDED = [
  '--router=192.168.88.1',
  '--fwknopd=192.168.88.50',
  '--server=fw',
  '--service=tcp/22',
];
const read = async (argv: readonly string[]) =>
  readSetup(await readCommandLine([...NEEDED, ...argv]), HOST).fallback;

const MIXED = ['tcp/1337', 'udp/17954'].map(readKnock);
const UDP = ['udp/1234', 'udp/9876'].map(readKnock);

test.each<[string, string[], Fallback | undefined]>([
  ['none', [], undefined],
  [
    'a sequence',
    ['--fallback', 'sequence', '--knocks', 'tcp/1337,udp/17954'],
    { kind: 'sequence', always: [], knocks: MIXED },
  ],
  [
    'a payload',
    ['--fallback=payload', '--knocks=udp/1234', '--payload=Open!'],
    { kind: 'payload', always: [], knock: UDP[0]!, text: 'Open!', layer7: false },
  ],
  [
    'a regexp',
    ['--fallback=payload', '--knocks=udp/1234', '--payload=Open!', '--regexp'],
    { kind: 'payload', always: [], knock: UDP[0]!, text: 'Open!', layer7: true },
  ],
  [
    'secrets',
    ['--fallback=secret', '--knocks=udp/1234,udp/9876', '--passphrase-file=p'],
    { kind: 'secret', always: [], knocks: UDP, hashes: [] },
  ],
  [
    'the always allowed',
    [
      '--fallback=sequence',
      '--knocks=tcp/1337,udp/17954',
      '--always=192.0.2.1,192.0.2.0/24,192.0.2.1-192.0.2.9',
    ],
    {
      kind: 'sequence',
      always: ['192.0.2.1', '192.0.2.0/24', '192.0.2.1-192.0.2.9'],
      knocks: MIXED,
    },
  ],
])('%s', async (_, argv, fallback) => {
  expect(await read(argv)).toEqual(fallback);
});

const SCAN = 'hint: a port scan sends them in this order: change it, or mix tcp and udp';

test.each<[string, string[], string[]]>([
  [
    'an unknown kind',
    ['--fallback=icmp', '--knocks=tcp/2000,udp/1'],
    ['--fallback: expected sequence, payload or secret'],
  ],
  [
    'knocks for nothing',
    ['--knocks=tcp/2000,udp/1', '--regexp'],
    ['--knocks: needs --fallback', '--regexp: needs --fallback'],
  ],
  [
    'bad knocks',
    ['--fallback=sequence', '--knocks=tcp/2,1'],
    ['--knocks: expected tcp/PORT or udp/PORT, ports 1-65535'],
  ],
  [
    'ascending knocks',
    ['--fallback=sequence', '--knocks=tcp/1337,tcp/17954'],
    [`--knocks: ports of one protocol in ascending order; ${SCAN}`],
  ],
  [
    'a payload for another kind',
    ['--fallback=sequence', '--knocks=tcp/2000,udp/10', '--payload=x'],
    ['--payload: cannot be combined with --fallback sequence'],
  ],
  ['no payload', ['--fallback=payload', '--knocks=udp/1'], ['--fallback payload: needs --payload']],
  [
    'two packets for a payload',
    ['--fallback=payload', '--knocks=udp/1,udp/2', '--payload=x'],
    ['--knocks: a payload is one packet'],
  ],
  [
    'a secret by TCP',
    ['--fallback=secret', '--knocks=udp/1,tcp/20'],
    ['--knocks: tcp/20 cannot carry a secret; hint: use UDP'],
  ],
  [
    'a range that runs backwards',
    ['--fallback=sequence', '--knocks=tcp/2000,udp/10', '--always=192.0.2.9-192.0.2.1'],
    [
      '--always: expected such as 192.0.2.1, 192.0.2.0/24 or 192.0.2.1-192.0.2.9, not "192.0.2.9-192.0.2.1"',
    ],
  ],
  ...['0.0.0.0/0', '128.0.0.0/0', '192.0.2.9/24', '0.0.0.0-255.255.255.255', '192.0.2.0/33'].map(
    (always): [string, string[], string[]] => [
      `always ${always}`,
      ['--fallback=sequence', '--knocks=tcp/2000,udp/10', `--always=${always}`],
      [
        `--always: expected such as 192.0.2.1, 192.0.2.0/24 or 192.0.2.1-192.0.2.9, not "${always}"`,
      ],
    ],
  ),
  [
    'IPv6',
    ['--fallback=sequence', '--knocks=tcp/2000,udp/10', '--always=2001:db8::/32'],
    [
      '--always: expected such as 192.0.2.1, 192.0.2.0/24 or 192.0.2.1-192.0.2.9, not "2001:db8::/32"',
    ],
  ],
])('%s: refused', async (_, argv, lines) => {
  expect(linesOf(await refusalOf(read(argv)), 'usage')).toEqual(lines);
});

test.each(['sequence', 'payload', 'secret'])(
  '%s without knocks: refused, with an example that is taken',
  async (kind) => {
    const argv = [`--fallback=${kind}`, ...(kind === 'payload' ? ['--payload=x'] : [])];
    const [line = '', ...others] = linesOf(await refusalOf(read(argv)), 'usage');
    const [, example = ''] = /: needs --knocks; hint: for example --knocks (\S+)$/.exec(line) ?? [];
    expect(others).toEqual([]);
    expect(await read([...argv, `--knocks=${example}`])).toMatchObject({ kind });
  },
);
