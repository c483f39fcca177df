import { parseService, type Service } from '../access/service';
import { BadValue } from '../common/values';

/** One packet to one port. */
export type Knock = Service;

/** Reads a knock as it stands on a command line: `tcp/1337`. @throws BadValue */
export function readKnock(text: string): Knock {
  const knock = parseService(text);
  // The text is not repeated: it may be a passphrase whose option was forgotten.
  if (knock === undefined) throw new BadValue('expected tcp/PORT or udp/PORT, ports 1-65535');
  return knock;
}
