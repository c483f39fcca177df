/** The check follows packets through a router's rules, and says where they end. */
import { follow, type Packet, type Rule } from '../../../src/check/firewall';
import { checkFirewall, checkMail } from '../../../src/check/router-side';

/** The rules of RouterOS's default firewall that matter [C]. */
const ESTABLISHED: Rule = {
  chain: 'input',
  action: 'accept',
  'connection-state': 'established,related,untracked',
};
const INVALID: Rule = { chain: 'input', action: 'drop', 'connection-state': 'invalid' };
const ICMP: Rule = { chain: 'input', action: 'accept', protocol: 'icmp' };
const DROP: Rule = {
  chain: 'input',
  action: 'drop',
  'in-interface-list': '!LAN',
  comment: 'defconf: drop all not coming from LAN',
};
const FORWARD_DROP: Rule = {
  chain: 'forward',
  action: 'drop',
  'connection-state': 'new',
  'connection-nat-state': '!dstnat',
  'in-interface-list': 'WAN',
};
const SSH: Rule = {
  chain: 'input',
  action: 'accept',
  'in-interface-list': 'WAN',
  protocol: 'tcp',
  'dst-port': '22',
  'src-address-list': 'FWKNOP_6_22',
};
const SPA: Rule = {
  chain: 'dstnat',
  action: 'dst-nat',
  'in-interface-list': 'WAN',
  protocol: 'udp',
  'dst-port': '62201',
  'to-addresses': '127.0.0.1',
  'to-ports': '62201',
};
const WEB: Rule = {
  ...SPA,
  protocol: 'tcp',
  'dst-port': '443',
  'src-address-list': 'FWKNOP_6_443',
  'to-addresses': '192.168.88.10',
  'to-ports': '8443',
};
const DEFAULTS = [ESTABLISHED, INVALID, ICMP];

const packet: Packet = { protocol: 'tcp', port: 22, list: 'FWKNOP_6_22', wan: 'WAN' };

describe('follow', () => {
  const ends = (rules: readonly Rule[], more: Partial<Packet> = {}) => {
    const { action, rule, unsure } = follow(rules, 'input', { ...packet, ...more });
    return [action, rule === undefined ? -1 : rules.indexOf(rule), unsure.length];
  };

  test.each<[string, Rule[], Partial<Packet>, [string, number, number]]>([
    ['a listed source', [...DEFAULTS, SSH, DROP], {}, ['accept', 3, 0]],
    ['another source', [...DEFAULTS, SSH, DROP], { list: undefined }, ['drop', 4, 0]],
    ['a rule behind the one that drops', [...DEFAULTS, DROP, SSH], {}, ['drop', 3, 0]],
    ['a disabled rule', [{ ...DROP, disabled: 'true' }, SSH], {}, ['accept', 1, 0]],
    ['an invalid rule', [{ ...DROP, invalid: 'true' }, SSH], {}, ['accept', 1, 0]],
    ['another port', [SSH, DROP], { port: 23 }, ['drop', 1, 0]],
    ['a range of ports', [{ ...SSH, 'dst-port': '20-25,80' }], {}, ['accept', 0, 0]],
    ['a protocol by its number', [{ ...SSH, protocol: '6' }], {}, ['accept', 0, 0]],
    ['another protocol', [{ ...SSH, protocol: '!tcp' }], {}, ['none', -1, 0]],
    ['the end of the chain', [SSH], { list: undefined }, ['none', -1, 0]],
    ['tarpit', [{ chain: 'input', action: 'tarpit' }], {}, ['drop', 0, 0]],
    ['a rule that logs', [{ chain: 'input', action: 'log' }, SSH], {}, ['accept', 1, 0]],
    [
      'a jump to a chain that drops',
      [{ chain: 'input', action: 'jump', 'jump-target': 'wan' }, SSH, { ...DROP, chain: 'wan' }],
      {},
      ['drop', 2, 0],
    ],
    [
      'a jump to a chain that returns',
      [
        { chain: 'input', action: 'jump', 'jump-target': 'wan' },
        SSH,
        { chain: 'wan', action: 'return' },
        { ...DROP, chain: 'wan' },
      ],
      {},
      ['accept', 1, 0],
    ],
    [
      'a matcher that cannot be judged',
      [{ ...DROP, 'src-address': '198.51.100.0/24' }, SSH],
      {},
      ['accept', 1, 1],
    ],
    [
      'a chain that jumps to itself',
      [{ chain: 'input', action: 'jump', 'jump-target': 'input' }, SSH],
      {},
      ['accept', 1, 0],
    ],
  ])('%s', (_, rules, more, expected) => {
    expect(ends(rules, more)).toEqual(expected);
  });
});

