import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AddressList } from '../../../simulator/api/address-lists';
import { additionsOf } from '../../../simulator/firewall/additions';
import { Engine } from '../../../simulator/firewall/engine';
import { Configuration } from '../../../simulator/script/configuration';
import { importScript } from '../../../simulator/script/script';
import { routerScript } from '../../../src/init/router-script';
import type { Setup } from '../../../src/init/setup';
import { undoScript } from '../../../src/init/undo';
import { SECRETS, SETUP } from './setups';

const golden = (name: string) => join(__dirname, '../../golden', name);

const scriptOf = (changes: Partial<Setup> = {}, password = SECRETS.password) =>
  routerScript({ ...SETUP, ...changes }, { ...SECRETS, password });

/** The content of a configuration, as a text that can be compared. */
const dump = (router: Configuration) => JSON.stringify(router.menus, null, 1);

const ours = (router: Configuration, menu: string) =>
  (router.menus[menu] ?? []).filter(({ comment }) => comment?.startsWith('fwknop-mikrotik'));

// UPDATE_GOLDEN=1 writes them anew: then read what has changed.
test.each([
  ['router.rsc', scriptOf()],
  ['router-sliding.rsc', scriptOf({ sliding: true, wan: { kind: 'list', name: 'outside world' } })],
  ['undo.rsc', undoScript()],
])('%s is the one that was read and approved', (name, script) => {
  if (process.env.UPDATE_GOLDEN) writeFileSync(golden(name), script);
  expect(script).toBe(readFileSync(golden(name), 'utf8'));
});

