import type { Fault } from '../../../src/common/failure';
import {
  defaultsIn,
  findOldCommands,
  transportIn,
  withNewCommands,
} from '../../../src/install/open-ports';

const WORDS = ['$SRC', '$PROTO', '$PORT', '$CLIENT_TIMEOUT'];
const ROUTER = '--routerip 192.0.2.1 --routeruser u --routerpass Melasse';
const stanza = (command: string) => `SOURCE ANY\nKEY_BASE64 a\nCMD_CYCLE_OPEN  ${command}\n`;

function find(text: string) {
  const faults: Fault[] = [];
  return { commands: findOldCommands(text, 'f', faults), faults: faults.map(({ what }) => what) };
}

describe('a line that runs open_ports.py', () => {
  const options = { routerip: '192.0.2.1', routeruser: 'u', routerpass: 'Melasse' };

  test.each([
    `python /home/pi/open_ports.py ${ROUTER} ${WORDS.join(' ')}`,
    `/usr/bin/python3 -u -B /home/pi/open_ports.py ${WORDS.join(' ')} ${ROUTER}`,
    `/home/pi/open_ports.py $SRC ${ROUTER} $PROTO $PORT $CLIENT_TIMEOUT`,
    `/usr/bin/env python3.11 /home/pi/open_ports.py --routerpass=Melasse --routerip=192.0.2.1 --routeruser u ${WORDS.join(' ')}`,
    `python home/pi/open_ports.py --routeri 192.0.2.1 --routeru=u --routerp Melasse ${WORDS.join(' ')} ; old`,
  ])('%s', (command) => {
    expect(find(stanza(command))).toEqual({
      commands: [{ line: 2, script: '/home/pi/open_ports.py', options, words: WORDS }],
      faults: [],
    });
  });

  test('with an e-mail address, fixed words, and the last of two values', () => {
    const [command] = find(
      stanza(`python /o/open_ports.py --email a@b --email=c@d $IP 6 22 60`),
    ).commands;
    expect(command).toMatchObject({ options: { email: 'c@d' }, words: ['$IP', '6', '22', '60'] });
  });

  test.each([
    ['an unknown option', '--tls=Melasse', '--tls is no known option'],
    ['an option with two meanings', '--router Melasse', '--router is no known option'],
    ['a short option', '-pMelasse', '-p'],
    ['an option without a value', '--routerpass', 'f:3: --routerpass has no value'],
    ['another count of arguments', '$SRC', 'takes four arguments, this line has 5'],
  ])('with %s is not understood', (_, more, why) => {
    const { faults } = find(stanza(`python /o/open_ports.py ${WORDS.join(' ')} ${more}`));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(why);
    expect(faults[0]).not.toContain('Melasse ');
  });

  test('run by another program is not understood', () => {
    const { faults } = find(stanza(`sudo python /o/open_ports.py ${WORDS.join(' ')}`));
    expect(faults).toEqual(['f:3: open_ports.py is run by another program than python']);
  });

  test.each([
    `#CMD_CYCLE_OPEN python /o/open_ports.py ${WORDS.join(' ')}\n`,
    stanza('/usr/bin/fwknop-mikrotik $SRC $PROTO $PORT $CLIENT_TIMEOUT'),
    stanza('python /o/my_open_ports.py $SRC'),
  ])('is not this: %p', (text) => {
    expect(find(text)).toEqual({ commands: [], faults: [] });
  });
});

test('a line gets the new command, and everything else stays', () => {
  const text = `# é\r\nSOURCE ANY\r\n CMD_CYCLE_OPEN:\tpython /o/open_ports.py $IP 6 22 60  ; old\r\nCMD_CYCLE_CLOSE NONE`;
  const { commands } = find(text);
  expect(withNewCommands(text, commands, '/usr/bin/x')).toBe(
    '# é\r\nSOURCE ANY\r\n CMD_CYCLE_OPEN:\t/usr/bin/x $IP 6 22 60; old\r\nCMD_CYCLE_CLOSE NONE',
  );
});

/** Lines as the script has them; the text is ours. */
const SCRIPT = `parser.add_argument('--routerip', help='of the router', default="192.0.2.9")
parser.add_argument("--routeruser", default='apiuser')  # default='x'
#parser.add_argument('--routerpass', default='old')
parser.add_argument('--email', default=None)
api = connect(host=args.routerip, username=args.routeruser, password=args.routerpass)
`;

test('the defaults are those of its text', () => {
  expect(defaultsIn(SCRIPT)).toEqual({ routerip: '192.0.2.9', routeruser: 'apiuser' });
});

test.each([
  ['plain text', SCRIPT, { tls: 'off', port: undefined }],
  ['plain text, with TLS in a comment', `${SCRIPT}# ssl_wrapper=x, port=8729`, { tls: 'off' }],
  ['plain text on another port', SCRIPT.replace('host=', 'port = 18728, host='), { port: 18728 }],
  [
    'TLS',
    `import ssl\n${SCRIPT.replace('host=', 'ssl_wrapper=w, port=8729, host=')}`,
    { tls: 'insecure', port: 8729 },
  ],
  [
    'TLS without a certificate',
    `import ssl\nctx.set_ciphers('ADH:@SECLEVEL=0')\n${SCRIPT}`,
    { tls: 'anonymous' },
  ],
])('it speaks %s', (_, script, expected) => {
  expect(transportIn(script)).toMatchObject(expected);
});
