import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Configuration } from '../../../simulator/script/configuration';
import { importScript } from '../../../simulator/script/script';
import { routerScript } from '../../../src/init/router-script';
import type { Setup } from '../../../src/init/setup';
import { undoScript } from '../../../src/init/undo';
import { SECRETS, SETUP } from './setups';

const golden = (name: string) => join(__dirname, '../../golden', name);

const scriptOf = (changes: Partial<Setup> = {}, password = SECRETS.password) =>
  routerScript({ ...SETUP, ...changes }, { ...SECRETS, password });

/** What a configuration holds, as a text that can be compared. */
const dump = (router: Configuration) => JSON.stringify(router.menus, null, 1);

const ours = (router: Configuration, menu: string) =>
  (router.menus[menu] ?? []).filter(({ comment }) => comment?.startsWith('fwknop-mikrotik'));

// UPDATE_GOLDEN=1 writes them anew: then read what has changed.
test.each([
  ['router.rsc', scriptOf()],
  ['router-sliding.rsc', scriptOf({ sliding: true, wan: 'outside world' })],
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

describe.each(['7.9', '7.24'] as const)('on RouterOS %s', (release) => {
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
    // What cannot be put back is named.
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
        service[release === '7.9' ? 'address' : 'available-from'] = address;
      }
      const before = { ...service };
      const printed = importScript(scriptOf(), router);
      expect(service).toEqual(before);
      expect(printed[0]).toMatch(/api-ssl has .* left as it is/);
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
    importScript(scriptOf(), router);
    expect(router.serve(8729).availableFrom).toBe('192.168.88.50/32');
  });
});

describe('on a router with rules of its own', () => {
  const filter = (router: Configuration, rules: Record<string, string>[]) => {
    router.menus['/ip/firewall/filter'] = [];
    for (const rule of rules) router.add('/ip/firewall/filter', rule);
  };
  const order = (router: Configuration) =>
    router.menus['/ip/firewall/filter']?.map(({ comment }) => comment);

  test.each(['drop', 'reject'])('the rule stands before the first %s of chain input', (action) => {
    const router = new Configuration();
    filter(router, [
      { chain: 'forward', action, comment: 'forward' },
      { chain: 'input', action: 'accept', comment: 'mine' },
      { chain: 'input', action, comment: 'first' },
      { chain: 'input', action: 'drop', comment: 'second' },
    ]);
    const printed = importScript(scriptOf(), router);
    expect(order(router)).toEqual([
      'forward',
      'mine',
      'fwknop-mikrotik: tcp/22',
      'first',
      'second',
    ]);
    expect(printed).toHaveLength(1);
  });

  test('where nothing is dropped, it says so', () => {
    const router = new Configuration();
    filter(router, [{ chain: 'input', action: 'accept', comment: 'mine' }]);
    const printed = importScript(scriptOf(), router);
    expect(order(router)).toEqual(['mine', 'fwknop-mikrotik: tcp/22']);
    expect(printed[0]).toMatch(/drops nothing, so that tcp\/22 is open to everybody/);
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

  test('without the interface list it changes nothing, and says which option names another', () => {
    const router = new Configuration();
    const before = dump(router);
    expect(() => importScript(scriptOf({ wan: 'outside' }), router)).toThrow(/outside.*--wan NAME/);
    expect(dump(router)).toBe(before);
  });
});

test('uses no argument that RouterOS does not have: no comment on a certificate or a service', () => {
  const commands = scriptOf({ sliding: true }).match(/^ *\/(?:certificate|ip\/service)\/.*$/gm);
  expect(commands).toHaveLength(3);
  expect(commands?.filter((line) => line.includes('comment='))).toEqual([]);
});
