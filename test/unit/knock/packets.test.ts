import { readKnock } from '../../../src/knock/knocks';
import {
  emptyPackets,
  hashOf,
  passphrasesIn,
  secretPackets,
  textPackets,
} from '../../../src/knock/packets';
import { linesOf, refusal } from '../../support/refusals';

const knocks = (...texts: string[]) => texts.map(readKnock);
const payloads = (packets: readonly { payload: Buffer }[]) =>
  packets.map(({ payload }) => payload.toString());

describe('hashes', () => {
  test.each([
    // The three of spknock's README.
    ['MikroTik', '862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad'],
    ['is', 'fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6'],
    ['awesome', '705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c'],
    // Python: hashlib.sha256('Zürich'.encode()).hexdigest()
    ['Zürich', '4251685e06cab635578c72b1f5f221e9840a05ac4d8f2404be4177aa87f9907d'],
  ])('%s', (passphrase, hash) => {
    expect(hashOf(passphrase)).toBe(hash);
  });
});

describe('packets', () => {
  test('of a sequence are empty', () => {
    expect(payloads(emptyPackets(knocks('tcp/1', 'udp/2')))).toEqual(['', '']);
  });

  test('of a payload carry it', () => {
    expect(payloads(textPackets(knocks('udp/1', 'udp/2'), 'Open!'))).toEqual(['Open!', 'Open!']);
  });

  test('of passphrases carry their hashes; a TCP knock carries nothing', () => {
    const packets = secretPackets(knocks('udp/1', 'tcp/2', 'udp/3'), ['MikroTik', '', 'is']);
    expect(payloads(packets)).toEqual([hashOf('MikroTik'), '', hashOf('is')]);
  });

  test.each([
    [
      'a payload for TCP',
      () => textPackets(knocks('udp/1', 'tcp/2'), 'x'),
      '--payload: tcp/2 cannot carry one; hint: use UDP knocks',
    ],
    [
      'too few',
      () => secretPackets(knocks('udp/1', 'udp/2'), ['a']),
      '1 passphrase for 2 knocks; hint: give a line a knock, an empty one for TCP',
    ],
    [
      'too many',
      () => secretPackets(knocks('udp/1'), ['a', 'b']),
      '2 passphrases for 1 knock; hint: give a line a knock, an empty one for TCP',
    ],
    [
      'none',
      () => secretPackets(knocks('udp/1'), []),
      '0 passphrases for 1 knock; hint: give a line a knock, an empty one for TCP',
    ],
    [
      'one for TCP',
      () => secretPackets(knocks('udp/1', 'tcp/2'), ['a', 'b']),
      'passphrase 2: tcp/2 cannot carry one; hint: use a UDP knock, or leave its line empty',
    ],
    [
      'TCP alone',
      () => secretPackets(knocks('tcp/2'), ['']),
      'passphrases: no UDP knock to carry one',
    ],
    ['an empty one', () => secretPackets(knocks('udp/1'), ['']), 'passphrase 1: empty, for udp/1'],
  ])('%s: refused', (_, make, line) => {
    expect(linesOf(refusal(make), 'usage')).toEqual([line]);
  });
});

describe('passphrases in a text', () => {
  test.each([
    ['one a line', 'a\nb\n', ['a', 'b']],
    ['the last line without its end', 'a\nb', ['a', 'b']],
    ['an empty line in its place', 'a\n\nb\n', ['a', '', 'b']],
    ['an empty last line', 'a\n\n', ['a', '']],
    ['spaces are theirs', ' a \n', [' a ']],
    ['line ends of another system', 'a\r\nb\r\n', ['a', 'b']],
    ['a byte order mark, which is nobody’s passphrase', '\ufeffa\r\nb', ['a', 'b']],
    ['nothing', '', []],
  ])('%s', (_, text, passphrases) => {
    expect(passphrasesIn(text, 'stdin')).toEqual(passphrases);
  });

  test('another encoding is refused: it would give another hash', () => {
    const latin1 = Buffer.from('Zürich', 'latin1').toString('utf8');
    expect(
      linesOf(
        refusal(() => passphrasesIn(latin1, 'stdin')),
        'config',
      ),
    ).toEqual(['stdin: not UTF-8']);
  });
});
