/** Removes the suite's own entries from a router, and no others. */
import { attributes } from '../../simulator/api/codec';
import { TEXT } from '../../simulator/api/replies';
import type { Conversation } from './conversation';

export const MENUS = {
  v4: '/ip/firewall/address-list',
  v6: '/ipv6/firewall/address-list',
} as const;
export type Family = keyof typeof MENUS;

/** An entry by the id that its add was answered with. */
export interface Added {
  readonly family: Family;
  readonly id: string;
}

/**
 * Removes what is in a list, as a user who may read.
 * @returns whether the list is known to be empty now
 */
export async function removeFound(admin: Conversation, list: string): Promise<boolean> {
  for (const menu of Object.values(MENUS)) {
    const ids = await idsIn(admin, menu, list);
    for (const id of ids) await admin.ask(`${menu}/remove`, `=.id=${id}`);
    if (ids.length > 0 && (await idsIn(admin, menu, list)).length > 0) return false;
  }
  return true;
}

/** Removes what is known by its id only, as a user who may not read. */
export async function removeAdded(writer: Conversation, added: readonly Added[]): Promise<void> {
  for (const { family, id } of added) await writer.ask(`${MENUS[family]}/remove`, `=.id=${id}`);
}

/** The ids of a list's entries; throws where the router does not answer the print as it should. */
async function idsIn(admin: Conversation, menu: string, list: string): Promise<string[]> {
  const replies = await admin.ask(`${menu}/print`, '=.proplist=.id,list', `?list=${list}`);
  if (!replies.some(([word]) => word === '!done' || word === '!empty'))
    throw new Error('no answer');
  if (replies.flat().some((word) => word.includes(TEXT.noPermission))) throw new Error('no read');
  return (
    replies
      .filter(([word]) => word === '!re')
      .map(attributes)
      // Looked at again here: a router that took no notice of the query would show everybody's.
      .filter((row) => row.get('list') === list)
      .flatMap((row) => row.get('.id') ?? [])
  );
}
