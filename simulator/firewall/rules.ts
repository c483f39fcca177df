/** Firewall rules from their named arguments; an argument that is not known here is an error. */
import { parseDuration } from '../api/durations';
import { type Matcher, readMatcher } from './matchers';

/** A command of a script that adds an item to a menu: `/ip/firewall/filter`, without the `/add`. */
export interface Addition {
  readonly menu: string;
  readonly named: Readonly<Record<string, string>>;
}

export const RULE_MENUS = [
  '/ip/firewall/filter',
  '/ip/firewall/nat',
  '/ipv6/firewall/filter',
  '/ipv6/firewall/nat',
] as const;
export type RuleMenu = (typeof RULE_MENUS)[number];

export type Action =
  | { readonly kind: 'accept' | 'drop' | 'reject' | 'tarpit' | 'passthrough' | 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'dst-nat'; readonly address: string; readonly port: number | undefined }
  | {
      readonly kind: 'add-src-to-address-list';
      readonly list: string;
      /** As RouterOS spells it; `0` until reboot; undefined: for good. */
      readonly timeout: string | undefined;
    };

export interface Rule {
  readonly menu: RuleMenu;
  readonly chain: string;
  /** All must match. */
  readonly matchers: readonly Matcher[];
  readonly action: Action;
}

/** Arguments of a rule that match nothing and do nothing. */
const REMARKS = ['comment', 'log', 'log-prefix'];

/** The arguments of each action, beside those of every rule. */
const OF_ACTION: Readonly<Record<Action['kind'], readonly string[]>> = {
  accept: [],
  drop: [],
  reject: [],
  tarpit: [],
  passthrough: [],
  return: [],
  jump: ['jump-target'],
  'dst-nat': ['to-addresses', 'to-ports'],
  'add-src-to-address-list': ['address-list', 'address-list-timeout'],
};

const ONLY_IN_NAT = ['dst-nat'];
const ONLY_IN_FILTER = ['drop', 'reject', 'tarpit'];

/**
 * Reads a rule.
 *
 * @param patterns the layer-7 protocols that there are by now
 * @returns undefined for a rule that is disabled. Throws Error
 */
export function readRule(
  menu: RuleMenu,
  named: Addition['named'],
  patterns: ReadonlyMap<string, RegExp>,
): Rule | undefined {
  const { chain, action: kind = 'accept', disabled = 'no', ...others } = named;
  if (chain === undefined) throw new Error(`${menu}: a rule without chain`);
  if (!isAction(kind)) throw new Error(`${menu}: action=${kind} is not known here`);
  const wrong = menu.endsWith('/nat') ? ONLY_IN_FILTER : ONLY_IN_NAT;
  if (wrong.includes(kind)) throw new Error(`${menu}: no place for action=${kind}`);
  const matchers: Matcher[] = [];
  for (const [name, value] of Object.entries(others)) {
    if (REMARKS.includes(name) || OF_ACTION[kind].includes(name)) continue;
    matchers.push(readMatcher(name, value, others.protocol, patterns));
  }
  const rule = { menu, chain, matchers, action: readAction(kind, others) };
  if (disabled !== 'no' && disabled !== 'yes') throw new Error(`disabled=${disabled}`);
  return disabled === 'yes' ? undefined : rule;
}

function isAction(kind: string): kind is Action['kind'] {
  return Object.hasOwn(OF_ACTION, kind);
}

function readAction(kind: Action['kind'], named: Addition['named']): Action {
  const needed = (name: string): string => {
    const value = named[name];
    if (!value) throw new Error(`action=${kind} needs ${name}=`);
    return value;
  };
  switch (kind) {
    case 'jump':
      return { kind, chain: needed('jump-target') };
    case 'dst-nat': {
      const port = named['to-ports'];
      const address = needed('to-addresses');
      return { kind, address, port: port === undefined ? undefined : Number(port) };
    }
    case 'add-src-to-address-list':
      return { kind, list: needed('address-list'), timeout: readTimeout(named) };
    default:
      return { kind };
  }
}

/** [C] Left out it means none-dynamic, until reboot. */
function readTimeout({ 'address-list-timeout': text = 'none-dynamic' }: Addition['named']) {
  if (text === 'none-static') return undefined;
  if (text === 'none-dynamic') return '0';
  if (parseDuration(text) === undefined) throw new Error(`address-list-timeout=${text}`);
  return text;
}
