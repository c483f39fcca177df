/**
 * The configuration of a router, as far as `fwknop-mikrotik init` touches it: menus of items in order.
 * Everything that it does not know is an error, so that a script cannot pass by accident.
 */

import type { RouterOptions } from '../api/server';
import type { Policy, User } from '../api/users';
import { type Certificate, makeSelfSigned } from '../certificates';

/** An item of a menu: its properties as texts; `.id` is one of them. */
export type Item = Record<string, string>;

const RULE = ['chain', 'action', 'comment', 'disabled', 'protocol', 'dst-port', 'src-address-list'];
const MATCHERS = [
  ...[...RULE, 'in-interface-list', 'in-interface', 'connection-state', 'dst-address'],
  'place-before',
];

/** The arguments of `add`, by menu; from the manual [C]. */
const ADD: Record<string, string[]> = {
  '/interface': ['name'],
  '/interface/list': ['name'],
  '/user/group': ['name', 'policy'],
  '/user': ['name', 'group', 'address', 'password', 'comment'],
  '/certificate': ['name', 'common-name', 'subject-alt-name', 'days-valid'],
  '/ip/firewall/filter': [
    ...[...MATCHERS, 'connection-nat-state', 'jump-target', 'content', 'packet-size'],
    ...['layer7-protocol', 'address-list', 'address-list-timeout'],
  ],
  '/ip/firewall/nat': [...MATCHERS, 'to-addresses', 'to-ports'],
  '/ip/firewall/mangle': [...MATCHERS, 'address-list', 'address-list-timeout'],
  '/ip/firewall/layer7-protocol': ['name', 'regexp', 'comment'],
  '/ip/firewall/address-list': ['list', 'address', 'comment'],
};

const SET = ['certificate', 'tls-version', 'address', 'disabled'];

/**
 * Where releases differ: 7.19 and later list connections among the services, 7.24 lists them first
 * (which release began to is unknown), renamed the service's `address` and still takes the old name.
 */
export type Release = '7.9' | '7.19' | '7.24';

export class Configuration {
  readonly menus: Record<string, Item[]> = {
    '/interface': [],
    '/interface/list': [],
    '/user/group': [],
    '/user': [],
    '/certificate': [],
    '/ip/service': [],
    '/ip/firewall/filter': [],
    '/ip/firewall/nat': [],
    '/ip/firewall/mangle': [],
    '/ip/firewall/layer7-protocol': [],
    '/ip/firewall/address-list': [],
  };
  private readonly signed = new Map<string, Certificate>();
  private lastId = 0;
  /** The certificate that is being signed: it has no fingerprint until then [C]. */
  private signing: { item: Item; certificate: Certificate; secondsLeft: number } | undefined;
  /** How long signing goes on after `sign` has returned. */
  signingSeconds = 2;

  /** A router as it comes out of its box [C: the default configuration, the rules that matter]. */
  constructor(private readonly release: Release = '7.9') {
    for (const name of ['ether1', 'bridge']) this.add('/interface', { name });
    this.add('/interface/list', { name: 'WAN' });
    this.add('/interface/list', { name: 'LAN' });
    for (const name of ['api', 'api-ssl']) {
      this.insert('/ip/service', { name, certificate: 'none', disabled: 'false', [this.from]: '' });
    }
    const defconf = (chain: string, action: string, comment: string, more: Item = {}) =>
      this.add('/ip/firewall/filter', { chain, action, comment: `defconf: ${comment}`, ...more });
    defconf('input', 'accept', 'accept established,related,untracked', {
      'connection-state': 'established,related,untracked',
    });
    defconf('input', 'drop', 'drop invalid', { 'connection-state': 'invalid' });
    defconf('input', 'accept', 'accept ICMP', { protocol: 'icmp' });
    defconf('input', 'drop', 'drop all not coming from LAN', { 'in-interface-list': '!LAN' });
    defconf('forward', 'drop', 'drop invalid', { 'connection-state': 'invalid' });
  }

  /** A connection to a service, which the menu lists under the service's name; not before 7.19. */
  addConnection(name: string): void {
    if (this.release === '7.9') return;
    const [service] = this.items('/ip/service').filter((item) => item.name === name);
    const before = this.release === '7.24' ? service?.['.id'] : undefined;
    this.insert('/ip/service', { name, dynamic: 'true', connection: 'true' }, before);
  }

  add(path: string, given: Item): void {
    const known = ADD[path];
    const { 'place-before': before, ...properties } = given;
    for (const name of Object.keys(given)) {
      if (!known?.includes(name)) throw new Error(`${path}/add: unknown argument ${name}`);
    }
    const { name } = given;
    if (name !== undefined && this.items(path).some((item) => item.name === name)) {
      throw new Error(`${path}/add: already have ${name}`);
    }
    this.requireInterface(path, '/interface/list', given['in-interface-list']);
    this.requireInterface(path, '/interface', given['in-interface']);
    if (
      path === '/user' &&
      !this.items('/user/group').some((group) => group.name === given.group)
    ) {
      throw new Error(`${path}/add: no group ${given.group}`);
    }
    const isRule = path.startsWith('/ip/firewall/');
    const flags = { disabled: given.disabled === 'yes' ? 'true' : 'false', dynamic: 'false' };
    this.insert(path, { ...properties, ...(isRule ? flags : {}) }, before);
  }

