import { array, assert, nat, property, uint8Array } from 'fast-check';
import { decodePacket } from './packet';
import { PcapReader } from './pcap';

const hex = (...parts: string[]) => Buffer.from(parts.join('').replace(/\s/g, ''), 'hex');

const UDP = hex('9c40 1234 000b 0000', '616263');
const SYN = hex('9c40 0016 00000001 00000000 5002 ffff 0000 0000');
const v4 = (protocol: string, body: Buffer, fragment = '4000') => {
  const length = (20 + body.length).toString(16).padStart(4, '0');
  return Buffer.concat([
    hex('4500', length, '0001', fragment, '40', protocol, '0000 cb007109 c0000201'),
    body,
  ]);
};
const v6 = (next: string, body: Buffer) => {
  const length = body.length.toString(16).padStart(4, '0');
  const addresses = `20010db8000900000000000000000009 20010db8000000000000000000000001`;
  return Buffer.concat([hex('60000000', length, next, '40', addresses), body]);
};

describe('a packet', () => {
  test('of UDP over IPv4', () => {
    expect(decodePacket(v4('11', UDP))).toEqual({
      family: 'v4',
      src: '203.0.113.9',
      dst: '192.0.2.1',
      protocol: 'udp',
      srcPort: 40000,
      dstPort: 0x1234,
      payload: Buffer.from('abc'),
      length: 31,
      flags: new Set(),
    });
  });

  test('of TCP over IPv6', () => {
    expect(decodePacket(v6('06', SYN))).toEqual({
      family: 'v6',
      src: '2001:db8:9::9',
      dst: '2001:db8::1',
      protocol: 'tcp',
      srcPort: 40000,
      dstPort: 22,
      payload: Buffer.alloc(0),
      length: 60,
      flags: new Set(['syn']),
    });
  });

  test('ends where IP says: what a link adds to it is no payload', () => {
    const padded = Buffer.concat([v4('11', UDP), Buffer.alloc(9)]);
    expect(decodePacket(padded)?.payload).toEqual(Buffer.from('abc'));
  });

  test.each([
    ['another protocol', v4('01', UDP)],
    ['a later fragment', v4('11', UDP, '2001')],
    ['cut short', v4('11', UDP).subarray(0, 30)],
    ['no transport header', v4('06', UDP)],
    ['no IP', hex('0001 0800')],
    ['nothing', Buffer.alloc(0)],
  ])('%s: none of ours', (_, bytes) => {
    expect(decodePacket(bytes)).toBeUndefined();
  });
});

describe('a capture', () => {
  const header = (magic: string, link: string) =>
    hex(magic, '0200 0400 00000000 00000000 00080000', link);
  const record = (packet: Uint8Array, ipStart = 14, original = packet.length + ipStart) => {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(packet.length + ipStart, 8);
    head.writeUInt32LE(original, 12);
    return Buffer.concat([head, Buffer.alloc(ipStart, 0xee), packet]);
  };
  const ETHERNET = header('d4c3b2a1', '01000000');

  test('gives its packets wherever it is cut', () => {
    void assert(
      property(array(uint8Array({ maxLength: 40 })), array(nat(900)), (packets, cuts) => {
        const whole = Buffer.concat([ETHERNET, ...packets.map((packet) => record(packet))]);
        const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const reader = new PcapReader();
        const read = places
          .slice(1)
          .flatMap((end, index) => reader.push(whole.subarray(places[index], end)));
        expect(read.map((bytes) => [...bytes])).toEqual(packets.map((bytes) => [...bytes]));
      }),
    );
  });

  test.each([
    ['Ethernet', '01000000', 14],
    ['raw IP', '65000000', 0],
    ['cooked', '71000000', 16],
    ['cooked, version 2', '14010000', 20],
  ])('of %s', (_, link, ipStart) => {
    const bytes = Buffer.concat([header('d4c3b2a1', link), record(Buffer.from('ip'), ipStart)]);
    expect(new PcapReader().push(bytes).map(String)).toEqual(['ip']);
  });

  test.each([
    ['something else', hex('00112233', '00'.repeat(20)), /no pcap/],
    ['another link', header('d4c3b2a1', '93000000'), /link type 147/],
    [
      'a packet cut short',
      Buffer.concat([ETHERNET, record(Buffer.from('ip'), 14, 99)]),
      /cut short/,
    ],
  ])('%s: refused', (_, bytes, why) => {
    expect(() => new PcapReader().push(bytes)).toThrow(why);
  });
});
