import { serviceName } from '../../../src/access/service';
import { BadValue } from '../../../src/common/values';
import {
  openQuestions,
  type Question,
  readCommandLine,
  readSetup,
  warningsOf,
  withAnswer,
} from '../../../src/init/options';
import { lineOf, linesOf, refusalOf } from '../../support/refusals';
import { HOST, SETUP } from './setups';

const NEEDED = [
  '--router',
  '192.168.88.1',
  '--fwknopd',
  '192.168.88.50',
  '--server=fw.example.com',
];

const read = async (...argv: string[]) => readSetup(await readCommandLine(argv), HOST);
const CLIENTS = ['--client=phone', '--client=laptop'];
const refused = async (...argv: string[]) => linesOf(await refusalOf(read(...argv)), 'usage');

test('reads a whole setup', async () => {
  const services = ['tcp/22', 'tcp/443=192.168.88.10', 'udp/51820=192.168.88.10:51821'];
  const argv = [...NEEDED, ...CLIENTS, ...services.map((service) => `--service=${service}`)];
  expect(await read(...argv)).toEqual(SETUP);
  expect(await read(...NEEDED, '--client=phone,laptop', `--service=${services.join(',')}`)).toEqual(
    SETUP,
  );
  const more = ['--sliding', '--wan', 'outside', '--spa-port', '4444', '--helper', '/opt/x'].concat(
    '--one-list',
    '--name=home',
  );
  expect(await read(...argv, ...more)).toEqual({
    ...SETUP,
    sliding: true,
    oneList: true,
    name: 'home',
    wan: { kind: 'list', name: 'outside' },
    spaPort: 4444,
    helper: '/opt/x',
  });
});

test('names everything that is missing and everything that is wrong', async () => {
  expect(await refused('--fwknopd', 'pi.lan', '--spa-port=0', '--helper=node x')).toEqual([
    '--router: missing; hint: for example --router 192.168.88.1',
    '--server: missing; hint: for example --server fw.example.com',
    '--service: missing; hint: for example --service tcp/22',
    '--fwknopd: expected an IPv4 address',
    '--spa-port: expected a port, 1-65535',
    '--helper: expected an absolute path without white space, ";" and "$"',
  ]);
});

test.each([
  'tcp',
  'tcp/0',
  'icmp/1',
  'tcp/22-23',
  '6/22',
  'tcp/22,',
  'tcp/22=',
  'tcp/22=router.lan',
  'tcp/22=192.168.88.10:',
  'tcp/22=192.168.88.10:0',
  'tcp/22=192.168.88.10:22:22',
  'tcp/22=2001:db8::1',
  'TCP/22',
])('refuses --service %s', async (service) => {
  const [line, ...others] = await refused(...NEEDED, '--service', service);
  expect(line).toMatch(/^--service: expected /);
  expect(others).toEqual([]);
});

test.each(['', '.', 'usr/bin/x', '/usr/bin/x y', '/x;y', '/x$y', '/caf\u00e9'])(
  'refuses --helper %j',
  async (helper) => {
    const [line] = await refused(...NEEDED, '--service=tcp/22', `--helper=${helper}`);
    expect(line).toMatch(/^--helper: /);
  },
);

test('takes a helper as long as fwknopd takes, and no longer', async () => {
  const words = ` --client ${'x'.repeat(20)} $SRC $PROTO $PORT $CLIENT_TIMEOUT`.length;
  const helper = (length: number) => `--helper=/${'x'.repeat(length - 1)}`;
  const argv = [...NEEDED, '--service=tcp/22'];
  expect((await read(...argv, helper(255 - words))).helper).toHaveLength(255 - words);
  expect(await refused(...argv, helper(256 - words))).toEqual([
    '--helper: expected at most 191 characters: fwknopd takes no more',
  ]);
});

