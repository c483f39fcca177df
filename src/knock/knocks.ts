import { portNumber } from '../access/access-request';
import { BadValue } from '../common/values';

/** One packet to one port. */
export interface Knock {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** Reads a knock as it stands on a command line: `tcp/1337`. @throws BadValue */
export function readKnock(text: string): Knock {
  const [, protocol = '', digits = ''] = /^([^/]*)\/(.*)$/s.exec(text) ?? [];
  const knock = makeKnock(protocol, digits);
  // Not repeated: it may be a passphrase that lost its option.
  if (knock === undefined) throw new BadValue('expected tcp/PORT or udp/PORT, ports 1-65535');
  return knock;
}

/** @returns undefined when there is no such protocol or port */
export function makeKnock(protocol: string, digits: string): Knock | undefined {
  const port = portNumber(digits);
  const isKnown = protocol === 'tcp' || protocol === 'udp';
  return isKnown && port !== undefined ? { protocol, port } : undefined;
}

/** Writes a knock as `readKnock` reads it. */
export function knockText({ protocol, port }: Knock): string {
  return `${protocol}/${port}`;
}
