import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** An IP address in canonical form: dotted decimal, or RFC 5952. */
export interface Address {
  readonly family: 4 | 6;
  readonly text: string;
}

/** A set of networks, such as the sources that a configuration grants. */
export interface Networks {
  has(address: Address): boolean;
}

/**
 * Reads an IP address: IPv4 only as canonical dotted decimal (no leading zeros, which some readers
 * take for octal), IPv6 in any spelling without a zone id.
 *
 * @returns undefined when the text is no such address
 */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, text };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  // The URL standard serialises IPv6 hosts as RFC 5952 does.
  return { family: 6, text: new URL(`http://[${text}]`).hostname.slice(1, -1) };
}

/**
 * Says why an address cannot be the source of an access request: on the router it would open the
 * door to nobody or to something that is no host.
 *
 * @returns undefined when it can be one
 */
export function unfitSource(address: Address): string | undefined {
  return address.family === 4 ? unfitIPv4(address.text) : unfitIPv6(address.text);
}

function unfitIPv4(text: string): string | undefined {
  const first = Number.parseInt(text, 10);
  if (first === 0) return '0.0.0.0/8 is no host';
  if (first === 127) return 'a loopback address';
  if (text === '255.255.255.255') return 'the broadcast address';
  if (first >= 240) return 'a reserved address';
  if (first >= 224) return 'a multicast address';
  return undefined;
}

function unfitIPv6(text: string): string | undefined {
  if (text === '::') return 'the unspecified address';
  if (text === '::1') return 'a loopback address';
  if (/^ff[0-9a-f]{2}:/.test(text)) return 'a multicast address';
  // RouterOS's IPv4 list refuses this form, and its IPv6 list would never match such traffic.
  if (/^::ffff:[^:]+:[^:]+$/.test(text)) return 'an IPv4-mapped address: write it as IPv4';
  return undefined;
}

/**
 * Reads networks in CIDR notation (`192.0.2.0/24`, `2001:db8::/32`); an address alone is itself.
 *
 * @returns the set, or the first text that is no network
 */
export function parseNetworks(
  texts: readonly string[],
): Networks | { readonly unreadable: string } {
  // One list a family: a BlockList compares an IPv4 address with IPv6 networks too, as ::ffff:a.b.c.d.
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const text of texts) {
    const [, host = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const network = parseAddress(host);
    const bits = network?.family === 4 ? 32 : 128;
    const prefix = length === undefined ? bits : Number(length);
    if (network === undefined || prefix > bits) return { unreadable: text };
    lists[network.family].addSubnet(network.text, prefix, familyName(network));
  }
  return { has: (address) => lists[address.family].check(address.text, familyName(address)) };
}

function familyName(address: Address): 'ipv4' | 'ipv6' {
  return address.family === 4 ? 'ipv4' : 'ipv6';
}