test('--wan-interface names an interface in place of a list', async () => {
  const argv = [...NEEDED, '--service=tcp/22', '--wan-interface=pppoe-out1'];
  expect((await read(...argv)).wan).toEqual({ kind: 'interface', name: 'pppoe-out1' });
  expect(await refused(...argv, '--wan=WAN')).toEqual(['--wan-interface: contradicts --wan']);
});

test('refuses the router as the fwknopd host', async () => {
  const argv = ['--router=192.168.88.1', '--fwknopd=192.168.88.1', '--server=fw.example.com'];
  expect(await refused(...argv, '--service=tcp/22')).toEqual([
    '--fwknopd 192.168.88.1: this is the router; hint: name the host that runs fwknopd',
  ]);
});

test('refuses the router as the host behind it', async () => {
  expect(await refused(...NEEDED, '--service=tcp/22,tcp/443=192.168.88.1:8443')).toEqual([
    "--service tcp/443=192.168.88.1: this is the router; hint: write the router's own port: --service tcp/PORT",
  ]);
});

test.each(['0.0.0.0', '224.0.0.1', '255.255.255.255', '169.254.1.1'])(
  'refuses %s, which is no host, as the fwknopd host and behind the router',
  async (address) => {
    const router = ['--router=192.168.88.1', '--server=fw.example.com'];
    expect(await refused(...router, `--fwknopd=${address}`, '--service=tcp/22')).toEqual([
      '--fwknopd: expected an IPv4 address',
    ]);
    expect(await refused(...NEEDED, `--service=tcp/22=${address}`)).toEqual([
      expect.stringContaining('--service: expected services such as'),
    ]);
  },
);

describe('--container', () => {
  const argv = NEEDED.filter((word) => !/fwknopd|88\.50/.test(word)).concat('--service=tcp/22');

  test.each([
    ['192.168.88.5', 24],
    ['192.168.88.5/22', 22],
  ])('%s gives fwknopd an address of the LAN', async (container, prefix) => {
    expect(await read(...argv, `--container=${container}`)).toMatchObject({
      fwknopd: '192.168.88.5',
      helper: '/usr/bin/fwknop-mikrotik',
      container: { prefix },
    });
  });

  test.each(['x', '0.0.0.0', '2001:db8::5', '192.168.88.5/33', '192.168.88.5/7', '192.168.88.5/'])(
    'refuses %s',
    async (container) => {
      expect(await refused(...argv, `--container=${container}`)).toEqual([
        '--container: expected an IPv4 address of the LAN, such as 192.168.88.5/24',
      ]);
    },
  );

  test('refuses the options that the container decides, and a router without an address', async () => {
    const given = ['--container=192.168.88.5', '--fwknopd=192.168.88.50', '--helper=/opt/x'];
    expect(await refused(...argv, ...given)).toEqual([
      '--fwknopd: cannot be combined with --container',
      '--helper: cannot be combined with --container',
    ]);
    const named = ['--router=router.lan', '--server=fw.example.com', '--service=tcp/22'];
    expect(await refused(...named, '--container=192.168.88.5')).toEqual([
      '--router router.lan: with --container expected an IPv4 address',
    ]);
    expect(await refused(...argv, '--container=192.168.88.1')).toEqual([
      '--container 192.168.88.1: this is the router; hint: name a free address of the LAN',
    ]);
  });

  test.each(['192.168.88.0/24', '192.168.88.255/24', '192.168.91.255/22'])(
    'refuses %s, which is no host',
    async (container) => {
      expect(await refused(...argv, `--container=${container}`)).toEqual([
        `--container: ${container} is the first or last address of its network`,
      ]);
    },
  );

  test.each(['10.0.0.5/24', '192.168.88.5/32', '192.168.89.5/24'])(
    'refuses %s, from where the router is not in reach',
    async (container) => {
      expect(await refused(...argv, `--container=${container}`)).toEqual([
        `--container ${container}: the router 192.168.88.1 is not in this network; hint: name a free address of the LAN, and the LAN's prefix length`,
      ]);
    },
  );

  test('leaves no question for --fwknopd', async () => {
    const { texts } = await readCommandLine(['--container=192.168.88.5']);
    expect(openQuestions(texts, HOST).map(({ option }) => option)).not.toContain('fwknopd');
  });
});

