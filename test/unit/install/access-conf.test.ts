import { Failure } from '../../../src/common/failure';
import {
  clientsOf,
  hasStanza,
  spaPortOf,
  stanzasOf,
  withHelper,
  withStanzas,
} from '../../../src/install/access-conf';
import { mark } from '../../../src/install/markers';

const STANZA = `# client phone
SOURCE ANY
KEY_BASE64 a
CMD_CYCLE_OPEN /usr/bin/fwknop-mikrotik --client phone $SRC $PROTO $PORT $CLIENT_TIMEOUT
`;
const MARKED = mark(`# server fw.example.com\n# spa-port 62202\n${STANZA}`);
const STOCK = `# a comment
SOURCE              ANY
KEY_BASE64          __CHANGEME__
HMAC_KEY_BASE64     __CHANGEME__

#GPG_DECRYPT_PW         __CHANGEME__
`;
const OWN = 'SOURCE 198.51.100.7\nKEY_BASE64 b\nOPEN_PORTS tcp/22\n';

describe("a setup's access.conf", () => {
  test('gives the lines between the markers', () => {
    expect(stanzasOf(`# by init\n${MARKED}# end\n`, 'f')).toBe(MARKED);
    expect(stanzasOf(MARKED.trimEnd(), 'f')).toBe(MARKED);
  });

  test.each([
    ['without markers', STANZA, 'has no lines between'],
    ['without a command', mark('SOURCE ANY\n'), 'no CMD_CYCLE_OPEN between the markers'],
  ])('%s is refused', (_, text, why) => {
    expect(() => stanzasOf(text, 'f')).toThrow(why);
  });

  test('names its clients and its port', () => {
    expect(clientsOf(MARKED)).toEqual(['phone']);
    expect(spaPortOf(MARKED)).toBe(62202);
    expect(spaPortOf(STANZA)).toBe(62201);
    expect(() => spaPortOf('# spa-port 65536\n')).toThrow('expected a port, 1-65535');
  });
});

describe('the installed access.conf', () => {
  test.each([
    ['is new', '', MARKED],
    ['is the stock file', STOCK, MARKED],
    ['is the stock file with carriage returns', STOCK.replaceAll('\n', '\r\n'), MARKED],
    ['has a stanza of its own', OWN, `${OWN}\n${MARKED}`],
    [
      'has a stanza of its own behind the stock one',
      STOCK + OWN,
      `# a comment\n\n#GPG_DECRYPT_PW         __CHANGEME__\n${OWN}\n${MARKED}`,
    ],
    [
      'includes another',
      `%include /a.conf\n${STOCK}`,
      expect.stringContaining('%include /a.conf\n'),
    ],
    [
      'has a stanza that is half filled in',
      'SOURCE ANY\nKEY_BASE64 __CHANGEME__\nOPEN_PORTS tcp/22\n',
      expect.stringContaining('OPEN_PORTS tcp/22\n'),
    ],
    ['has these stanzas', `${OWN}${MARKED}# more\n`, `${OWN}${MARKED}# more\n`],
  ])('that %s', (_, text, expected) => {
    const result = withStanzas(text, 'f', MARKED);
    expect(result).toEqual(expected);
    expect(withStanzas(result, 'f', MARKED)).toBe(result);
  });

  test.each([
    ['', false],
    ['# SOURCE ANY\n', false],
    [OWN, true],
    ['SOURCE: ANY\n', true],
    ['%include_folder /etc/fwknop/more\n', true],
  ])('%p has a stanza: %p', (text, has) => {
    expect(hasStanza(text)).toBe(has);
  });
});

describe('the program of the stanzas', () => {
  const own = () => '/opt/fwknop-mikrotik';

  test('stays where it is here', () => {
    expect(withHelper(MARKED, () => true, own)).toBe(MARKED);
  });

  test('is replaced where it is not', () => {
    const replaced = MARKED.replace('/usr/bin/fwknop-mikrotik', own());
    expect(withHelper(MARKED, () => false, own)).toBe(replaced);
  });

  test('must leave room for the rest of the line', () => {
    const attempt = () =>
      withHelper(
        MARKED,
        () => false,
        () => `/${'x'.repeat(220)}`,
      );
    expect(attempt).toThrow(Failure);
    expect(attempt).toThrow(/characters; fwknopd takes 255/);
  });
});
