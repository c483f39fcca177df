/** Rules × a packet → the changes of lists, and the verdict. No clock, no socket: the lists have theirs. */
import { Connections, type Tracked } from './connections';
import { addToList, type Lists } from './lists';
import type { Packet } from './packet';
import {
  type Action,
  type Addition,
  RULE_MENUS,
  type Rule,
  type RuleMenu,
  readRule,
} from './rules';

/** The fate of a packet. */
export interface Judgement {
  readonly verdict: 'accept' | 'drop';
  /** The chain that decided: `forward` for what was led on to another host. */
  readonly chain: 'input' | 'forward';
  /** Where action=dst-nat led the packet. */
  readonly to: { readonly address: string; readonly port: number } | undefined;
  /** The lists that the source was added to, or had its time renewed in, in that order. */
  readonly added: readonly string[];
}

/** The end of a walk through a chain. */
type End = { readonly kind: 'accept' | 'drop' } | Extract<Action, { kind: 'dst-nat' }>;

interface Walk {
  readonly packet: Packet;
  readonly tracked: Tracked;
  readonly added: string[];
}

const MOST_JUMPS = 20;

export class Engine {
  private readonly rules: Rule[] = [];
  private readonly patterns = new Map<string, RegExp>();
  private readonly connections = new Connections();

  /**
   * @param additions in the order in which the router has them; static entries go to the lists
   * @param interfaceLists the interface lists of the interface that packets come through
   * @param interfaceName that interface
   * Throws Error for anything that is not known here
   */
  constructor(
    additions: readonly Addition[],
    private readonly lists: Lists,
    private readonly interfaceLists: readonly string[] = ['WAN'],
    private readonly interfaceName = 'ether1',
  ) {
    for (const addition of additions) this.add(addition);
    for (const { action, menu } of this.rules) {
      if (action.kind === 'jump' && this.chain(menu, action.chain).length === 0) {
        throw new Error(`${menu}: no chain ${action.chain}`);
      }
    }
  }

  /** Sends a packet to the router through its rules. */
  judge(packet: Packet): Judgement {
    const tracked = this.connections.track(packet);
    const walk: Walk = { packet, tracked, added: [] };
    const firewall = packet.family === 'v4' ? '/ip/firewall' : '/ipv6/firewall';
    // [C] Destination NAT comes before the filter, and sees the first packet of a connection alone.
    const nat = tracked.state === 'new' ? this.walk(`${firewall}/nat`, 'dstnat', walk) : undefined;
    const isLed = nat?.kind === 'dst-nat';
    const chain = isLed ? 'forward' : 'input';
    const end = this.walk(`${firewall}/filter`, chain, walk);
    const verdict = end?.kind === 'drop' ? 'drop' : 'accept'; // [C] a chain's end accepts
    if (verdict === 'accept') tracked.confirm();
    const to = isLed ? { address: nat.address, port: nat.port ?? packet.dstPort } : undefined;
    return { verdict, chain, to, added: walk.added };
  }

  private add({ menu, named }: Addition): void {
    if (menu === '/ip/firewall/layer7-protocol') this.addPattern(named);
    else if (menu === '/ip/firewall/address-list')
      this.lists.v4.add(new Map(Object.entries(named)));
    else if (menu === '/ipv6/firewall/address-list') {
      this.lists.v6.add(new Map(Object.entries(named)));
    } else {
      const ruleMenu = RULE_MENUS.find((name) => name === menu);
      if (ruleMenu === undefined) throw new Error(`the menu ${menu} is not known here`);
      const rule = readRule(ruleMenu, named, this.patterns);
      if (rule !== undefined) this.rules.push(rule);
    }
  }

  /** [C] The case of letters means nothing to layer 7. That its `^` is the data's start is [I]. */
  private addPattern({ name, regexp, comment: _, ...others }: Addition['named']): void {
    const unknown = Object.keys(others);
    if (!name || !regexp || unknown.length > 0) {
      throw new Error(`layer7-protocol: not known here: ${unknown.join(', ')}`);
    }
    if (this.patterns.has(name)) throw new Error(`layer7-protocol: ${name} is there already`);
    this.patterns.set(name, new RegExp(regexp, 'i'));
  }

  private chain(menu: RuleMenu, chain: string): readonly Rule[] {
    return this.rules.filter((rule) => rule.menu === menu && rule.chain === chain);
  }

  /** @returns undefined at the end of the chain, and where a rule returns from it */
  private walk(menu: RuleMenu, chain: string, walk: Walk, depth = 0): End | undefined {
    if (depth > MOST_JUMPS) throw new Error(`${menu}: the chain ${chain} jumps in a circle`);
    const { packet, tracked, added } = walk;
    const { lists, interfaceLists, interfaceName } = this;
    const { state, collected } = tracked;
    for (const { matchers, action } of this.chain(menu, chain)) {
      const sight = { packet, lists, state, collected, interfaceLists, interfaceName };
      if (!matchers.every((match) => match(sight))) continue;
      switch (action.kind) {
        case 'add-src-to-address-list': // [C] It does not end the chain.
          addToList(lists, action.list, packet.family, packet.src, action.timeout);
          added.push(action.list);
          break;
        case 'passthrough':
          break;
        case 'return':
          return undefined;
        case 'jump': {
          const end = this.walk(menu, action.chain, walk, depth + 1);
          if (end !== undefined) return end;
          break;
        }
        case 'dst-nat':
          return action;
        default:
          return { kind: action.kind === 'accept' ? 'accept' : 'drop' };
      }
    }
    return undefined;
  }
}