test.each([
  ['192.168.1.1', true],
  ['10.0.0.1', true],
  ['172.31.0.1', true],
  ['100.64.0.1', true],
  ['169.254.1.1', true],
  ['127.0.0.1', true],
  ['192.0.2.1', false],
  ['172.32.0.1', false],
  ['fw.example.com', false],
])('--server %s: warned of: %s', (server, isPrivate) => {
  const lines = warningsOf({ ...SETUP, server }).map(lineOf);
  expect(lines).toEqual(
    isPrivate ? [expect.stringContaining(`--server ${server}: a private address`)] : [],
  );
});

test.each([
  ['/usr/local/bin/fwknop-mikrotik', '/usr/local/bin/fwknop-mikrotik'],
  [undefined, '/usr/bin/fwknop-mikrotik'],
  [`/${'x'.repeat(250)}`, '/usr/bin/fwknop-mikrotik'],
])('where this program is %s, the helper is %s', async (program, helper) => {
  const commandLine = await readCommandLine([...NEEDED, '--service=tcp/22']);
  expect(readSetup(commandLine, { ...HOST, program }).helper).toBe(helper);
});

test('refuses a service twice, and the port of the SPA packets', async () => {
  const twice = ['--service=tcp/22', '--service=tcp/22=192.168.88.10'];
  expect(await refused(...NEEDED, ...twice)).toEqual(['--service: tcp/22 is given twice']);
  expect(await refused(...NEEDED, '--service=udp/62201')).toEqual([
    '--service udp/62201: this port takes the SPA packets; hint: choose another port for them: --spa-port',
  ]);
  expect((await read(...NEEDED, '--service=tcp/62201')).services).toHaveLength(1);
});

test('refuses values that the router may take for every address, or for every other list', async () => {
  const argv = ['--router=192.168.88.1', '--server=x.example', '--fwknopd=0.0.0.0', '--wan=!WAN'];
  expect(await refused(...argv, '--service=tcp/22=0.0.0.0')).toEqual([
    '--fwknopd: expected an IPv4 address',
    expect.stringMatching(/^--service: expected services such as /),
    '--wan: expected a name without "!" before it',
  ]);
});

test.each(['--router=2001:db8::1', '--server=2001:db8::1', '--router=a b'])(
  'refuses %s',
  async (option) => {
    const argv = NEEDED.filter((word) => !word.startsWith('--server'));
    expect(await refused(...argv, '--server=x.example', '--service=tcp/22', option)).not.toEqual(
      [],
    );
  },
);

test.each(['', 'Phone', '-x', 'a b', 'a/b', '..', 'x'.repeat(21), 'caf\u00e9'])(
  'refuses --client %j and --name %j',
  async (name) => {
    for (const option of ['--client', '--name']) {
      const [line] = await refused(...NEEDED, '--service=tcp/22', `${option}=${name}`);
      expect(line).toMatch(new RegExp(`^${option}: (expected|needs) `));
    }
  },
);

test('refuses a client twice', async () => {
  const twice = ['--client=phone', '--client=phone'];
  expect(await refused(...NEEDED, '--service=tcp/22', ...twice)).toEqual([
    '--client: phone is given twice',
  ]);
});

test.each([
  ['raspberrypi', 'raspberrypi'],
  ['Annas-Mac.local', 'annas-mac'],
  ['my_pi', 'client'],
  ['', 'client'],
  ['x'.repeat(21), 'client'],
])('on the host %j the client is called %s where none is named', async (name, client) => {
  const commandLine = await readCommandLine([...NEEDED, '--service=tcp/22']);
  expect(readSetup(commandLine, { ...HOST, name }).clients).toEqual([client]);
});

