/**
 * Rules of the three kinds of fallback, written by hand. A rule matches one source list only: hence the
 * chain of its own, which a source in the penalty list leaves at once.
 */
import type { Addition } from './rules';

export const DOOR = 'FWKNOP_6_22';
export const PENALTY = 'KNOCK_PENALTY';

/** Short, so that tests need not wait; real ones are longer. */
const [STAGE_TIME, PENALTY_TIME, DOOR_TIME] = ['2s', '3s', '4s'];

interface Knock {
  readonly [matcher: string]: string;
}

const filter = (named: Record<string, string>): Addition => ({
  menu: '/ip/firewall/filter',
  named,
});

const addTo = (list: string, time: string) => ({
  action: 'add-src-to-address-list',
  'address-list': list,
  'address-list-timeout': time,
});

const stage = (number: number) => `KNOCK_${number}`;

/** The last stage first, so that no packet passes two; then the penalty for any other packet. */
export function staged(knocks: readonly Knock[]): readonly Addition[] {
  const chain = 'knock';
  const rules = knocks.map((knock, index) => {
    const before = index === 0 ? {} : { 'src-address-list': stage(index) };
    const isLast = index === knocks.length - 1;
    const added = isLast ? addTo(DOOR, DOOR_TIME) : addTo(stage(index + 1), STAGE_TIME);
    return [
      filter({ chain, ...added, ...before, ...knock }),
      filter({ chain, action: 'return', ...before, ...knock }),
    ];
  });
  const penalties = knocks
    .slice(1)
    .map((_, index) =>
      filter({ chain, ...addTo(PENALTY, PENALTY_TIME), 'src-address-list': stage(index + 1) }),
    );
  return [
    ...ESTABLISHED,
    ...['tcp', 'udp'].map((protocol) =>
      filter({ ...INPUT, action: 'jump', 'jump-target': chain, protocol, ...FROM_WAN }),
    ),
    filter({ chain, action: 'return', 'src-address-list': PENALTY }),
    ...rules.reverse().flat(),
    ...penalties,
    ...LAST,
  ];
}

const INPUT = { chain: 'input' };
const FROM_WAN = { 'in-interface-list': 'WAN', 'connection-state': 'new' };

const ESTABLISHED: readonly Addition[] = [
  filter({ ...INPUT, action: 'accept', 'connection-state': 'established,related,untracked' }),
  filter({ ...INPUT, action: 'drop', 'connection-state': 'invalid' }),
  filter({
    ...INPUT,
    action: 'accept',
    protocol: 'tcp',
    'dst-port': '22',
    'src-address-list': DOOR,
  }),
];

/** The always allowed, and the drop that ends RouterOS's default chain. */
const LAST: readonly Addition[] = [
  { menu: '/ip/firewall/address-list', named: { list: 'ALWAYS', address: '203.0.113.128/26' } },
  {
    menu: '/ip/firewall/address-list',
    named: { list: 'ALWAYS', address: '203.0.113.20-203.0.113.22' },
  },
  { menu: '/ip/firewall/address-list', named: { list: 'ALWAYS', address: '198.51.100.7' } },
  filter({
    ...INPUT,
    action: 'accept',
    protocol: 'tcp',
    'dst-port': '22',
    'src-address-list': 'ALWAYS',
  }),
  filter({ ...INPUT, action: 'drop', 'in-interface-list': '!LAN', comment: 'drop all' }),
];

export function sequence(...knocks: readonly string[]): readonly Addition[] {
  return staged(knocks.map(portOf));
}

/** UDP packets with these contents and nothing else. */
export function contents(...knocks: readonly (readonly [knock: string, content: string])[]) {
  return staged(
    knocks.map(([knock, content]) => ({
      ...portOf(knock),
      content,
      'packet-size': String(28 + content.length), // IP's 20 bytes, and UDP's 8
    })),
  );
}

/** The same by layer 7. */
export function layer7(knock: string, regexp: string): readonly Addition[] {
  const pattern = { menu: '/ip/firewall/layer7-protocol', named: { name: 'knock', regexp } };
  return [pattern, ...staged([{ ...portOf(knock), 'layer7-protocol': 'knock' }])];
}

function portOf(knock: string): Knock {
  const [protocol = '', port = ''] = knock.split('/');
  return { protocol, 'dst-port': port };
}
