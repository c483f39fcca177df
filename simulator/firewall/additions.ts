import type { Configuration } from '../script/configuration';
import { type Addition, RULE_MENUS } from './rules';

const OTHERS = ['/ip/firewall/layer7-protocol', '/ip/firewall/address-list'];

/** What a router is configured with that its firewall rests on: patterns and entries before rules. */
export function additionsOf({ menus }: Configuration): readonly Addition[] {
  return [...OTHERS, ...RULE_MENUS].flatMap((menu) =>
    (menus[menu] ?? []).map(({ '.id': _id, dynamic: _dynamic, ...named }) => ({ menu, named })),
  );
}
