/**
 * How RouterOS stores the `address` of an address-list entry. [C] MikroTik's manual, "Address
 * lists", section "Addresses, prefixes and ranges", unless marked otherwise.
 */
import { isIPv4, isIPv6 } from 'node:net';

/** The two menus: /ip/firewall/address-list and /ipv6/firewall/address-list. */
export type Family = 'v4' | 'v6';

/** How a single IPv6 address is stored: the manual says as a /128. */
export type Ipv6Form = 'prefixed' | 'plain';

/**
 * The form in which the router stores an address; two spellings of one address become equal.
 * @returns undefined for what is no address, prefix or (v4) range: RouterOS takes that for a DNS
 *   name
 */
export function normaliseAddress(text: string, family: Family, form: Ipv6Form): string | undefined {
  if (family === 'v6') return normaliseV6(text, form);
  const range = text.split('-');
  if (range.length === 2 && range.every(isIPv4)) return v4Range(range[0]!, range[1]!);
  const [address = '', length = 32] = splitPrefix(text);
  return isIPv4(address) && length <= 32 ? v4Network(v4Number(address), length) : undefined;
}

/** `address/length` → both; a text without a length → itself only. */
function splitPrefix(text: string): [string, number?] {
  const [, address, length] = /^(.*)\/(\d{1,3})$/.exec(text) ?? [];
  return address === undefined ? [text] : [address, Number(length)];
}

function v4Number(address: string): number {
  return address.split('.').reduce((value, byte) => value * 256 + Number(byte), 0);
}

function v4Text(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

/** The network of an address; a /32 is written without its length. */
function v4Network(value: number, length: number): string {
  const network = v4Text(value - (value % 2 ** (32 - length)));
  return length === 32 ? network : `${network}/${length}`;
}

/** A range that is exactly one prefix becomes that prefix. */
function v4Range(from: string, to: string): string {
  const [first, last] = [v4Number(from), v4Number(to)];
  const length = 32 - Math.log2(last - first + 1);
  const isPrefix = Number.isInteger(length) && first % 2 ** (32 - length) === 0;
  return isPrefix ? v4Network(first, length) : `${from}-${to}`;
}

function normaliseV6(text: string, form: Ipv6Form): string | undefined {
  const [address, length = 128] = splitPrefix(text);
  // A zone (fe80::1%ether1) is no part of an address here [I zone].
  if (!isIPv6(address) || address.includes('%') || length > 128) return undefined;
  const network = v6Groups(address).map((group, index) => {
    const bitsKept = Math.min(Math.max(length - 16 * index, 0), 16);
    return group - (group % 2 ** (16 - bitsKept));
  });
  const canonical = compress(network.map((group) => group.toString(16)).join(':'));
  return length === 128 && form === 'plain' ? canonical : `${canonical}/${length}`;
}

/** The eight groups of an IPv6 address. */
function v6Groups(address: string): number[] {
  const [head, tail] = compress(address)
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))));
  if (!tail) return head!;
  return [...head!, ...Array<number>(8 - head!.length - tail.length).fill(0), ...tail];
}

/** The canonical form (RFC 5952) with hexadecimal groups only; the URL parser knows it. */
function compress(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