test('refuses arguments and unknown options', async () => {
  expect(await refused('tcp/22')).toEqual([
    'init takes options only; hint: see fwknop-mikrotik init --help',
  ]);
  expect(await refused('--rooter=x')).toEqual([
    'unknown option --rooter; hint: see fwknop-mikrotik init --help',
  ]);
});

describe('the questions', () => {
  const NONE: Parameters<typeof withAnswer>[0] = new Map();
  const question = (option: Question['option'], texts = NONE) => {
    const found = openQuestions(texts, HOST).find((one) => one.option === option);
    if (found === undefined) throw new Error(`no question for --${option}`);
    return found;
  };

  test('are those that the command line leaves open', async () => {
    const { texts } = await readCommandLine(['--fwknopd=192.0.2.1', '--service=tcp/22']);
    expect(openQuestions(texts, HOST).map(({ option }) => option)).toEqual(['router', 'server']);
  });

  test('have defaults that this host tells, and no others', () => {
    const defaults = (host: typeof HOST) =>
      openQuestions(NONE, host).map(({ defaultAnswer }) => defaultAnswer);
    expect(defaults(HOST)).toEqual(['192.168.88.1', '192.168.88.50', undefined, undefined]);
    expect(defaults({ ...HOST, gateway: undefined, addresses: [] })).toEqual(
      Array(4).fill(undefined),
    );
  });

  test('do not offer the router as the fwknopd host', () => {
    const texts = new Map([['router', ['192.168.88.50']]] as const);
    expect(question('fwknopd', texts).defaultAnswer).toBe('172.17.0.1');
  });

  test('do not offer the fwknopd host as the router, nor the router as an example of it', () => {
    const texts = new Map([['fwknopd', ['192.168.88.1']]] as const);
    expect(question('router', texts)).toMatchObject({
      defaultAnswer: undefined,
      example: '192.168.88.2',
    });
    const host = { ...HOST, gateway: undefined, addresses: ['192.168.88.1'] };
    const examples = openQuestions(NONE, host).map(({ example }) => example);
    expect(examples.slice(0, 2)).toEqual(['192.168.88.1', '192.168.88.50']);
  });

  test('make a setup of their defaults and examples', () => {
    let texts = NONE;
    for (const { option } of openQuestions(NONE, HOST)) {
      const { defaultAnswer, example } = question(option, texts);
      texts = withAnswer(
        texts,
        question(option, texts),
        defaultAnswer === undefined ? example : '',
      );
    }
    expect(readSetup({ texts, switches: new Set() }, HOST)).toEqual({
      ...SETUP,
      clients: ['raspberrypi'],
      services: [{ protocol: 'tcp', port: 22, inside: undefined }],
    });
  });

  test('take several services, and nothing that is wrong', () => {
    const { services } = readSetup(
      {
        texts: new Map([
          ...new Map([
            ['router', ['192.168.88.1']],
            ['fwknopd', ['192.168.88.50']],
            ['server', ['fw.example.com']],
          ] as const),
          ...withAnswer(NONE, question('service'), 'tcp/22, udp/53'),
        ]),
        switches: new Set(),
      },
      HOST,
    );
    expect(services.map(serviceName)).toEqual(['tcp/22', 'udp/53']);
    for (const one of openQuestions(NONE, HOST)) {
      expect(() => withAnswer(NONE, one, '???')).toThrow(BadValue);
    }
    for (const option of ['server', 'service'] as const) {
      expect(() => withAnswer(NONE, question(option), '')).toThrow(BadValue);
    }
  });

  test('refuse at once an answer that contradicts another one', () => {
    const router = new Map([['router', ['192.168.88.1']]] as const);
    expect(() => withAnswer(router, question('fwknopd'), '192.168.88.1')).toThrow(
      /this is the router; hint: /,
    );
    expect(() => withAnswer(router, question('service'), 'udp/62201')).toThrow(/SPA packets/);
  });
});
