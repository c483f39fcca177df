import type { Knock } from '../knock/knocks';

/*
 * The port scans that no sequence of knocks may follow. A scan sends packets to ports at a fixed step of
 * 1 to 10, up or down,
 *
 * - of one protocol, or
 * - of both protocols, port by port, or
 * - of one protocol after the other, each over the same range, which has two of the usual ends.
 *
 * A source that sends any other packet between two knocks is barred: so only a sequence whose every next
 * knock is the scan's next packet opens to it.
 */

const LONGEST_STEP = 10;
const USUAL_ENDS = [0, 1, 1023, 1024, 1025, 49151, 49152, 65535];

/** The packet that a scan sends after another one; its port may be none. */
type Scan = (packet: Knock) => Knock | undefined;

/** Whether a scan sends these knocks one after the other. */
export function isPartOfScan(knocks: readonly Knock[]): boolean {
  return SCANS.some((next) =>
    knocks.slice(1).every((knock, index) => {
      const following = next(knocks[index] as Knock);
      return following?.port === knock.port && following.protocol === knock.protocol;
    }),
  );
}

const SCANS: readonly Scan[] = Array.from({ length: LONGEST_STEP }, (_, index) => index + 1)
  .flatMap((step) => [step, -step])
  .flatMap((step) => [
    ofOneProtocol(step),
    portByPort(step, 'tcp'),
    portByPort(step, 'udp'),
    ...ranges().flatMap(([low, high]) => [
      oneAfterTheOther(step, low, high, 'tcp'),
      oneAfterTheOther(step, low, high, 'udp'),
    ]),
  ]);

function ofOneProtocol(step: number): Scan {
  return ({ protocol, port }) => ({ protocol, port: port + step });
}

/** @param first the protocol that each port is sent first */
function portByPort(step: number, first: Knock['protocol']): Scan {
  return ({ protocol, port }) => ({
    protocol: other(protocol),
    port: protocol === first ? port : port + step,
  });
}

function oneAfterTheOther(step: number, low: number, high: number, first: Knock['protocol']): Scan {
  const begin = step > 0 ? low : high;
  const steps = Math.floor((high - low) / Math.abs(step));
  const end = begin + steps * step;
  return ({ protocol, port }) => {
    const isOfScan = low <= port && port <= high && (port - begin) % step === 0;
    if (!isOfScan) return undefined;
    if (port !== end) return { protocol, port: port + step };
    return protocol === first ? { protocol: other(first), port: begin } : undefined;
  };
}

function ranges(): readonly (readonly [low: number, high: number])[] {
  return USUAL_ENDS.flatMap((low, index) =>
    USUAL_ENDS.slice(index + 1).map((high) => [low, high] as const),
  );
}

function other(protocol: Knock['protocol']): Knock['protocol'] {
  return protocol === 'tcp' ? 'udp' : 'tcp';
}
