import { BlockList, isIPv4 } from 'node:net';

/** A firewall rule, as `print` shows it. */
export type Rule = Readonly<Record<string, string>>;

/** The first packet of a connection from the WAN. */
export interface Packet {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** The address list that has its source; undefined for none. */
  readonly list: string | undefined;
  /** The interface, or the interface list, that it comes in by. */
  readonly wan: string;
  /** The host inside that a port forward has sent it to. */
  readonly destination?: string;
}

/** Where a chain ends for a packet. */
export interface Fate {
  readonly action: 'accept' | 'drop' | 'dst-nat' | 'redirect' | 'none';
  /** Undefined where no rule decides. */
  readonly rule: Rule | undefined;
  /** Rules before it that would decide otherwise, if their matchers hold, which cannot be told. */
  readonly unsure: readonly Rule[];
}

const DECIDING: Readonly<Record<string, Fate['action']>> = {
  accept: 'accept',
  'fasttrack-connection': 'accept',
  drop: 'drop',
  reject: 'drop',
  tarpit: 'drop',
  'dst-nat': 'dst-nat',
  redirect: 'redirect',
};
const MOST_JUMPS = 8;

/** Properties of a rule that match nothing. */
const NO_MATCHERS = new Set([
  ...['.id', '.nextid', 'chain', 'action', 'comment', 'disabled', 'dynamic', 'invalid', 'bytes'],
  ...['packets', 'log', 'log-prefix', 'to-addresses', 'to-ports', 'jump-target', 'reject-with'],
  ...['address-list', 'address-list-timeout', 'creation-time', 'hw-offload', '.about'],
]);

/**
 * Follows a packet through a chain, with the rules that are in force: enabled and valid, in order.
 *
 * @param rules of the whole table
 */
export function follow(
  rules: readonly Rule[],
  chain: string,
  packet: Packet,
  jumps = MOST_JUMPS,
): Fate {
  const unsure: Rule[] = [];
  for (const rule of rules) {
    if (rule.chain !== chain || rule.disabled === 'true' || rule.invalid === 'true') continue;
    const match = matches(rule, packet);
    if (match === 'no') continue;
    const { action = 'accept', 'jump-target': target } = rule;
    let fate: Fate | undefined;
    if (action === 'return' && match === 'yes') break;
    if (action === 'jump' && target !== undefined && jumps > 0) {
      fate = follow(rules, target, packet, jumps - 1);
      unsure.push(...fate.unsure);
      if (fate.action === 'none') continue;
    } else if (DECIDING[action] !== undefined) {
      fate = { action: DECIDING[action], rule, unsure: [] };
    }
    if (fate === undefined) continue;
    if (match === 'yes') return { ...fate, unsure };
    unsure.push(rule);
  }
  return { action: 'none', rule: undefined, unsure };
}

type Match = 'yes' | 'no' | 'unknown';

function matches(rule: Rule, packet: Packet): Match {
  const found = Object.entries(rule)
    .filter(([name, value]) => !NO_MATCHERS.has(name) && value !== '')
    .map(([name, value]) => matchOne(name, value, packet));
  if (found.includes('no')) return 'no';
  return found.includes('unknown') ? 'unknown' : 'yes';
}

function matchOne(name: string, value: string, packet: Packet): Match {
  const isNegated = value.startsWith('!');
  const match = matchPlain(name, value.replace(/^!/, ''), packet);
  if (!isNegated || match === 'unknown') return match;
  return match === 'yes' ? 'no' : 'yes';
}

function matchPlain(name: string, value: string, packet: Packet): Match {
  const { protocol, port, list, wan, destination } = packet;
  const one = (isMatch: boolean): Match => (isMatch ? 'yes' : 'no');
  switch (name) {
    case 'protocol':
      return one(value === protocol || value === (protocol === 'tcp' ? '6' : '17'));
    case 'dst-port':
    case 'port':
      return name === 'port' ? 'unknown' : one(hasPort(value, port));
    case 'src-address-list':
      return one(value === list);
    case 'in-interface-list':
    case 'in-interface':
      return value === 'all' ? 'yes' : one(value === wan);
    case 'connection-state':
      return one(value.split(',').includes('new'));
    case 'connection-nat-state':
      return one(value.split(',').includes('dstnat') && destination !== undefined);
    case 'dst-address':
      return destination === undefined ? 'unknown' : inNetwork(value, destination);
    case 'dst-address-type':
      return value === 'local' ? one(destination === undefined) : 'unknown';
    default:
      return 'unknown';
  }
}

function hasPort(ports: string, port: number): boolean {
  return ports.split(',').some((range) => {
    const [first = '', last = first] = range.split('-');
    return Number(first) <= port && port <= Number(last);
  });
}

function inNetwork(network: string, address: string): Match {
  const [host = '', prefix = '32'] = network.split('/');
  if (!isIPv4(host) || !isIPv4(address) || !(Number(prefix) <= 32)) return 'unknown';
  const list = new BlockList();
  list.addSubnet(host, Number(prefix));
  return list.check(address) ? 'yes' : 'no';
}
