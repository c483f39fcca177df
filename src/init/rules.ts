import { PROTOCOL_NUMBER, serviceName } from '../access/service';
import { formatDuration } from '../common/duration';
import { DEFAULT_LIST } from '../config/config';
import {
  type Arguments,
  blank,
  block,
  command,
  comment,
  expression,
  find,
  first,
  forEach,
  local,
  optional,
  put,
  type Statement,
  set,
  unlessFound,
  when,
} from './routeros';
import { MAX_TIMEOUT, OUR_NAME, type PublishedService, type Setup } from './setup';

/** How the comment of every rule begins that the script adds: --undo finds them by it. */
export const OUR_COMMENT = `${OUR_NAME}: `;

/** The name of the list with --one-list. */
export const ONE_LIST = 'FWKNOP';

/** The chain of the fallback's rules. */
export const KNOCK_CHAIN = 'fwknop-knock';

export const FILTER = '/ip/firewall/filter';
const NAT = '/ip/firewall/nat';
const MANGLE = '/ip/firewall/mangle';

/**
 * Terms of a `where` for rules that are in force. `!disabled` is right on every release; there are
 * conflicting reports of `disabled=no` (docs/notes/routeros.md).
 */
const IN_FORCE = ['!disabled', '!dynamic'];
const DROPS = '(action="drop" or action="reject" or action="tarpit")';

type Inside = NonNullable<PublishedService['inside']>;

/** An address list that lets its addresses in to a service. */
export interface Gate {
  readonly list: string;
  /** How the names of its rules begin. */
  readonly prefix: string;
}

/** The port forward for SPA packets, which anybody may send. */
export function spaForward(setup: Setup): readonly Statement[] {
  const { fwknopd, spaPort } = setup;
  const name = 'SPA packets';
  const port = String(spaPort);
  return [
    blank(),
    comment('SPA packets go to fwknopd.'),
    addOnce(NAT, name, {
      chain: 'dstnat',
      action: 'dst-nat',
      ...inInterface(setup),
      protocol: 'udp',
      'dst-port': port,
      'to-addresses': fwknopd,
      'to-ports': port,
    }),
    ...acceptForward(setup, name, 'udp', { host: fwknopd, port: spaPort }),
  ];
}

/** The rules of a service for the addresses of openings; `acceptRule` has those of chain input. */
export function serviceRules(setup: Setup, service: PublishedService): readonly Statement[] {
  const gate = openingGate(setup, service);
  const { inside } = service;
  return [
    ...(inside === undefined
      ? []
      : [
          blank(),
          comment(
            `${serviceName(service)} of ${inside.host}: a port forward for listed addresses only.`,
            '(A port forward of yours for this port that stands before it opens it to everybody: remove it.)',
          ),
          forwardRule(setup, service, inside, gate),
          ...acceptForward(setup, serviceName(service), service.protocol, inside),
        ]),
    ...(setup.sliding ? [SLIDING, slideRule(setup, service, gate)] : []),
  ];
}

/** The rule of chain input for a service of the router itself. */
export function acceptRule(setup: Setup, service: PublishedService, gate: Gate): Arguments {
  return {
    chain: 'input',
    action: 'accept',
    ...fromWan(setup, service),
    'src-address-list': gate.list,
    comment: OUR_COMMENT + gate.prefix + serviceName(service),
  };
}

/** The port forward to a host behind the router, which exists for listed addresses only. */
export function forwardRule(
  setup: Setup,
  service: PublishedService,
  { host, port }: Inside,
  gate: Gate,
): Statement {
  return addOnce(NAT, gate.prefix + serviceName(service), {
    chain: 'dstnat',
    action: 'dst-nat',
    ...fromWan(setup, service),
    'src-address-list': gate.list,
    'to-addresses': host,
    'to-ports': String(port),
  });
}

/** For routers whose chain forward drops everything that it does not know; the default one does not. */
function acceptForward(
  setup: Setup,
  name: string,
  protocol: string,
  { host, port }: Inside,
): readonly Statement[] {
  return [
    comment('If your chain forward drops forwarded packets too, it must accept these:'),
    optional(`${FILTER}/add`, {
      chain: 'forward',
      action: 'accept',
      'connection-nat-state': 'dstnat',
      ...inInterface(setup),
      protocol,
      'dst-address': host,
      'dst-port': String(port),
      comment: OUR_COMMENT + name,
      'place-before': first(find(FILTER, { chain: 'forward' }, ...IN_FORCE, DROPS)),
    }),
  ];
}

