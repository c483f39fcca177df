/**
 * The fallback: rules on the router itself that let in an address that knocks, for when the fwknopd host
 * is down. The properties of rules decide how they are built (RouterOS manual, Filter and Common
 * Firewall Matchers and Actions):
 *
 * - A rule matches one source list only: so the penalty list is matched first, in a chain of its own.
 * - Adding to a list does not end a chain, and the next rule sees the new entry: so the last stage
 *   stands first, and a packet that was a knock leaves the chain. No packet passes two stages.
 * - No action removes an address from a list: so a staged source that touches another port is barred
 *   by another list, for longer than any stage lasts.
 */
import { formatDuration } from '../common/duration';
import type { Knock } from '../knock/knocks';
import {
  type Arguments,
  command,
  comment,
  find,
  findByComment,
  isEmpty,
  put,
  type Statement,
  when,
} from './routeros';
import {
  acceptRule,
  addOnce,
  FILTER,
  forwardRule,
  type Gate,
  inInterface,
  KNOCK_CHAIN,
  OUR_COMMENT,
  slideRule,
} from './rules';
import type { Fallback, Setup } from './setup';

const LAYER7 = '/ip/firewall/layer7-protocol';
const ADDRESS_LIST = '/ip/firewall/address-list';

/** The addresses that a knock lets in, and those that need none; both for every service. */
const KNOCKED: Gate = { list: 'FWKNOP_KNOCKED', prefix: 'knocked ' };
const ALWAYS: Gate = { list: 'FWKNOP_ALWAYS', prefix: 'always ' };
const GATES = [KNOCKED, ALWAYS];

const PATTERN = 'fwknop-knock';
const PENALTY = 'FWKNOP_KNOCK_PENALTY';

/** In seconds. With spknock a passphrase is typed between two knocks. */
const STAGE_TIME: Readonly<Record<Fallback['kind'], number>> = {
  sequence: 10,
  payload: 10,
  secret: 30,
};
const PENALTY_TIME = 60; // longer than any stage, so that a barred source starts anew
const OPEN_TIME = 300;

const UDP_OVERHEAD = 28; // bytes: `packet-size` counts IPv4's header and UDP's

const KNOCK_COMMENT = `${OUR_COMMENT}knock`;

/** The statements of the fallback, apart from its rules of chain input; none without a fallback. */
export function fallbackRules(setup: Setup): readonly Statement[] {
  const { fallback, services, sliding } = setup;
  if (fallback === undefined) return [];
  const forwards = services.flatMap((service) => {
    const { inside } = service;
    return inside === undefined
      ? []
      : GATES.map((gate) => forwardRule(setup, service, inside, gate));
  });
  return [
    comment('', ...CAUTIONS[fallback.kind]),
    knockRules(fallback),
    comment(
      '',
      `A knock puts its source on the list ${KNOCKED.list}, not on those of fwknopd, where its time could`,
      `shorten that of an entry. Addresses in ${ALWAYS.list} need no knock: single ones, ranges and prefixes,`,
      `such as ${ADDRESS_LIST}/add list=${ALWAYS.list} address=198.51.100.0/24`,
    ),
    ...fallback.always.map((address) =>
      addOnce(ADDRESS_LIST, `always ${address}`, { list: ALWAYS.list, address }),
    ),
    ...forwards,
    ...(sliding ? services.map((service) => slideRule(setup, service, KNOCKED)) : []),
  ];
}

/** The rules of chain input by which the router looks for knocks, and lets their sources in. */
export function fallbackInput(setup: Setup): readonly Arguments[] {
  if (setup.fallback === undefined) return [];
  const jumps = (['tcp', 'udp'] as const).map((protocol) => ({
    chain: 'input',
    action: 'jump',
    'jump-target': KNOCK_CHAIN,
    ...inInterface(setup),
    protocol,
    'connection-state': 'new',
    comment: `${KNOCK_COMMENT} ${protocol}`,
  }));
  const own = setup.services.filter(({ inside }) => inside === undefined);
  return [
    ...jumps,
    ...own.flatMap((service) => GATES.map((gate) => acceptRule(setup, service, gate))),
  ];
}

/** The limits of each kind's protection. */
const CAUTIONS: Readonly<Record<Fallback['kind'], readonly string[]>> = {
  sequence: [
    'Fallback: ports in order. Weaker than SPA: anybody who sees the knocks can repeat them,',
    'indefinitely and from anywhere. A port scan touches other ports too and is barred.',
  ],
  payload: [
    'Fallback: one UDP packet with an exact text. Weaker than SPA: anybody who sees the packet can send',
    'it again, indefinitely and from anywhere, and it holds the text in the clear. No scan sends it.',
  ],
  secret: [
    'Fallback: UDP packets, each with the hash of a passphrase. Weaker than SPA: anybody who sees the',
    'packets can send them again, indefinitely and from anywhere: the hash is as good as the passphrase.',
    'A weak passphrase can be found from its hash, which stands below. No scan sends it.',
  ],
};

