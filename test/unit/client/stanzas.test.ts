import {
  addStanza,
  hasClient,
  helperIn,
  removeStanza,
  targetOf,
} from '../../../src/client/stanzas';
import { Failure } from '../../../src/common/failure';
import { accessStanza, targetLines } from '../../../src/init/client-files';
import { mark } from '../../../src/install/markers';

const TARGET = {
  server: 'fw.example.com',
  spaPort: 62202,
  services: [
    { protocol: 'tcp', port: 22, inside: undefined },
    { protocol: 'udp', port: 51820, inside: undefined },
  ],
  name: 'home',
} as const;
const KEYS = { key: 'a', hmacKey: 'b' };
const stanza = (name: string) => accessStanza(name, KEYS, '/usr/bin/fwknop-mikrotik');

/** Marked lines as init writes them. */
const marked = (...names: string[]) =>
  mark(targetLines(TARGET) + names.map((name) => `\n${stanza(name)}`).join(''));

const NOTHING = { server: undefined, services: undefined };

describe('the comments between the markers', () => {
  test('tell where clients knock', () => {
    expect(targetOf(marked('phone'), NOTHING)).toEqual(TARGET);
  });

  test('give way to options', () => {
    const services = [{ protocol: 'tcp', port: 443 }] as const;
    const lines = marked('phone').replace(/^# (server|services) .*\n/gm, '');
    expect(targetOf(lines, { server: 'x.example', services })).toMatchObject({
      server: 'x.example',
      services,
      spaPort: 62202,
    });
    expect(targetOf(marked(), { server: 'x.example', services })).toMatchObject({ services });
  });

  test.each([
    [/# server .*\n/, '', 'no line "# server ..."'],
    [/# services .*\n/, '', 'no line "# services ..."'],
    [/tcp\/22/, 'tcp/0', '"# services": expected services'],
    [/62202/, '0', '"# spa-port": expected a port'],
    [/fw\.example\.com/, '-', '"# server": expected'],
  ])('without %p: %p is refused', (from, to, why) => {
    const attempt = () => targetOf(marked('phone').replace(from, to), NOTHING);
    expect(attempt).toThrow(Failure);
    expect(attempt).toThrow(why);
  });
});

test('a stanza is added as init would have written it', () => {
  expect(addStanza(marked('phone'), stanza('laptop'))).toBe(marked('phone', 'laptop'));
  expect(helperIn(marked('phone'))).toBe('/usr/bin/fwknop-mikrotik');
});

test.each(['a', 'b', 'c'])('%s is removed, and the others stay', (name) => {
  const names = ['a', 'b', 'c'];
  const others = names.filter((other) => other !== name);
  expect(removeStanza(marked(...names), name)).toBe(marked(...others));
});

test('every stanza of a name is removed', () => {
  expect(removeStanza(marked('a', 'b', 'a'), 'a')).toBe(marked('b'));
});

test("a stanza that somebody put behind a client's is not taken for the client's", () => {
  const edited = addStanza(marked('a', 'b'), 'SOURCE 192.0.2.7\nKEY_BASE64 c\n');
  expect(() => removeStanza(edited, 'b')).toThrow(
    'hold another one without a line "# client NAME"',
  );
  expect(removeStanza(edited, 'a')).toContain('SOURCE 192.0.2.7\n');
});

test.each([
  ['a', true],
  ['elsewhere', true],
  ['b', false],
  ['else', false],
])('%s has a stanza: %p', (name, has) => {
  const command = 'CMD_CYCLE_OPEN /usr/bin/fwknop-mikrotik --client=elsewhere $SRC 6 22 30\n';
  expect(hasClient(command + marked('a'), name)).toBe(has);
});
