/** Reads the output of `tcpdump -w -` as it comes (the pcap format of libpcap, pcap-savefile(5)). */

/** Where the IP header begins, by link type (tcpdump.org/linktypes.html). */
const IP_STARTS: ReadonlyMap<number, number> = new Map([
  [1, 14], // Ethernet: Linux's lo, with zeros for addresses
  [101, 0], // raw IP
  [113, 16], // Linux cooked
  [276, 20], // Linux cooked, version 2
]);

const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** Takes chunks of a capture, wherever they are cut. */
export class PcapReader {
  private rest: Buffer = Buffer.alloc(0);
  private format: { littleEndian: boolean; ipStart: number } | undefined;

  /** @returns the packets that are now complete, each from its IP header on. Throws Error */
  push(chunk: Buffer): Buffer[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const packets: Buffer[] = [];
    for (;;) {
      const packet = this.take();
      if (packet === undefined) return packets;
      packets.push(packet);
    }
  }

  private take(): Buffer | undefined {
    if (this.format === undefined) {
      if (this.rest.length < FILE_HEADER) return undefined;
      this.format = readFileHeader(this.rest);
      this.rest = this.rest.subarray(FILE_HEADER);
    }
    if (this.rest.length < RECORD_HEADER) return undefined;
    const { littleEndian, ipStart } = this.format;
    const captured = number(this.rest, 8, littleEndian);
    if (captured < number(this.rest, 12, littleEndian)) throw new Error('a packet was cut short');
    const end = RECORD_HEADER + captured;
    if (this.rest.length < end) return undefined;
    const packet = this.rest.subarray(RECORD_HEADER + ipStart, end);
    this.rest = this.rest.subarray(end);
    return packet;
  }
}

function readFileHeader(bytes: Buffer): { littleEndian: boolean; ipStart: number } {
  const magics = [0xa1b2c3d4, 0xa1b23c4d]; // microseconds, nanoseconds
  const littleEndian = magics.includes(bytes.readUInt32LE(0));
  if (!littleEndian && !magics.includes(bytes.readUInt32BE(0))) throw new Error('no pcap');
  const linkType = number(bytes, 20, littleEndian) & 0xffff;
  const ipStart = IP_STARTS.get(linkType);
  if (ipStart === undefined) throw new Error(`link type ${linkType} is not known here`);
  return { littleEndian, ipStart };
}

function number(bytes: Buffer, start: number, littleEndian: boolean): number {
  return littleEndian ? bytes.readUInt32LE(start) : bytes.readUInt32BE(start);
}
