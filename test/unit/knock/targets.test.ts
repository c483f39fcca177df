import {
  array,
  assert,
  boolean,
  constantFrom,
  integer,
  property,
  record,
  uniqueArray,
} from 'fast-check';
import type { Knock } from '../../../src/knock/knocks';
import { parseTargets, type Target, withoutTarget, withTarget } from '../../../src/knock/targets';

const knock = record<Knock>({
  protocol: constantFrom('tcp', 'udp'),
  port: integer({ min: 1, max: 65535 }),
});
const target = record<Target>({
  name: constantFrom('home', 'work', 'fw.example.com', '192.0.2.1', '2001:db8::1', 'a-b_c.d'),
  host: constantFrom('fw.example.com', 'fw', '192.0.2.1', '2001:db8::1'),
  knocks: array(knock, { minLength: 1, maxLength: 9 }),
  secret: boolean(),
}).map((some) => ({
  ...some,
  secret: some.secret && some.knocks.some(({ protocol }) => protocol === 'udp'),
}));
const targets = uniqueArray(target, { maxLength: 6, selector: ({ name }) => name });

/** Lines that people leave in such files. */
const clutter = array(
  constantFrom(
    '\n',
    '# my routers\n',
    'fw.example.com\n',
    ' \t\n',
    'x:70000/udp\n',
    '# fwknop-mikrotik: name=gone; kind=sequence\n',
  ),
  { maxLength: 3 },
).map((lines) => lines.join(''));

const write = (all: readonly Target[], before = '') => all.reduce(withTarget, before);
const read = (text: string) => parseTargets(text).targets;

describe('a targets file', () => {
  test('is read as it was written, after any other lines', () => {
    void assert(
      property(clutter, targets, (before, all) => {
        expect(read(write(all, before))).toEqual(all);
      }),
    );
  });

  test('keeps what is not the target that goes, byte by byte', () => {
    void assert(
      property(clutter, targets, target, (before, others, gone) => {
        const kept = others.filter(({ name }) => name !== gone.name);
        const text = write(kept, before);
        expect(withoutTarget(withTarget(text, gone), gone.name)).toBe(text);
        expect(withoutTarget(write(kept, withTarget(before, gone)), gone.name)).toBe(text);
      }),
    );
  });

  test('is such that spknock reads the same host and knocks of a target', () => {
    void assert(
      property(targets, (all) => {
        const seen = write(all).split('\n').flatMap(asSpknock);
        const shown = all.filter(({ host }) => host !== '2001:db8::1');
        expect(seen).toEqual(shown.map(({ host, knocks }) => ({ host, knocks })));
      }),
    );
  });

  test('gets a line end before a new target where its last line has none', () => {
    const fresh = {
      name: 'b',
      host: 'b',
      knocks: [{ protocol: 'tcp', port: 2 }],
      secret: false,
    } as const;
    expect(withTarget('a:1/tcp', fresh)).toBe(
      'a:1/tcp\n# fwknop-mikrotik: kind=sequence\nb:2/tcp\n',
    );
  });
});

/** A line as spknock.py's parse_target reads it. */
function asSpknock(line: string): { host: string; knocks: Knock[] }[] {
  const bare = line.replace(/\s/g, '');
  const [host = '', list, ...more] = bare.split(':');
  if (bare === '' || bare.startsWith('#') || list === undefined || more.length > 0) return [];
  const knocks = list.split(',').map((part) => {
    const [port, protocol] = part.split('/');
    return { protocol: protocol === 'udp' ? 'udp' : 'tcp', port: Number(port) } as const;
  });
  return [{ host, knocks }];
}

describe("spknock's own lines", () => {
  const NO_TARGET = 'no target: expected host:1234/udp';
  const noKnock = (part: string) => `no knock: "${part}": expected such as 1234/udp`;
  const udp = (port: number) => ({ protocol: 'udp', port }) as const;
  const tcp = (port: number) => ({ protocol: 'tcp', port }) as const;

  test.each([
    [
      'its README’s',
      'fw.example.com:1234/udp,9876/udp,5555/udp',
      [udp(1234), udp(9876), udp(5555)],
      true,
    ],
    ['white space anywhere', ' fw.example.com : 1 / udp ,\t2/tcp\r', [udp(1), tcp(2)], true],
    ['a port alone is TCP', 'fw.example.com:1,2', [tcp(1), tcp(2)], false],
  ])('%s', (_, line, knocks, secret) => {
    const host = 'fw.example.com';
    expect(parseTargets(`${line}\n`)).toEqual({
      targets: [{ name: host, host, knocks, secret }],
      unreadable: [],
    });
  });

  test.each([
    ['no knocks', 'fw.example.com', undefined, NO_TARGET],
    ['an empty list', 'fw.example.com:', 'fw.example.com', noKnock('')],
    ['an unknown protocol', 'fw.example.com:1/sctp', 'fw.example.com', noKnock('1/sctp')],
    ['no port', 'fw.example.com:/udp', 'fw.example.com', noKnock('/udp')],
    ['port 0', 'fw.example.com:1/tcp,0/udp', 'fw.example.com', noKnock('0/udp')],
    ['a port too high', 'fw.example.com:65536/udp,2', 'fw.example.com', noKnock('65536/udp')],
    ['a comma at the end', 'fw.example.com:1/udp,', 'fw.example.com', noKnock('')],
    ['no host', ':1/udp', undefined, NO_TARGET],
    ['an IPv6 address without brackets', '2001:db8::1:1/udp', undefined, NO_TARGET],
    ['an option for a host', '-x:1/udp', undefined, NO_TARGET],
  ])('%s: unreadable, and hides no other', (_, line, name, why) => {
    const { targets: found, unreadable } = parseTargets(`# mine\n${line}\nfw:1/tcp\n`);
    expect(unreadable).toEqual([{ number: 2, name, why }]);
    expect(found.map(({ name }) => name)).toEqual(['fw']);
  });

  test('an unreadable line has the name of its note, and goes by it', () => {
    const text = '# fwknop-mikrotik: name=home; kind=sequence\nfw:x/udp\nfw:1/udp\n';
    expect(parseTargets(text).unreadable).toMatchObject([{ number: 2, name: 'home' }]);
    expect(withoutTarget(text, 'home')).toBe('fw:1/udp\n');
  });

  test('a note holds for the next line only', () => {
    const text = '# fwknop-mikrotik: name=home; kind=sequence\n\nfw:1/udp\n';
    expect(read(text)).toMatchObject([{ name: 'fw', secret: true }]);
  });
});
