/**
 * Doors on the router itself, for when fwknopd's machine is down: rules that open the same address
 * lists for who knocks. What a rule can do decides how they are built (RouterOS manual, Filter and
 * Common Firewall Matchers and Actions):
 *
 * - A rule looks at one source list only: so the penalty is judged first, in a chain of its own.
 * - Adding to a list does not end a chain, and the next rule sees it: so the last stage stands first,
 *   and a packet that was a knock leaves at once. No packet passes two stages.
 * - Nothing takes an address off a list: so a staged source that goes astray is barred by another
 *   list, for longer than any stage lasts.
 */
import { formatDuration } from '../common/duration';
import type { Knock } from '../knock/knocks';
import { alwaysAllowed } from './always-allowed';
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
import { beforeDrop, FILTER, listOf, OUR_COMMENT } from './rules';
import type { Fallback, Setup } from './setup';

const LAYER7 = '/ip/firewall/layer7-protocol';

const CHAIN = 'fwknop-knock';
const PATTERN = 'fwknop-knock';
const PENALTY = 'FWKNOP_KNOCK_PENALTY';

/** In seconds. With spknock a passphrase is typed between two knocks. */
const STAGE_TIME: Readonly<Record<Fallback['kind'], number>> = {
  sequence: 10,
  payload: 10,
  secret: 30,
};
const PENALTY_TIME = 60; // longer than any stage: whoever is barred starts anew
const OPEN_TIME = 300;

const UDP_OVERHEAD = 28; // bytes: `packet-size` counts IPv4's header and UDP's

const KNOCK_COMMENT = `${OUR_COMMENT}knock`;

/** The statements that make the doors; none where they are not asked for. */
export function fallbackRules(setup: Setup): readonly Statement[] {
  const { fallback } = setup;
  if (fallback === undefined) return [];
  return [
    comment('', ...CAUTIONS[fallback.kind]),
    knockRules(setup, fallback),
    ...alwaysAllowed(setup, fallback),
  ];
}

/** What each kind does not protect from. */
const CAUTIONS: Readonly<Record<Fallback['kind'], readonly string[]>> = {
  sequence: [
    'Fallback: ports in order. Weaker than SPA: whoever sees the knocks can repeat them, for ever and',
    'from anywhere. They keep out who does not see them: a scan touches other ports, and is barred.',
  ],
  payload: [
    'Fallback: one UDP packet with an exact text. Weaker than SPA: whoever sees the packet can send',
    'it again, for ever and from anywhere, and it holds the text in the clear. No scan sends it.',
  ],
  secret: [
    'Fallback: UDP packets, each with the hash of a passphrase. Weaker than SPA: whoever sees the',
    'packets can send them again, for ever and from anywhere: the hash is as good as the passphrase.',
    'A weak passphrase can be found from its hash, which stands below. No scan sends it.',
  ],
};

function knockRules(setup: Setup, fallback: Fallback): Statement {
  const stages = stagesOf(fallback);
  const isStaged = stages.length > 1;
  const add = (rule: Arguments) => command(`${FILTER}/add`, rule);
  // The jumps come last, so that no packet enters an unfinished chain; the last one is looked for.
  const rules = [
    comment('What an import may have left that ended half-way.'),
    ...[FILTER, LAYER7].map((menu) =>
      command(`${menu}/remove`, {}, findByComment(menu, KNOCK_COMMENT)),
    ),
    ...patterns(fallback),
    ...(isStaged
      ? [
          comment('Who touched a wrong port passes no stage for a while.'),
          add({
            chain: CHAIN,
            action: 'return',
            'src-address-list': PENALTY,
            comment: `${KNOCK_COMMENT} penalty`,
          }),
          comment('The last stage first, so that no packet passes two.'),
        ]
      : []),
    ...stages
      .map((stage, index) =>
        stageRules(setup, stage, index, stages.length, STAGE_TIME[fallback.kind]),
      )
      .reverse()
      .flat(),
    ...(isStaged ? [comment('No knock that was due: a wrong port.')] : []),
    ...stages.slice(1).map((_, index) =>
      add({
        chain: CHAIN,
        ...addTo(PENALTY, PENALTY_TIME),
        'src-address-list': stageList(index),
        comment: `${KNOCK_COMMENT} astray after ${index + 1}`,
      }),
    ),
    comment('New connections go there before they are dropped.'),
    ...beforeDrop([jump(setup, 'tcp'), jump(setup, 'udp')]),
  ];
  // Whoever changes a passphrase must not believe that the old one is of no use any more.
  return when(isEmpty(find(FILTER, { comment: jumpComment('udp') })), rules, [
    put('the fallback rules are there already and stay as they are. If they are for other knocks,'),
    put('import what init --undo prints, and then this once more.'),
  ]);
}

/** What matches each knock. */
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

/** `content` is to be found anywhere in a packet: with its exact length it is the whole. */
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
      'Layer 7 costs much time and memory, takes capitals and small letters for the same, and looks',
      'at the first 10 packets or 2 KB of a connection, which should be seen in both directions.',
    ),
    command(`${LAYER7}/add`, {
      name: PATTERN,
      regexp: `^${fallback.text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')}$`,
      comment: `${KNOCK_COMMENT} text`,
    }),
  ];
}

function stageRules(
  setup: Setup,
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
  const added = isLast
    ? [...new Set(setup.services.map((door) => listOf(setup, door)))].map((list) =>
        addTo(list, OPEN_TIME),
      )
    : [addTo(stageList(index), stageTime)];
  return [...added, { action: 'return' }].map((action) =>
    command(`${FILTER}/add`, { chain: CHAIN, ...action, ...rule }),
  );
}

function addTo(list: string, seconds: number): Arguments {
  return {
    action: 'add-src-to-address-list',
    'address-list': list,
    'address-list-timeout': formatDuration(seconds),
  };
}

/** Who has passed this stage, counted from 0. */
function stageList(index: number): string {
  return `FWKNOP_KNOCK_${index + 1}`;
}

function jump({ wan }: Setup, protocol: Knock['protocol']): Arguments {
  return {
    chain: 'input',
    action: 'jump',
    'jump-target': CHAIN,
    'in-interface-list': wan,
    protocol,
    'connection-state': 'new',
    comment: jumpComment(protocol),
  };
}

function jumpComment(protocol: Knock['protocol']): string {
  return `${KNOCK_COMMENT} ${protocol}`;
}
