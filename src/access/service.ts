/** The two protocols that fwknopd passes, by the names that RouterOS and people use. */
export type Protocol = 'tcp' | 'udp';

/** A port of a protocol: `tcp/22`. */
export interface Service {
  readonly protocol: Protocol;
  /** 1–65535 */
  readonly port: number;
}

/** A port, or a range of ports, of one protocol. */
export interface ServiceRange {
  readonly protocol: Protocol;
  readonly firstPort: number;
  readonly lastPort: number;
}

/** IP protocol numbers, as fwknopd passes them (IANA). */
export const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17 };

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ['6', 'tcp'],
  ['17', 'udp'],
  ['tcp', 'tcp'],
  ['udp', 'udp'],
]);

/** Reads `tcp`, `udp` or a protocol number; undefined for any other text. */
export function parseProtocol(text: string): Protocol | undefined {
  return PROTOCOLS.get(text);
}

/** Reads a port, 1–65535, in plain decimal; undefined for any other text. */
export function parsePort(text: string): number | undefined {
  const port = parseWholeNumber(text);
  return port !== undefined && port >= 1 && port <= 65535 ? port : undefined;
}

/** Reads a whole number in plain decimal: no plus sign, space, fraction or leading zero. */
export function parseWholeNumber(text: string): number | undefined {
  const number = Number(text);
  return Number.isSafeInteger(number) && String(number) === text ? number : undefined;
}

/** Reads `tcp/22`; undefined for any other text, protocol numbers included. */
export function parseService(text: string): Service | undefined {
  const [, name = '', digits = ''] = /^(tcp|udp)\/(.*)$/s.exec(text) ?? [];
  const [protocol, port] = [parseProtocol(name), parsePort(digits)];
  return protocol && port !== undefined ? { protocol, port } : undefined;
}

/** Names a service as the configuration does: `tcp/22`. */
export function serviceName({ protocol, port }: Service): string {
  return `${protocol}/${port}`;
}
