/** The matchers of a firewall rule, with RouterOS's meaning. */
import { isListed, type Lists } from './lists';
import type { Packet } from './packet';

export type ConnectionState = 'new' | 'established' | 'invalid';

/** Everything that a matcher may look at. */
export interface Sight {
  readonly packet: Packet;
  /** As they are now: a rule before may have added to them. */
  readonly lists: Lists;
  readonly state: ConnectionState;
  /** The data of the connection so far, this packet included, as far as layer 7 looks. */
  readonly collected: string;
  /** The interface lists that the packet's interface is in. */
  readonly interfaceLists: readonly string[];
  /** The interface that the packet comes through. */
  readonly interfaceName: string;
}

export type Matcher = (sight: Sight) => boolean;

/** The matchers that take `!` before their value; for `content` it would be a part of the text [I]. */
const NEGATABLE = [
  'protocol',
  'dst-port',
  'src-address-list',
  'connection-state',
  'in-interface-list',
  'in-interface',
  'packet-size',
  'layer7-protocol',
];

/**
 * Reads a matcher.
 *
 * @param protocol the rule's, which ports need
 * @param patterns the layer-7 protocols by their names
 * Throws Error for one that is not known here
 */
export function readMatcher(
  name: string,
  value: string,
  protocol: string | undefined,
  patterns: ReadonlyMap<string, RegExp>,
): Matcher {
  const isNegated = value.startsWith('!') && NEGATABLE.includes(name);
  const match = readPlain(name, isNegated ? value.slice(1) : value, protocol, patterns);
  return isNegated ? (sight) => !match(sight) : match;
}

function readPlain(
  name: string,
  value: string,
  protocol: string | undefined,
  patterns: ReadonlyMap<string, RegExp>,
): Matcher {
  if (value === '') throw new Error(`${name}= is empty`);
  switch (name) {
    case 'protocol':
      // No packet of ICMP comes here, but RouterOS's default firewall speaks of it.
      if (!['tcp', 'udp', 'icmp'].includes(value)) throw new Error(`protocol=${value}`);
      return ({ packet }) => packet.protocol === value;
    case 'dst-port': {
      // [C] RouterOS takes ports only where the protocol has them.
      if (protocol !== 'tcp' && protocol !== 'udp') throw new Error('dst-port= needs protocol=');
      const ranges = value.split(',').map((part) => readRange(name, part));
      return ({ packet }) => ranges.some((has) => has(packet.dstPort));
    }
    case 'src-address-list':
      return ({ packet, lists }) => isListed(lists, value, packet.family, packet.src);
    case 'content':
      // [C] It contains the text, in this case of letters. That headers do not count is [I].
      return ({ packet }) => packet.payload.includes(value, 0, 'latin1');
    case 'packet-size': {
      const has = readRange(name, value);
      return ({ packet }) => has(packet.length);
    }
    case 'layer7-protocol': {
      const pattern = patterns.get(value);
      if (pattern === undefined) throw new Error(`no layer7-protocol ${value}`);
      return ({ collected }) => pattern.test(collected);
    }
    case 'connection-state': {
      const states = value.split(',');
      const known = ['new', 'established', 'related', 'invalid', 'untracked'];
      if (!states.every((state) => known.includes(state))) throw new Error(`${name}=${value}`);
      return ({ state }) => states.includes(state);
    }
    case 'in-interface-list':
      return ({ interfaceLists }) => value === 'all' || interfaceLists.includes(value);
    case 'in-interface':
      return ({ interfaceName }) => interfaceName === value;
    default:
      throw new Error(`the matcher ${name}= is not known here`);
  }
}

/** `22` or `0-100`. */
function readRange(name: string, text: string): (number: number) => boolean {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [low, high] = [Number(first), Number(last)];
  if (!(low <= high && high <= 65535)) throw new Error(`${name}=${text}`);
  return (number) => low <= number && number <= high;
}