describe('checkFirewall', () => {
  const told = (filter: readonly Rule[], nat: readonly Rule[], services?: number[]) =>
    checkFirewall(filter, nat, {
      granted: [
        {
          list: 'FWKNOP_{proto}_{port}',
          services: services?.map((port) => ({ protocol: 'tcp', port })),
        },
      ],
      spaPort: 62201,
      isOnlyRouter: true,
    }).map(({ status, what }) => `${status} ${what}`);
  const GOOD = 'ok udp/62201 goes to 127.0.0.1';
  const SSH_GOOD = 'ok tcp/22: addresses in FWKNOP_6_22 get in, others do not';

  test('all is well', () => {
    expect(told([...DEFAULTS, SSH, DROP, FORWARD_DROP], [SPA, WEB], [22, 443])).toEqual([
      GOOD,
      SSH_GOOD,
      'ok tcp/443: addresses in FWKNOP_6_443 get in to 192.168.88.10, others do not',
    ]);
  });

  test('where everything is granted, the services of the rules are checked', () => {
    expect(told([...DEFAULTS, SSH, DROP, FORWARD_DROP], [SPA])).toEqual([GOOD, SSH_GOOD]);
    expect(told([...DEFAULTS, DROP], [SPA])[0]).toMatch(
      /^FAIL no enabled rule uses an address list/,
    );
  });

  test.each<[string, Rule[], Rule[], string]>([
    [
      'a rule behind the one that drops',
      [...DEFAULTS, DROP, SSH],
      [SPA],
      'FAIL tcp/22: rule 3 (defconf: drop all not coming from LAN) drops it before a rule that uses FWKNOP_6_22 accepts it',
    ],
    ['no rule', [...DEFAULTS, DROP], [SPA], 'FAIL tcp/22: no rule uses the list FWKNOP_6_22'],
    [
      'a disabled rule',
      [...DEFAULTS, { ...SSH, disabled: 'true' }, DROP],
      [SPA],
      'FAIL tcp/22: rule 3 of /ip/firewall/filter, which uses FWKNOP_6_22, is disabled or invalid',
    ],
    [
      'no rule that drops',
      [...DEFAULTS, SSH],
      [SPA],
      'warn tcp/22: open to every address, knock or not: no rule drops it',
    ],
    [
      'an open rule as well',
      [
        ...DEFAULTS,
        SSH,
        { chain: 'input', action: 'accept', 'dst-port': '22', protocol: 'tcp' },
        DROP,
      ],
      [SPA],
      'warn tcp/22: open to every address, knock or not: rule 4',
    ],
    [
      'a rule before it that cannot be judged',
      [
        ...DEFAULTS,
        { chain: 'input', action: 'drop', 'src-mac-address': '00:00:5E:00:53:01' },
        SSH,
        DROP,
      ],
      [SPA],
      'warn tcp/22: rule 3 may drop it: that depends on more than a check can see',
    ],
  ])('%s', (_, filter, nat, expected) => {
    expect(told(filter, nat, [22])).toEqual([GOOD, expected]);
  });

  test('a port forward that a chain forward with a last drop stops', () => {
    const drop = { chain: 'forward', action: 'drop' };
    const [spa, web] = told([...DEFAULTS, DROP, drop], [SPA, WEB], [443]);
    expect(spa).toBe('FAIL rule 4 drops udp/62201 to 127.0.0.1');
    expect(web).toMatch(/^FAIL tcp\/443: rule 4 drops it before/);
    const accept = { chain: 'forward', action: 'accept', 'connection-nat-state': 'dstnat' };
    expect(told([...DEFAULTS, DROP, accept, drop], [SPA, WEB], [443])[0]).toBe(GOOD);
  });

  test('a port forward of the same port for everybody', () => {
    const open = { ...WEB, 'src-address-list': '' };
    const [, web] = told([...DEFAULTS, DROP, FORWARD_DROP], [SPA, WEB, open], [443]);
    expect(web).toBe('warn tcp/443: open to every address, knock or not: no rule drops it');
  });

  test('SPA packets that go elsewhere, or nowhere', () => {
    const elsewhere = { ...SPA, 'to-addresses': '192.0.2.77' };
    const rules = [...DEFAULTS, SSH, DROP];
    expect(told(rules, [elsewhere], [22])[0]).toMatch(
      /^(?:FAIL|warn) no port forward sends udp\/62201 to this host: they go to 192\.0\.2\.77$/,
    );
    expect(told(rules, [], [22])[0]).toMatch(/ no port forward sends udp\/62201 to this host$/);
  });

  test('a WAN that is an interface', () => {
    const pppoe = ({ 'in-interface-list': _, ...rule }: Rule) => ({
      ...rule,
      'in-interface': 'pppoe-out1',
    });
    expect(told([...DEFAULTS, pppoe(SSH), DROP], [pppoe(SPA)], [22])).toEqual([GOOD, SSH_GOOD]);
  });
});

test.each([
  [{ deviceMode: { mode: 'home' }, tool: undefined }, /device-mode home blocks e-mail/],
  [{ deviceMode: { mode: 'home', email: 'no' }, tool: undefined }, /device-mode home blocks/],
  [{ deviceMode: { mode: 'enterprise', email: 'false' }, tool: undefined }, /blocks e-mail/],
  [{ deviceMode: undefined, tool: { server: '0.0.0.0' } }, /no server in \/tool\/e-mail/],
  [{ deviceMode: { mode: 'home', email: 'yes' }, tool: { server: 'mail.example' } }, undefined],
  [{ deviceMode: undefined, tool: undefined }, undefined],
])('e-mail: %j', (state, expected) => {
  const [finding] = checkMail(state);
  if (expected === undefined) expect(finding).toBeUndefined();
  else expect(finding?.what).toMatch(expected);
});
