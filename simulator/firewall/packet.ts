/** Packets of TCP and UDP as the firewall sees them, read from the bytes of IPv4 and IPv6. */
import type { Family } from '../api/addresses';

export interface Packet {
  readonly family: Family;
  /** Addresses in their canonical forms. */
  readonly src: string;
  readonly dst: string;
  readonly protocol: 'tcp' | 'udp';
  readonly srcPort: number;
  readonly dstPort: number;
  readonly payload: Buffer;
  /** Bytes, the headers of IP and TCP or UDP included: what `packet-size` compares. */
  readonly length: number;
  /** Of TCP alone; empty for UDP. */
  readonly flags: ReadonlySet<TcpFlag>;
}

const TCP_FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg'] as const; // from the lowest bit
export type TcpFlag = (typeof TCP_FLAGS)[number];

const PROTOCOLS: ReadonlyMap<number, Packet['protocol']> = new Map([
  [6, 'tcp'],
  [17, 'udp'],
]);

/**
 * Reads a packet from its IP header on.
 *
 * @returns undefined for what is neither TCP nor UDP, is cut short, or is a later fragment
 */
export function decodePacket(bytes: Buffer): Packet | undefined {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4 && bytes.length >= 20) return decodeIPv4(bytes);
  if (version === 6 && bytes.length >= 40) return decodeIPv6(bytes);
  return undefined;
}

function decodeIPv4(bytes: Buffer): Packet | undefined {
  const length = bytes.readUInt16BE(2);
  const isFirstFragment = (bytes.readUInt16BE(6) & 0x1fff) === 0;
  if (!isFirstFragment || length > bytes.length) return undefined;
  const header = (bytes[0]! & 0x0f) * 4;
  const v4 = (start: number) => [...bytes.subarray(start, start + 4)].join('.');
  const ip = { family: 'v4', src: v4(12), dst: v4(16), length } as const;
  return decodeTransport(ip, bytes[9]!, bytes.subarray(header, length));
}

function decodeIPv6(bytes: Buffer): Packet | undefined {
  const length = 40 + bytes.readUInt16BE(4);
  if (length > bytes.length) return undefined;
  const ip = { family: 'v6', src: v6(bytes, 8), dst: v6(bytes, 24), length } as const;
  return decodeTransport(ip, bytes[6]!, bytes.subarray(40, length));
}

function v6(bytes: Buffer, start: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(start + 2 * index));
  const text = groups.map((group) => group.toString(16)).join(':');
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

function decodeTransport(
  ip: Pick<Packet, 'family' | 'src' | 'dst' | 'length'>,
  number: number,
  bytes: Buffer,
): Packet | undefined {
  const protocol = PROTOCOLS.get(number);
  const least = protocol === 'tcp' ? 20 : 8;
  if (protocol === undefined || bytes.length < least) return undefined;
  const [header, bits] = protocol === 'tcp' ? [(bytes[12]! >> 4) * 4, bytes[13]!] : [8, 0];
  return {
    ...ip,
    protocol,
    srcPort: bytes.readUInt16BE(0),
    dstPort: bytes.readUInt16BE(2),
    payload: bytes.subarray(header),
    flags: new Set(TCP_FLAGS.filter((_, bit) => (bits >> bit) & 1)),
  };
}