describe('on a router as it comes', () => {
  test('makes the group, the user, the certificate and the service', () => {
    const router = new Configuration();
    importScript(scriptOf(), router);
    expect(router.menus['/user/group']).toMatchObject([
      { name: 'fwknop-mikrotik', policy: 'write,api' },
    ]);
    expect(router.menus['/user']).toMatchObject([
      {
        name: 'fwknop-mikrotik',
        group: 'fwknop-mikrotik',
        address: '192.168.88.50/32',
        password: SECRETS.password,
      },
    ]);
    expect(router.menus['/certificate']).toMatchObject([
      { 'common-name': '192.168.88.1', 'subject-alt-name': 'IP:192.168.88.1' },
    ]);
    expect(router.menus['/ip/service']).toMatchObject([
      { name: 'api', certificate: 'none', disabled: 'false', address: '' },
      {
        name: 'api-ssl',
        certificate: 'fwknop-mikrotik',
        address: '192.168.88.50/32',
        'tls-version': 'only-1.2',
        disabled: 'false',
      },
    ]);
  });

  test('lets the listed in before the rest is dropped', () => {
    const router = new Configuration();
    importScript(scriptOf(), router);
    expect(router.menus['/ip/firewall/filter']?.map(({ comment }) => comment)).toEqual([
      'defconf: accept established,related,untracked',
      'defconf: drop invalid',
      'defconf: accept ICMP',
      'fwknop-mikrotik: tcp/22',
      'defconf: drop all not coming from LAN',
      'defconf: drop invalid',
    ]);
    expect(ours(router, '/ip/firewall/filter')).toMatchObject([
      {
        chain: 'input',
        action: 'accept',
        'in-interface-list': 'WAN',
        protocol: 'tcp',
        'dst-port': '22',
        'src-address-list': 'FWKNOP_6_22',
      },
    ]);
  });

  test('forwards SPA packets to fwknopd, and the listed to the hosts inside', () => {
    const router = new Configuration();
    importScript(scriptOf(), router);
    const inside = { chain: 'dstnat', action: 'dst-nat', 'in-interface-list': 'WAN' };
    const [spa, ...gated] = router.menus['/ip/firewall/nat'] ?? [];
    expect(spa).toMatchObject({
      ...inside,
      protocol: 'udp',
      'dst-port': '62201',
      'to-addresses': '192.168.88.50',
      'to-ports': '62201',
    });
    expect(spa).not.toHaveProperty('src-address-list');
    expect(gated).toMatchObject([
      {
        ...inside,
        protocol: 'tcp',
        'dst-port': '443',
        'src-address-list': 'FWKNOP_6_443',
        'to-addresses': '192.168.88.10',
        'to-ports': '443',
      },
      {
        ...inside,
        protocol: 'udp',
        'dst-port': '51820',
        'src-address-list': 'FWKNOP_17_51820',
        'to-ports': '51821',
      },
    ]);
    expect(router.menus['/ip/firewall/mangle']).toEqual([]);
  });

  test('ends by printing the fingerprint', () => {
    const router = new Configuration();
    const printed = importScript(scriptOf(), router);
    const [certificate] = router.menus['/certificate'] ?? [];
    expect(certificate?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(printed).toEqual([`fingerprint of fwknop-mikrotik: ${certificate?.fingerprint}`]);
  });

  test('--sliding sets the timer of a listed source anew with every new connection', () => {
    const router = new Configuration();
    importScript(scriptOf({ sliding: true }), router);
    const rule = { chain: 'prerouting', action: 'add-src-to-address-list' };
    expect(router.menus['/ip/firewall/mangle']).toMatchObject([
      {
        ...rule,
        'connection-state': 'new',
        'src-address-list': 'FWKNOP_6_22',
        'address-list': 'FWKNOP_6_22',
        'address-list-timeout': '1h',
        protocol: 'tcp',
        'dst-port': '22',
        'in-interface-list': 'WAN',
      },
      { ...rule, 'src-address-list': 'FWKNOP_6_443', 'address-list': 'FWKNOP_6_443' },
      { ...rule, 'src-address-list': 'FWKNOP_17_51820', 'address-list': 'FWKNOP_17_51820' },
    ]);
    expect(scriptOf({ sliding: true })).toMatch(/max-timeout .* no longer bounds it/);
    expect(scriptOf()).not.toMatch(/sliding/i);
  });

  test.each(['quote"', 'dollar$x', 'back\\', 'what?', '"$\\?', '\\"', 'a b', '$(x)', '-'])(
    'the password %j arrives whole',
    (password) => {
      const router = new Configuration();
      importScript(scriptOf({}, password), router);
      expect(router.menus['/user']?.[0]?.password).toBe(password);
    },
  );
});

describe.each(['7.9', '7.19', '7.24'] as const)('on RouterOS %s', (release) => {
  test('a second import changes nothing', () => {
    const router = new Configuration(release);
    const script = scriptOf({ sliding: true });
    importScript(script, router);
    const before = dump(router);
    importScript(script, router);
    expect(dump(router)).toBe(before);
  });

  test('a certificate that an import left unsigned is signed by the next', () => {
    const router = new Configuration(release);
    const [untilSigned = ''] = scriptOf().split('  /certificate/sign');
    importScript(`${untilSigned}}\n`, router);
    expect(router.menus['/certificate']).toMatchObject([{ name: 'fwknop-mikrotik' }]);
    importScript(scriptOf(), router);
    expect(router.serve(8729).users).toHaveLength(1);
  });

  test('undo removes all of it and nothing else, and a new import finds its way', () => {
    const router = new Configuration(release);
    router.add('/ip/firewall/filter', { chain: 'input', action: 'accept', comment: 'mine' });
    router.add('/ip/firewall/nat', { chain: 'dstnat', action: 'dst-nat', comment: 'fwknop' });
    router.add('/user/group', { name: 'fwknop', policy: 'write,api' });
    const menus = (without: string[]) =>
      JSON.stringify(Object.entries(router.menus).filter(([menu]) => !without.includes(menu)));
    const before = menus(['/ip/service']);
    const services = JSON.stringify(router.menus['/ip/service']?.[0]);
    const script = scriptOf({ sliding: true });
    importScript(script, router);
    expect(menus(['/ip/service'])).not.toBe(before);

    const printed = importScript(undoScript(), router);
    expect(menus(['/ip/service'])).toBe(before);
    expect(JSON.stringify(router.menus['/ip/service']?.[0])).toBe(services);
    expect(router.menus['/ip/service']?.[1]).toMatchObject({
      certificate: 'none',
      disabled: 'true',
    });
    // It names the settings that it cannot restore.
    expect(printed.join('\n')).toMatch(/address list and tls-version/);

    importScript(undoScript(), router);
    expect(menus(['/ip/service'])).toBe(before);
    importScript(script, router);
    expect(router.serve(8729).users).toHaveLength(1);
  });

  test.each([{ certificate: 'theirs' }, { address: '192.168.88.0/24' }])(
    'api-ssl with %j is left as it is, and what to do is said',
    ({ certificate, address }) => {
      const router = new Configuration(release);
      const service = router.menus['/ip/service']![1]!;
      if (certificate !== undefined) service.certificate = certificate;
      if (address !== undefined) {
        service[release === '7.24' ? 'available-from' : 'address'] = address;
      }
      const before = { ...service };
      const printed = importScript(scriptOf(), router);
      expect(service).toEqual(before);
      expect(printed[0]).toMatch(/api-ssl has .* stays as it is/);
      expect(printed.at(-1)).toMatch(/^fingerprint /);
      const after = dump(router);
      importScript(scriptOf(), router);
      expect(dump(router)).toBe(after);

      importScript(undoScript(), router);
      expect(service).toEqual(before);
      expect(router.menus['/certificate']).toEqual([]);
    },
  );

  test('connections that are listed among the services stay out of it', () => {
    const router = new Configuration(release);
    router.addConnection('api-ssl');
    router.addConnection('api-ssl');
    importScript(scriptOf(), router);
    expect(router.serve(8729).availableFrom).toBe('192.168.88.50/32');
    importScript(undoScript(), router);
    expect(() => router.serve(8729)).toThrow('api-ssl is not ready');
  });

  test.each([0, 1, 59])('waits %i s for the fingerprint', (seconds) => {
    const router = new Configuration(release);
    router.signingSeconds = seconds;
    const printed = importScript(scriptOf(), router);
    expect(printed.at(-1)).toMatch(/^fingerprint of fwknop-mikrotik: [0-9a-f]{64}$/);
    expect(router.serve(8729).users).toHaveLength(1);
  });

  test('gives up after a minute without a fingerprint, and says what to do', () => {
    const router = new Configuration(release);
    router.signingSeconds = 61;
    expect(() => importScript(scriptOf(), router)).toThrow(
      /no fingerprint after 60 s; hint: wait, then import router.rsc again/,
    );
    router.delay(1);
    importScript(scriptOf(), router);
    expect(router.serve(8729).users).toHaveLength(1);
  });
});

describe('on a router with rules of its own', () => {
  const filter = (router: Configuration, rules: Record<string, string>[]) => {
    router.menus['/ip/firewall/filter'] = [];
    for (const rule of rules) router.add('/ip/firewall/filter', rule);
  };
  const order = (router: Configuration) =>
    router.menus['/ip/firewall/filter']?.map(({ comment }) => comment);

  const [INPUT, OURS] = [{ chain: 'input' }, 'fwknop-mikrotik: tcp/22'];
  const DEFAULT = { ...INPUT, comment: 'defconf: drop all not coming from LAN' };
  const mine = { ...INPUT, action: 'accept', protocol: 'icmp', comment: 'mine' };

  /** Whether the firewall lets a source connect to tcp/22 from the WAN. */
  const isOpen = (router: Configuration, list?: string) => {
    const lists = { v4: new AddressList('v4', 'plain'), v6: new AddressList('v6', 'plain') };
    const src = '203.0.113.9';
    if (list !== undefined) lists.v4.add(new Map(Object.entries({ list, address: src })));
    const engine = new Engine(additionsOf(router), lists);
    const ports = { srcPort: 40_000, dstPort: 22 };
    const syn = { family: 'v4', protocol: 'tcp', src, dst: '192.0.2.1', ...ports } as const;
    const packet = {
      ...syn,
      payload: Buffer.alloc(0),
      length: 60,
      flags: new Set(['syn'] as const),
    };
    return engine.judge(packet).verdict === 'accept';
  };

  test.each<[string, Record<string, string>[], string[]]>([
    ...['drop', 'reject', 'tarpit'].map((action): [string, Record<string, string>[], string[]] => [
      `the first ${action}`,
      [
        { chain: 'forward', action, comment: 'forward' },
        mine,
        { ...INPUT, action, protocol: 'tcp', comment: 'first' },
        { ...INPUT, action: 'drop', comment: 'second' },
      ],
      ['forward', 'mine', OURS, 'first', 'second'],
    ]),
    [
      'an enabled drop, where the default rule is disabled',
      [mine, { ...DEFAULT, action: 'drop', disabled: 'yes' }, { ...INPUT, action: 'drop' }],
      ['mine', DEFAULT.comment, OURS, ''],
    ],
    [
      'the drop, where the default rule accepts',
      [mine, { ...DEFAULT, action: 'accept', protocol: 'icmp' }, { ...INPUT, action: 'drop' }],
      ['mine', DEFAULT.comment, OURS, ''],
    ],
    [
      'their own drop, where that stands before the default rule',
      [mine, { ...INPUT, action: 'drop', comment: 'theirs' }, { ...DEFAULT, action: 'drop' }],
      ['mine', OURS, 'theirs', DEFAULT.comment],
    ],
    [
      'the drop of everything, not that of invalid packets',
      [
        { ...INPUT, action: 'drop', 'connection-state': 'invalid' },
        mine,
        { ...DEFAULT, action: 'drop' },
      ],
      ['', 'mine', OURS, DEFAULT.comment],
    ],
    [
      'a jump to a chain that drops',
      [
        { chain: 'in-wan', action: 'drop', comment: 'in-wan' },
        mine,
        { ...INPUT, action: 'jump', 'jump-target': 'in-wan', comment: 'jump' },
        { ...INPUT, action: 'drop', comment: 'drop' },
      ],
      ['in-wan', 'mine', OURS, 'jump', 'drop'],
    ],
    [
      'the drop, after a jump to a chain that does not',
      [
        { chain: 'log', action: 'passthrough', comment: 'log' },
        { ...INPUT, action: 'jump', 'jump-target': 'log', comment: 'jump' },
        { ...INPUT, action: 'drop', comment: 'drop' },
      ],
      ['log', 'jump', OURS, 'drop'],
    ],
  ])('the rule stands before %s', (_, rules, expected) => {
    const router = new Configuration();
    filter(router, rules);
    const printed = importScript(scriptOf(), router);
    expect(order(router)?.map((comment) => comment ?? '')).toEqual(expected);
    expect(printed).toEqual([expect.stringMatching(/^fingerprint /)]);
    expect([isOpen(router), isOpen(router, 'FWKNOP_6_22')]).toEqual([false, true]);
  });

  test('rules that are dynamic are left out: a place before them lasts until the next reboot', () => {
    const router = new Configuration();
    filter(router, [
      { ...INPUT, action: 'drop', comment: 'dynamic' },
      { ...INPUT, action: 'drop', comment: 'static' },
    ]);
    router.menus['/ip/firewall/filter']![0]!.dynamic = 'true';
    importScript(scriptOf(), router);
    expect(order(router)).toEqual(['dynamic', OURS, 'static']);
  });

  test('where nothing is dropped, it says so', () => {
    const router = new Configuration();
    filter(router, [mine]);
    const printed = importScript(scriptOf(), router);
    expect(order(router)).toEqual(['mine', OURS]);
    expect(printed[0]).toBe(
      'chain input drops nothing: tcp/22 is open to everybody, with or without a knock',
    );
    expect(isOpen(router)).toBe(true);
  });

  test('where a jump may lead to a drop further on, it says where to move the rule', () => {
    const router = new Configuration();
    filter(router, [
      { chain: 'last', action: 'drop', comment: 'last' },
      { chain: 'next', action: 'jump', 'jump-target': 'last', comment: 'next' },
      { ...INPUT, action: 'jump', 'jump-target': 'next', comment: 'jump' },
    ]);
    const printed = importScript(scriptOf(), router).join(' ');
    expect(order(router)).toEqual(['last', 'next', 'jump', OURS]);
    expect(printed).toMatch(/jumps to other chains.*move the rules .* before that jump/);
    expect(printed).not.toMatch(/open to everybody/);
  });

  test('a user of that name which is not ours keeps all it has', () => {
    const router = new Configuration();
    router.add('/user/group', { name: 'full', policy: 'read,write,api' });
    router.add('/user', { name: 'fwknop-mikrotik', group: 'full', password: 'theirs' });
    const printed = importScript(scriptOf(), router);
    expect(router.menus['/user']).toMatchObject([{ group: 'full', password: 'theirs' }]);
    expect(printed[0]).toMatch(/keeps its password/);
    importScript(undoScript(), router);
    expect(router.menus['/user']).toHaveLength(1);
  });

  test('a user of theirs in a group of that name does not stop undo half-way', () => {
    const router = new Configuration();
    router.add('/user/group', { name: 'fwknop-mikrotik', policy: 'write,api' });
    router.add('/user', { name: 'theirs', group: 'fwknop-mikrotik' });
    importScript(scriptOf(), router);
    importScript(undoScript(), router);
    expect(router.menus['/user']).toMatchObject([{ name: 'theirs' }]);
    expect(router.menus['/user/group']).toHaveLength(1);
    expect(router.menus['/certificate']).toEqual([]);
  });

  test('without the interface list it changes nothing, and shows the lines that make one', () => {
    const router = new Configuration();
    const before = dump(router);
    const script = scriptOf({ wan: { kind: 'list', name: 'out side' } });
    expect(() => importScript(script, router)).toThrow(
      `no interface list out side; hint: make one, with the interface that leads to the Internet:
  /interface/list/add name="out side"
  /interface/list/member/add list="out side" interface=INTERFACE
or run init again, with --wan LIST or --wan-interface INTERFACE`,
    );
    expect(dump(router)).toBe(before);
  });

  test('--wan-interface: the rules name the interface, and need no list', () => {
    const router = new Configuration();
    router.menus['/interface/list'] = [{ '.id': '*1', name: 'LAN' }];
    const script = scriptOf({ sliding: true, wan: { kind: 'interface', name: 'pppoe-out1' } });
    expect(() => importScript(script, router)).toThrow(/no interface pppoe-out1; hint: /);
    router.add('/interface', { name: 'pppoe-out1' });
    importScript(script, router);
    const rules = ['filter', 'nat', 'mangle'].flatMap((menu) =>
      ours(router, `/ip/firewall/${menu}`),
    );
    expect(rules).toHaveLength(7);
    for (const rule of rules) {
      expect(rule).toMatchObject({ 'in-interface': 'pppoe-out1' });
      expect(rule).not.toHaveProperty('in-interface-list');
    }
  });
});

test('uses no argument that RouterOS does not have: no comment on a certificate or a service', () => {
  const commands = scriptOf({ sliding: true }).match(/^ *\/(?:certificate|ip\/service)\/.*$/gm);
  expect(commands).toHaveLength(3);
  expect(commands?.filter((line) => line.includes('comment='))).toEqual([]);
});
