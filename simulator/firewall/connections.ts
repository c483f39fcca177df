/** Connection tracking, as far as rules can see it. */
import type { ConnectionState } from './matchers';
import type { Packet } from './packet';

/** [C] Layer 7 looks at the first 10 packets of a connection, or the first 2 KB. */
const PACKETS_COLLECTED = 10;
const BYTES_COLLECTED = 2048;

/** The facts about a connection that rules can match. */
interface Connection {
  readonly packets: number;
  readonly collected: string;
}

/** A packet in the light of its connection; nothing is remembered until it is let through. */
export interface Tracked {
  readonly state: ConnectionState;
  readonly collected: string;
  /** To be called for a packet that no rule dropped: the connection of another is forgotten [I]. */
  confirm(): void;
}

/** A connection that was let in counts as answered: nothing here sees the answers. */
export class Connections {
  private readonly known = new Map<string, Connection>();

  track(packet: Packet): Tracked {
    const key = [packet.protocol, packet.src, packet.srcPort, packet.dst, packet.dstPort].join(' ');
    const before = this.known.get(key);
    const { packets, collected } = before ?? { packets: 0, collected: '' };
    const room = packets < PACKETS_COLLECTED ? BYTES_COLLECTED - collected.length : 0;
    const now: Connection = {
      packets: packets + 1,
      collected: collected + packet.payload.toString('latin1', 0, room),
    };
    const state = before === undefined ? stateOfFirst(packet) : 'established';
    return {
      state,
      collected: now.collected,
      confirm: () => {
        if (state !== 'invalid') this.known.set(key, now);
      },
    };
  }
}

/** As Linux's nf_conntrack_proto_tcp judges the first packet that it sees of a connection. */
function stateOfFirst({ protocol, flags }: Packet): ConnectionState {
  if (protocol === 'udp') return 'new';
  const isSyn = flags.has('syn') && !flags.has('ack');
  const isPickedUp = flags.has('ack') && !flags.has('syn') && !flags.has('fin');
  return (isSyn || isPickedUp) && !flags.has('rst') ? 'new' : 'invalid';
}
