import { readRequest } from '../../../src/knock/request';
import { linesOf, refusalOf } from '../../support/refusals';

const TCP = { protocol: 'tcp', port: 1337 } as const;
const UDP = { protocol: 'udp', port: 17954 } as const;
const PLAIN = {
  verb: 'knock',
  to: '192.0.2.1',
  knocks: [TCP, UDP],
  payload: undefined,
  delay: 200,
  expectedPort: undefined,
};
const WORDS = ['192.0.2.1', 'tcp/1337', 'udp/17954'];

describe('knocks', () => {
  test.each([
    ['a host and knocks', WORDS, {}],
    ['an IPv6 host', ['2001:db8::1', ...WORDS.slice(1)], { to: '2001:db8::1' }],
    ['a target alone', ['home'], { to: 'home', knocks: [] }],
    [
      'a payload',
      [...WORDS, '--payload', 'open sesame'],
      { payload: { kind: 'payload', text: 'open sesame' } },
    ],
    [
      'a payload that begins with a dash',
      [...WORDS, '--payload=-x'],
      { payload: { kind: 'payload', text: '-x' } },
    ],
    [
      'passphrases to be asked for',
      [...WORDS, '--secret'],
      { payload: { kind: 'secret', file: undefined } },
    ],
    [
      'passphrases of a file',
      ['--passphrase-file', 'p', ...WORDS],
      { payload: { kind: 'secret', file: 'p' } },
    ],
    [
      'the same, said twice',
      ['--passphrase-file=p', '--secret', ...WORDS],
      { payload: { kind: 'secret', file: 'p' } },
    ],
    ['a delay in milliseconds', [...WORDS, '--delay', '50ms'], { delay: 50 }],
    ['a delay in seconds', [...WORDS, '--delay', '2s'], { delay: 2000 }],
    ['no delay', [...WORDS, '--delay', '0'], { delay: 0 }],
    ['the longest delay', [...WORDS, '--delay', '1m'], { delay: 60_000 }],
    ['a door', [...WORDS, '--then', 'tcp/22'], { expectedPort: { port: 22, wait: 5000 } }],
    [
      'a door and a time',
      [...WORDS, '--then=tcp/22', '--wait=900ms'],
      { expectedPort: { port: 22, wait: 900 } },
    ],
  ])('%s', async (_, argv, change) => {
    expect(await readRequest(argv)).toEqual({ ...PLAIN, ...change });
  });
});

describe('all else', () => {
  const kept = { name: 'home', host: 'fw.example.com', knocks: [TCP, UDP], secret: false };

  test.each([
    ['help', ['--help', '--list'], { verb: 'help' }],
    ['list', ['--list'], { verb: 'list' }],
    ['remove', ['--remove', 'home'], { verb: 'remove', name: 'home' }],
    ['hash', ['--hash'], { verb: 'hash', file: undefined }],
    ['hash of a file', ['--hash', '--passphrase-file', 'p'], { verb: 'hash', file: 'p' }],
    [
      'add',
      ['--add', 'home', 'fw.example.com', 'tcp/1337', 'udp/17954'],
      { verb: 'add', target: kept },
    ],
    [
      'add a host by its name',
      ['--add', 'fw.example.com', 'tcp/1337', 'udp/17954'],
      { verb: 'add', target: { ...kept, name: 'fw.example.com' } },
    ],
    [
      'add a secret',
      ['--add', 'home', 'fw.example.com', 'tcp/1337', 'udp/17954', '--secret'],
      { verb: 'add', target: { ...kept, secret: true } },
    ],
  ])('%s', async (_, argv, request) => {
    expect(await readRequest(argv)).toEqual(request);
  });
});

describe('refused', () => {
  const knocks = 'expected tcp/PORT or udp/PORT, ports 1-65535';
  const help = 'hint: see fwknop-mikrotik knock --help';

  test.each([
    ['nothing', [], [`no host and no target; ${help}`]],
    ['a knock for a host', ['tcp/1337'], ['host: expected an IP address or a host name']],
    ['an unknown protocol', ['fw', 'sctp/22'], [`knock 1: ${knocks}`]],
    ['a protocol by its number', ['fw', '6/22'], [`knock 1: ${knocks}`]],
    ['port 0', ['fw', 'tcp/1', 'tcp/0'], [`knock 2: ${knocks}`]],
    ['port 65536', ['fw', 'udp/65536'], [`knock 1: ${knocks}`]],
    ["spknock's spelling", ['fw', '1234/udp'], [`knock 1: ${knocks}`]],
    [
      'several at once',
      ['f w', 'x', 'y', '--delay=-1'],
      [
        '--delay: expected a duration of at most 60s, such as 500ms or 2s',
        'host: expected an IP address or a host name',
        `knock 1: ${knocks}`,
        `knock 2: ${knocks}`,
      ],
    ],
    [
      'an empty payload',
      ['fw', 'udp/1', '--payload='],
      ['--payload: needs a value; hint: write --payload=VALUE'],
    ],
    [
      'a payload not ASCII',
      ['fw', 'udp/1', '--payload=ö'],
      ['--payload: expected printable ASCII characters only'],
    ],
    [
      'a payload and passphrases',
      ['fw', 'udp/1', '--payload=x', '--secret'],
      ['--payload: contradicts --secret'],
    ],
    [
      'a payload and their file',
      ['fw', 'udp/1', '--payload=x', '--passphrase-file=p'],
      ['--payload: contradicts --passphrase-file'],
    ],
    [
      'a delay too long',
      ['fw', 'udp/1', '--delay=61s'],
      ['--delay: expected a duration of at most 60s, such as 500ms or 2s'],
    ],
    [
      'a wait too long',
      ['fw', 'udp/1', '--then=tcp/22', '--wait=61s'],
      ['--wait: expected a duration of at most 60s, such as 500ms or 2s'],
    ],
    ['a wait for nothing', ['fw', 'udp/1', '--wait=1s'], ['--wait: needs --then']],
    [
      'a door of UDP',
      ['fw', 'udp/1', '--then=udp/53'],
      ['--then: expected tcp/PORT: UDP need not answer'],
    ],
    ['a door that is none', ['fw', 'udp/1', '--then=22'], [`--then: ${knocks}`]],
    [
      'a passphrase in the arguments',
      ['--hash', 'MikroTik'],
      [
        '--hash: takes no passphrase as an argument, where ps shows it; hint: type it when asked, or use --passphrase-file',
      ],
    ],
    ['add without knocks', ['--add', 'home', 'fw'], [`--add: no knocks; ${help}`]],
    [
      'add with a bad name',
      ['--add', 'my home', 'fw', 'tcp/1'],
      ['--add: expected an IP address or a host name'],
    ],
    [
      'add with what is not kept',
      ['--add', 'home', 'fw', 'udp/1', '--payload=x'],
      ['--payload: cannot be combined with --add'],
    ],
    ['remove with an argument', ['--remove', 'home', 'fw'], ['--remove: takes no argument']],
    ['list with an argument', ['--list', 'fw'], ['--list: takes no argument']],
    ['two verbs', ['--list', '--hash'], ['--hash: cannot be combined with --list']],
  ])('%s', async (_, argv, lines) => {
    const failure = await refusalOf(readRequest(argv));
    expect(linesOf(failure, 'usage').sort()).toEqual([...lines].sort());
  });
});
