import { PROTOCOL_NUMBER, serviceName } from '../access/service';
import { formatDuration } from '../common/duration';
import { DEFAULT_LIST } from '../config/config';
import {
  type Arguments,
  blank,
  command,
  comment,
  type Expression,
  expression,
  find,
  first,
  isEmpty,
  optional,
  put,
  type Statement,
  unlessFound,
  when,
} from './routeros';
import { MAX_TIMEOUT, OUR_NAME, type PublishedService, type Setup } from './setup';

/** How the comment of every rule begins that the script adds: by it --undo finds them. */
export const OUR_COMMENT = `${OUR_NAME}: `;

/** The name of the list with --one-list. */
export const ONE_LIST = 'FWKNOP';

export const FILTER = '/ip/firewall/filter';
export const NAT = '/ip/firewall/nat';
const MANGLE = '/ip/firewall/mangle';

/** The rule of RouterOS's default firewall that ends chain input. */
const DEFAULT_DROP = 'defconf: drop all not coming from LAN';

/** In a `where`, "no" would be a text. */
const NO = expression('no');

/** The port forward for SPA packets, which anybody may send. */
export function spaForward(setup: Setup): readonly Statement[] {
  const { fwknopd, spaPort, wan } = setup;
  const name = 'SPA packets';
  const port = String(spaPort);
  return [
    blank(),
    comment('SPA packets go to fwknopd.'),
    addOnce(NAT, name, {
      chain: 'dstnat',
      action: 'dst-nat',
      'in-interface-list': wan,
      protocol: 'udp',
      'dst-port': port,
      'to-addresses': fwknopd,
      'to-ports': port,
    }),
    ...acceptForward(name, {
      'in-interface-list': wan,
      protocol: 'udp',
      'dst-address': fwknopd,
      'dst-port': port,
    }),
  ];
}

/** The rules by which a door opens to the addresses in its list. */
export function serviceRules(setup: Setup, door: PublishedService): readonly Statement[] {
  return [
    ...(door.inside === undefined ? acceptInput(setup, door) : forwardInside(setup, door)),
    ...(setup.sliding ? slide(setup, door) : []),
  ];
}

/** The rule for a service of the router itself: before the one that drops, or it never matches. */
function acceptInput(setup: Setup, door: PublishedService): readonly Statement[] {
  const name = serviceName(door);
  const rule: Arguments = {
    chain: 'input',
    action: 'accept',
    ...fromWan(setup, door),
    'src-address-list': listOf(setup, door),
    comment: OUR_COMMENT + name,
  };
  return [
    blank(),
    comment(
      `${name} of the router itself. The rule stands before the one that drops: that of the default`,
      'firewall, or else the first that drops or rejects in chain input. (Where chain input jumps to',
      'another that drops, move it before the jump.)',
    ),
    unlessFound(
      FILTER,
      { comment: OUR_COMMENT + name },
      beforeDrop(
        [rule],
        [put(`chain input drops nothing, so that ${name} is open to everybody, knock or not`)],
      ),
    ),
  ];
}

/** The port forward for a service of an inside host, which exists for listed addresses only. */
function forwardInside(setup: Setup, door: PublishedService): readonly Statement[] {
  const name = serviceName(door);
  const { host = '', port = 0 } = door.inside ?? {};
  return [
    blank(),
    comment(
      `${name} of ${host}: a port forward that is there for listed addresses only.`,
      '(One of yours for this port that stands before it lets everybody in: remove that one.)',
    ),
    addOnce(NAT, name, {
      chain: 'dstnat',
      action: 'dst-nat',
      ...fromWan(setup, door),
      'src-address-list': listOf(setup, door),
      'to-addresses': host,
      'to-ports': String(port),
    }),
    ...acceptForward(name, {
      ...fromWan(setup, door),
      'dst-address': host,
      'dst-port': String(port),
      'src-address-list': listOf(setup, door),
    }),
  ];
}

/** For routers whose chain forward drops all that it does not know; the default one does not. */
function acceptForward(name: string, matchers: Arguments): readonly Statement[] {
  return [
    comment('Where your chain forward drops all the rest, forwarded packets included, accept it:'),
    optional(`${FILTER}/add`, {
      chain: 'forward',
      action: 'accept',
      'connection-nat-state': 'dstnat',
      ...matchers,
      comment: OUR_COMMENT + name,
      'place-before': first(findDropping('forward')),
    }),
  ];
}

/**
 * The rule that keeps a door open while it is used. It stands in mangle, which sees a packet before
 * NAT and filter do, so that it serves the router and inside hosts alike; it does not end its chain.
 * An address that is in the list already gets its timer set anew (RouterOS manual,
 * Firewall/Address-lists). The time is the longest that an entry can have, never to shorten one.
 */
function slide(setup: Setup, door: PublishedService): readonly Statement[] {
  const name = serviceName(door);
  const time = formatDuration(MAX_TIMEOUT);
  return [
    comment(
      `Sliding: every new connection to ${name} from a listed address sets its timer to ${time} again.`,
      'max-timeout of mikrotik.toml no longer bounds it: who goes on connecting stays in.',
    ),
    addOnce(MANGLE, name, {
      chain: 'prerouting',
      action: 'add-src-to-address-list',
      'connection-state': 'new',
      ...fromWan(setup, door),
      'src-address-list': listOf(setup, door),
      'address-list': listOf(setup, door),
      'address-list-timeout': time,
    }),
  ];
}

/**
 * Adds rules of chain input before the one that drops, in this order.
 *
 * @param orElse what to run as well where none drops: the rules then stand at the end
 */
export function beforeDrop(
  rules: readonly Arguments[],
  orElse: readonly Statement[] = [],
): readonly Statement[] {
  const place = first(expression('$dropRules'));
  return [
    {
      kind: 'local',
      name: 'dropRules',
      value: find(FILTER, { chain: 'input', dynamic: NO, comment: DEFAULT_DROP }),
    },
    when(isEmpty(expression('$dropRules')), [
      { kind: 'set', name: 'dropRules', value: findDropping('input') },
    ]),
    when(
      isEmpty(expression('$dropRules')),
      [...rules.map((rule) => command(`${FILTER}/add`, rule)), ...orElse],
      rules.map((rule) => command(`${FILTER}/add`, { ...rule, 'place-before': place })),
    ),
  ];
}

/** A rule at the end of its chain, unless it is there. */
export function addOnce(menu: string, name: string, rule: Arguments): Statement {
  const comment = OUR_COMMENT + name;
  return unlessFound(menu, { comment }, [command(`${menu}/add`, { ...rule, comment })]);
}

/** What matches packets from outside for a door. */
export function fromWan({ wan }: Setup, { protocol, port }: PublishedService): Arguments {
  return {
    'in-interface-list': wan,
    protocol,
    'dst-port': String(port),
  };
}

/** The list that an opening fills: by the default of `list` in mikrotik.toml, or one for all services. */
export function listOf({ oneList }: Setup, { protocol, port }: PublishedService): string {
  if (oneList) return ONE_LIST;
  return DEFAULT_LIST.replace('{proto}', String(PROTOCOL_NUMBER[protocol])).replace(
    '{port}',
    String(port),
  );
}

/** The rules of a chain by which packets end, in their order. */
function findDropping(chain: string): Expression {
  const ends = '(action="drop" or action="reject")';
  return expression(`[${FILTER}/find where chain="${chain}" and dynamic=no and ${ends}]`);
}