  set(path: string, ids: string[], given: Item): void {
    if (path !== '/ip/service') throw new Error(`${path}/set: nothing that init does`);
    const { address, ...rest } = given;
    for (const name of Object.keys(given)) {
      if (!SET.includes(name)) throw new Error(`${path}/set: unknown argument ${name}`);
    }
    const { certificate = 'none' } = given;
    if (certificate !== 'none' && !this.signed.has(certificate)) {
      throw new Error(`${path}/set: certificate ${certificate} is not there, or not signed yet`);
    }
    for (const item of this.found(path, ids)) {
      if (item.dynamic === 'true') throw new Error('failure: this is configured elsewhere'); // [C]
      Object.assign(item, rest, address === undefined ? {} : { [this.from]: address });
      item.disabled = given.disabled === 'yes' ? 'true' : 'false';
    }
  }

  remove(path: string, ids: string[]): void {
    const gone = this.found(path, ids);
    for (const { name = '' } of gone) {
      const isUsed =
        (path === '/user/group' && this.items('/user').some(({ group }) => group === name)) ||
        (path === '/certificate' &&
          this.items('/ip/service').some(({ certificate }) => certificate === name));
      if (isUsed) throw new Error(`${path}/remove: ${name} is in use`);
    }
    this.menus[path] = this.items(path).filter((item) => !gone.includes(item));
  }

  sign(name: string): void {
    const [item] = this.items('/certificate').filter((one) => one.name === name);
    if (!item) throw new Error(`/certificate/sign: no such item ${name}`);
    const certificate = makeSelfSigned({
      commonName: item['common-name'] ?? '',
      alternativeName: item['subject-alt-name'] ?? '',
      days: Number(item['days-valid'] ?? 365),
    });
    this.signing = { item, certificate, secondsLeft: this.signingSeconds };
    this.delay(0);
  }

  delay(seconds: number): void {
    if (this.signing === undefined) return;
    this.signing.secondsLeft -= seconds;
    if (this.signing.secondsLeft > 0) return;
    const { item, certificate } = this.signing;
    item.fingerprint = certificate.fingerprint;
    this.signed.set(item.name ?? '', certificate);
    this.signing = undefined;
  }

  /** Ids of the items that meet a condition, in the order in which they are printed. */
  find(path: string, condition: (item: Item) => boolean): string[] {
    return this.items(path)
      .filter(condition)
      .map((item) => item['.id'] ?? '');
  }

  /** The properties of one item, named by its id. */
  get(path: string, id: string): Item {
    const [item, ...others] = this.found(path, [id]);
    if (!item || others.length > 0) throw new Error(`${path}/get: not one item`);
    return item;
  }

  /**
   * A router that is configured like this: its API over TLS. Throws if api-ssl has no certificate.
   *
   * @param port where it listens
   */
  serve(port: number): RouterOptions & { port: number } {
    const [service] = this.items('/ip/service').filter(
      ({ name, connection }) => name === 'api-ssl' && connection !== 'true',
    );
    const certificate = this.signed.get(service?.certificate ?? '');
    if (!certificate || service?.disabled === 'true') throw new Error('api-ssl is not ready');
    return {
      port,
      transport: { key: certificate.key, cert: certificate.cert },
      availableFrom: service?.[this.from] ?? '',
      users: this.items('/user').map((user) => this.userOf(user)),
      menus: this.printed(),
    };
  }

  /** The menus as the API prints them: without passwords; the address lists are the server's own. */
  private printed(): Record<string, Item[]> {
    const { '/ip/firewall/address-list': _, ...menus } = this.menus;
    const users = this.items('/user').map(({ password: _password, ...user }) => user);
    return { ...menus, '/user': users };
  }

  private requireInterface(path: string, menu: string, given: string | undefined): void {
    const name = given?.replace('!', '');
    if (name === undefined || this.items(menu).some((item) => item.name === name)) return;
    throw new Error(`${path}/add: no ${menu.slice(1).replace('/', ' ')} ${name}`);
  }

  private userOf({ name = '', password = '', address = '', group }: Item): User {
    const [found] = this.items('/user/group').filter((one) => one.name === group);
    return { name, password, address, policies: (found?.policy ?? '').split(',') as Policy[] };
  }

  private get from(): string {
    return this.release === '7.24' ? 'available-from' : 'address';
  }

  private items(path: string): Item[] {
    const items = this.menus[path];
    if (!items) throw new Error(`no such menu: ${path}`);
    return items;
  }

  /** By id, or by name as a person types it. */
  private found(path: string, ids: string[]): Item[] {
    return ids.map((id) => {
      const items = this.items(path).filter((item) => item['.id'] === id || item.name === id);
      if (items.length !== 1) throw new Error(`${path}: no such item, or not one: ${id}`);
      return items[0]!;
    });
  }

  private insert(path: string, properties: Item, before?: string): void {
    this.lastId += 1;
    const item = { '.id': `*${this.lastId.toString(16).toUpperCase()}`, ...properties };
    const items = this.items(path);
    const place = before === undefined ? items.length : items.findIndex((i) => i['.id'] === before);
    if (place < 0) throw new Error(`${path}/add: place-before=${before} is no item`);
    items.splice(place, 0, item);
  }
}