function knockRules(fallback: Fallback): Statement {
  const stages = stagesOf(fallback);
  const isStaged = stages.length > 1;
  const add = (rule: Arguments) => command(`${FILTER}/add`, rule);
  const rules = [
    comment('Remove what an import may have left that ended half-way.'),
    ...[FILTER, LAYER7].map((menu) =>
      command(`${menu}/remove`, {}, findByComment(menu, `${KNOCK_COMMENT} `)),
    ),
    ...patterns(fallback),
    ...(isStaged
      ? [
          comment('A source that touched a wrong port passes no stage for a while.'),
          add({
            chain: KNOCK_CHAIN,
            action: 'return',
            'src-address-list': PENALTY,
            comment: `${KNOCK_COMMENT} penalty`,
          }),
          comment('The last stage first, so that no packet passes two.'),
        ]
      : []),
    ...stages
      .map((stage, index) => stageRules(stage, index, stages.length, STAGE_TIME[fallback.kind]))
      .reverse()
      .flat(),
    ...(isStaged ? [comment('Not the next knock: a wrong port.')] : []),
    ...stages.slice(1).map((_, index) =>
      add({
        chain: KNOCK_CHAIN,
        ...addTo(PENALTY, PENALTY_TIME),
        'src-address-list': stageList(index),
        comment: `${KNOCK_COMMENT} astray after ${index + 1}`,
      }),
    ),
  ];
  // The jumps are added at the end of the script, so that no packet enters an unfinished chain. The last
  // of them tells that an import went through. Other knocks than before need an undo: the script says so.
  return when(isEmpty(find(FILTER, { comment: `${KNOCK_COMMENT} udp` })), rules, [
    put(
      'the rules of the fallback exist already and stay as they are. If they are for other knocks,',
    ),
    put('import the script that init --undo prints, and then this one again.'),
  ]);
}

/** The matchers of each knock. */
function stagesOf(fallback: Fallback): readonly Arguments[] {
  switch (fallback.kind) {
    case 'sequence':
      return fallback.knocks.map(portOf);
    case 'secret':
      return fallback.knocks.map((knock, index) => ({
        ...portOf(knock),
        ...exactly(fallback.hashes[index] ?? ''),
      }));
    case 'payload':
      return [
        {
          ...portOf(fallback.knock),
          ...(fallback.layer7 ? { 'layer7-protocol': PATTERN } : exactly(fallback.text)),
        },
      ];
  }
}

/** `content` matches anywhere in a packet; together with the exact length it is the whole payload. */
function exactly(text: string): Arguments {
  return { content: text, 'packet-size': String(UDP_OVERHEAD + text.length) };
}

function portOf({ protocol, port }: Knock): Arguments {
  return { protocol, 'dst-port': String(port) };
}

function patterns(fallback: Fallback): readonly Statement[] {
  if (fallback.kind !== 'payload' || !fallback.layer7) return [];
  return [
    comment(
      'Layer 7 costs much time and memory, ignores the case of letters, and looks at the first 10',
      'packets or 2 KB of a connection, which should be seen in both directions.',
    ),
    command(`${LAYER7}/add`, {
      name: PATTERN,
      regexp: `^${fallback.text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')}$`,
      comment: `${KNOCK_COMMENT} text`,
    }),
  ];
}

function stageRules(
  matchers: Arguments,
  index: number,
  count: number,
  stageTime: number,
): readonly Statement[] {
  const isLast = index === count - 1;
  const rule: Arguments = {
    ...matchers,
    ...(index === 0 ? {} : { 'src-address-list': stageList(index - 1) }),
    comment: `${KNOCK_COMMENT} ${index + 1} of ${count}`,
  };
  const added = isLast ? addTo(KNOCKED.list, OPEN_TIME) : addTo(stageList(index), stageTime);
  return [added, { action: 'return' }].map((action) =>
    command(`${FILTER}/add`, { chain: KNOCK_CHAIN, ...action, ...rule }),
  );
}

function addTo(list: string, seconds: number): Arguments {
  return {
    action: 'add-src-to-address-list',
    'address-list': list,
    'address-list-timeout': formatDuration(seconds),
  };
}

/** The list of the sources that have passed a stage, counted from 0. */
function stageList(index: number): string {
  return `FWKNOP_KNOCK_${index + 1}`;
}