const SLIDING = comment(
  '',
  `Sliding: every new connection from a listed address sets its timer to ${formatDuration(MAX_TIMEOUT)} again, so that`,
  'max-timeout of mikrotik.toml no longer bounds it. This also shortens an entry that has more time',
  'left: if you raise max-timeout, raise address-list-timeout too.',
);

/**
 * The rule that keeps a service open while it is used. It stands in mangle, which sees a packet before
 * NAT and filter do, so that it serves the router and inside hosts alike; it does not end its chain. An
 * address that is in the list already gets the rule's own time (RouterOS manual, Firewall/Address-lists).
 * That time is the longest that init grants.
 */
export function slideRule(setup: Setup, service: PublishedService, gate: Gate): Statement {
  return addOnce(MANGLE, gate.prefix + serviceName(service), {
    chain: 'prerouting',
    action: 'add-src-to-address-list',
    'connection-state': 'new',
    ...fromWan(setup, service),
    'src-address-list': gate.list,
    'address-list': gate.list,
    'address-list-timeout': formatDuration(MAX_TIMEOUT),
  });
}

/**
 * Adds rules to chain input, in this order, before the first rule in force that drops: after it they
 * would never match. A rule that drops invalid packets only does not count. A jump counts where its
 * target has a rule that drops; jumps are followed one level.
 *
 * @param open the names of the router's own services, which are open to everybody if nothing drops
 */
export function addToInput(
  rules: readonly Arguments[],
  open: readonly string[],
): readonly Statement[] {
  if (rules.length === 0) return [];
  const add = (place: Arguments) =>
    rules.map(({ comment: name = '', ...rule }) =>
      unlessFound(FILTER, { comment: name }, [
        command(`${FILTER}/add`, { ...rule, comment: name, ...place }),
      ]),
    );
  const isDrop = ['!$isFound', '$isDrop'].join(' and ');
  const targetDrops = find(FILTER, { chain: expression('$target') }, ...IN_FORCE, DROPS).expression;
  return [
    blank(),
    comment(
      'Rules of chain input. They stand before the first rule that is enabled and drops, rejects or',
      'tarpits (rules for invalid packets aside), or that jumps to a chain with such a rule.',
    ),
    block(
      local('dropRule', '""'),
      local('isFound', 'false'),
      local('isJumping', 'false'),
      forEach(
        'rule',
        find(FILTER, { chain: 'input' }, ...IN_FORCE, DROPS.replace(')', ' or action="jump")')),
        [
          local('item', `[${FILTER}/get $rule]`),
          local('isDrop', '([:tostr ($item->"connection-state")] != "invalid")'),
          when(expression('($item->"action") = "jump"'), [
            local('target', '($item->"jump-target")'),
            set('isDrop', `([:len ${targetDrops}] > 0)`),
            when(expression(`$target != "${KNOCK_CHAIN}"`), [set('isJumping', 'true')]),
          ]),
          when(expression(isDrop), [set('dropRule', '$rule'), set('isFound', 'true')]),
        ],
      ),
      when(expression('$isFound'), add({ 'place-before': expression('$dropRule') }), [
        ...add({}),
        when(
          expression('$isJumping'),
          [
            put(
              'chain input drops nothing itself, but it jumps to other chains. If one of them leads',
            ),
            put('to a rule that drops packets from the WAN, move the rules of chain input whose'),
            put(
              `comments begin with "${OUR_COMMENT}" before that jump: after it they never match.`,
            ),
          ],
          open.map((name) =>
            put(`chain input drops nothing: ${name} is open to everybody, with or without a knock`),
          ),
        ),
      ]),
    ),
  ];
}

/** A rule at the end of its chain, unless it is there. */
export function addOnce(menu: string, name: string, rule: Arguments): Statement {
  const comment = OUR_COMMENT + name;
  return unlessFound(menu, { comment }, [command(`${menu}/add`, { ...rule, comment })]);
}

/** The matchers of packets from the WAN. */
export function inInterface({ wan }: Setup): Arguments {
  return wan.kind === 'list' ? { 'in-interface-list': wan.name } : { 'in-interface': wan.name };
}

/** The matchers of packets from the WAN to a service. */
function fromWan(setup: Setup, { protocol, port }: PublishedService): Arguments {
  return { ...inInterface(setup), protocol, 'dst-port': String(port) };
}

/** The list that an opening fills: by the default of `list` in mikrotik.toml, or the one for all. */
export function openingGate({ oneList }: Setup, { protocol, port }: PublishedService): Gate {
  const list = DEFAULT_LIST.replace('{proto}', String(PROTOCOL_NUMBER[protocol])).replace(
    '{port}',
    String(port),
  );
  return { list: oneList ? ONE_LIST : list, prefix: '' };
}
