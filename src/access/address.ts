import { isIPv4, isIPv6 } from 'node:net';

/** An IP address in canonical form: dotted decimal, or RFC 5952. */
export interface Address {
  readonly family: 4 | 6;
  readonly text: string;
}

/** A set of networks, such as the sources that a configuration grants. */
export interface Networks {
  has(address: Address): boolean;
  /** The prefix length of the widest network that has an address; undefined when none has. */
  prefixOf(address: Address): number | undefined;
}

/** An IP network: an address in it, and how many first bits its addresses have in common. */
export interface Network {
  readonly address: Address;
  readonly prefix: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/**
 * Reads an IP address: IPv4 only as canonical dotted decimal (no leading zeros, which some readers
 * take for octal), IPv6 in any spelling without a zone id.
 *
 * @returns undefined when the text is no such address
 */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, text };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return { family: 6, text: canonicalIPv6(text) };
}

function canonicalIPv6(text: string): string {
  // The URL standard serialises IPv6 hosts as RFC 5952 does.
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/**
 * Reads a network in CIDR notation, `198.51.100.0/24`; bits after the prefix may be set. An address
 * alone is a network of its own.
 *
 * @returns undefined when the text is no network
 */
export function parseNetwork(text: string): Network | undefined {
  const [, host = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (address === undefined) return undefined;
  const prefix = length === undefined ? BITS[address.family] : Number(length);
  return prefix > BITS[address.family] ? undefined : { address, prefix };
}

/** Writes a network by its first address, `198.51.100.0/24`; a single address without a length. */
export function networkText({ address, prefix }: Network): string {
  const { family, text } = address;
  if (prefix >= BITS[family]) return text;
  const [size, parts] = family === 4 ? [8, text.split('.').map(Number)] : [16, groupsOf(text)];
  const masked = parts.map((part, index) => {
    const kept = Math.min(Math.max(prefix - size * index, 0), size);
    return part - (part % 2 ** (size - kept));
  });
  const first =
    family === 4
      ? masked.join('.')
      : canonicalIPv6(masked.map((group) => group.toString(16)).join(':'));
  return `${first}/${prefix}`;
}

/** The eight groups of an IPv6 address in canonical form. */
function groupsOf(text: string): readonly number[] {
  const [head = [], tail = []] = text
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16))));
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/**
 * Says why an address cannot be the source of an access request: it is no host, or no packet from the
 * Internet has it as its source.
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
  if (text.startsWith('169.254.')) return 'a link-local address';
  if (text === '255.255.255.255') return 'the broadcast address';
  if (first >= 240) return 'a reserved address';
  if (first >= 224) return 'a multicast address';
  return undefined;
}

function unfitIPv6(text: string): string | undefined {
  if (text === '::') return 'the unspecified address';
  if (text === '::1') return 'a loopback address';
  if (/^ff[0-9a-f]{2}:/.test(text)) return 'a multicast address';
  if (/^fe[89ab][0-9a-f]:/.test(text)) return 'a link-local address';
  // RouterOS's IPv4 list refuses this form, and its IPv6 list would never match such traffic.
  if (/^::ffff:[^:]+:[^:]+$/.test(text)) return 'an IPv4-mapped address: write it as IPv4';
  return undefined;
}

const PRIVATE_IPV4 =
  /^(?:10|172\.(?:1[6-9]|2\d|3[01])|192\.168|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;

/** Whether the Internet does not route an address (RFC 1918, RFC 6598, RFC 4193). */
export function isPrivate({ family, text }: Address): boolean {
  return family === 4 ? PRIVATE_IPV4.test(text) : /^f[cd][0-9a-f]{2}:/.test(text);
}

/**
 * Reads networks as `parseNetwork` does.
 *
 * @returns the set, or the first text that is no network
 */
export function parseNetworks(
  texts: readonly string[],
): Networks | { readonly unreadable: string } {
  const networks: (Network & { text: string })[] = [];
  for (const text of texts) {
    const network = parseNetwork(text);
    if (network === undefined) return { unreadable: text };
    networks.push({ ...network, text: networkText(network) });
  }
  const prefixOf = (address: Address): number | undefined => {
    const prefixes = networks
      .filter((network) => network.address.family === address.family)
      .filter(({ prefix, text }) => networkText({ address, prefix }) === text)
      .map(({ prefix }) => prefix);
    return prefixes.length === 0 ? undefined : Math.min(...prefixes);
  };
  return { prefixOf, has: (address) => prefixOf(address) !== undefined };
}
