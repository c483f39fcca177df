/** The address lists as the firewall uses them: whether an address is in one, and how a rule adds one. */
import { BlockList, isIP } from 'node:net';
import type { AddressList, Entry } from '../api/address-lists';
import { type Family, normaliseAddress } from '../api/addresses';

export type Lists = Readonly<Record<Family, AddressList>>;

/** Whether an address is in a list: as itself, or within a range or a prefix. */
export function isListed(lists: Lists, list: string, family: Family, address: string): boolean {
  return lists[family]
    .entries()
    .some((entry) => entry.list === list && !entry.disabled && covers(entry, family, address));
}

function covers(entry: Entry, family: Family, address: string): boolean {
  const type = family === 'v4' ? 'ipv4' : 'ipv6';
  const [, from = '', to, length] = /^([^-/]+)(?:-([^/]+)|\/(\d+))?$/.exec(entry.address) ?? [];
  if (isIP(from) === 0) return false; // a DNS name: no test resolves one
  const block = new BlockList();
  if (to !== undefined) block.addRange(from, to, type);
  else block.addSubnet(from, Number(length ?? (family === 'v4' ? 32 : 128)), type);
  return block.check(address, type);
}

/**
 * Does `action=add-src-to-address-list`. An address that is in the list already gets the rule's time
 * [C]; a permanent entry stays permanent [I].
 *
 * @param timeout as RouterOS spells it; `0` until reboot; undefined: for good
 */
export function addToList(
  lists: Lists,
  list: string,
  family: Family,
  address: string,
  timeout: string | undefined,
): void {
  const normal = (text: string) => normaliseAddress(text, family, 'plain');
  const known = lists[family]
    .entries()
    .find((entry) => entry.list === list && normal(entry.address) === normal(address));
  const time = timeout === undefined ? [] : ([['timeout', timeout]] as const);
  if (known === undefined) {
    lists[family].add(new Map([['list', list], ['address', address], ...time]));
  } else if (known.secondsLeft !== undefined) lists[family].set(known.id, new Map(time));
}
