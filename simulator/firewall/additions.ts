import type { Configuration } from '../script/configuration';
import { type Addition, RULE_MENUS } from './rules';

const OTHERS = ['/ip/firewall/layer7-protocol', '/ip/firewall/address-list'];

/** The part of a router's configuration that its firewall uses: patterns and entries before rules. */
export function additionsOf({ menus }: Configuration): readonly Addition[] {
  return [...OTHERS, ...RULE_MENUS].flatMap((menu) =>
    (menus[menu] ?? []).map(({ '.id': _id, dynamic: _dynamic, disabled, ...named }) => ({
      menu,
      named: { ...named, ...(disabled === 'true' ? { disabled: 'yes' } : {}) },
    })),
  );
}
