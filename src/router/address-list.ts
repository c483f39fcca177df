import { networkText, parseNetwork } from '../access/address';
import type { Grant } from '../access/grant';
import { PROTOCOL_NUMBER, serviceName } from '../access/service';
import { formatDuration, parseRouterDuration } from '../common/duration';

/** An address list entry to add. */
export interface Entry {
  readonly menu: '/ip/firewall/address-list' | '/ipv6/firewall/address-list';
  readonly list: string;
  readonly address: string;
  /** Whole seconds, at least 1. */
  readonly timeout: number;
  readonly comment: string;
}

/** The entry of an opening, and the names by which messages call it. */
export interface OpeningEntry extends Entry {
  /** Such as `tcp/22`. */
  readonly service: string;
  /** The list, and the client where there is one: `FWKNOP_6_22, phone`. */
  readonly label: string;
}

/** An address list entry as the router has it. */
export interface ExistingEntry {
  readonly id: string;
  readonly disabled: boolean;
  /** Whole seconds left; undefined for an entry without an end, NaN where its text is unknown. */
  readonly left: number | undefined;
}

/** The fields of an entry that `findExisting` needs. */
export const ENTRY_FIELDS = ['.id', 'list', 'address', 'timeout', 'disabled'] as const;

/** The attributes of a command: `{ list: 'FWKNOP_6_22' }` goes out as the word `=list=FWKNOP_6_22`. */
export type Attributes = Readonly<Record<string, string>>;

/**
 * Makes the entry that opens the service of a grant. IPv6 has a menu and lists of its own; the IPv4 one
 * refuses it (RouterOS manual, Firewall/Address-lists).
 *
 * @param listTemplate with {proto} and {port} in it
 * @param commentTemplate with {client} in it
 */
export function entryFor(
  grant: Grant,
  listTemplate: string,
  commentTemplate: string,
): OpeningEntry {
  const { source, client, timeout } = grant;
  const list = listTemplate
    .replaceAll('{proto}', String(PROTOCOL_NUMBER[grant.protocol]))
    .replaceAll('{port}', String(grant.port));
  return {
    menu: source.family === 4 ? '/ip/firewall/address-list' : '/ipv6/firewall/address-list',
    list,
    address: grant.network,
    timeout,
    // Without a client, the space before the placeholder goes as well.
    comment:
      client === undefined
        ? commentTemplate.replace(/ ?\{client\}/g, '')
        : commentTemplate.replaceAll('{client}', client),
    service: serviceName(grant),
    label: client === undefined ? list : `${list}, ${client}`,
  };
}

/** The attributes of an entry's `add`, always with a timeout: without one, it would stay indefinitely. */
export function addAttributes(entry: Entry): Attributes {
  const { list, address, timeout, comment } = entry;
  return { list, address, timeout: formatDuration(timeout), comment };
}

/**
 * The query of a `print` that returns an entry alone: a whole list may be too long to read. RouterOS
 * stores a single IPv6 address with its prefix length [C]; the query takes either form.
 */
export function entryQuery({ list, address }: Entry): readonly string[] {
  const isOneIpv6 = address.includes(':') && !address.includes('/');
  const byAddress = isOneIpv6
    ? [`?address=${address}`, `?address=${address}/128`, '?#|']
    : [`?address=${address}`];
  return [`?list=${list}`, ...byAddress];
}

/**
 * Finds an entry among the rows of a `print` of its list. RouterOS writes a single IPv6 address with
 * its prefix length, `2001:db8::1/128`, a single IPv4 address without it, and a network in CIDR
 * notation, also where it was a range (RouterOS manual, Firewall/Address-lists); every form matches.
 *
 * @returns undefined when no row is this entry
 */
export function findExisting(entry: Entry, rows: readonly Attributes[]): ExistingEntry | undefined {
  const row = rows.find(
    ({ list, address = '' }) => list === entry.list && textOf(address) === entry.address,
  );
  const id = row?.['.id'];
  if (row === undefined || id === undefined) return undefined;
  return {
    id,
    disabled: row.disabled === 'true' || row.disabled === 'yes',
    left: row.timeout === undefined ? undefined : (parseRouterDuration(row.timeout) ?? Number.NaN),
  };
}

/** @returns undefined for what is no network: a DNS name, or a range */
function textOf(address: string): string | undefined {
  const network = parseNetwork(address);
  return network && networkText(network);
}
