import { createConnection } from 'node:net';
import { certificates } from '../certificates';
import type { Sentence } from './codec';
import { RawClient } from './raw-client';
import { type RouterOptions, startRouter, type TestRouter } from './server';
import { challengeResponse } from './users';

const ADD = '/ip/firewall/address-list/add';
const SET = '/ip/firewall/address-list/set';
const REMOVE = '/ip/firewall/address-list/remove';
const PRINT = '/ip/firewall/address-list/print';
const SEND = '/tool/e-mail/send';

let router: TestRouter;
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await router.close();
});

async function start(options: RouterOptions = {}): Promise<void> {
  router = await startRouter(options);
}

function connect(): RawClient {
  const client = RawClient.to(router);
  clients.push(client);
  return client;
}

/** A client that has logged in. */
async function loggedIn(name = 'admin'): Promise<RawClient> {
  const client = connect();
  expect(await client.talk('/login', `=name=${name}`, '=password=secret')).toEqual([['!done']]);
  return client;
}

const trap = (message: string, ...words: string[]): Sentence[] => [
  ['!trap', ...words, `=message=${message}`],
  ['!done'],
];

describe('what a user may see of the users', () => {
  test('read shows users and groups, with the policies that a group lacks', async () => {
    await start();
    const client = await loggedIn('reader');
    const users = await client.talk('/user/print', '=.proplist=name,group', '?name=reader');
    expect(users).toEqual([['!re', '=name=reader', '=group=reader-group'], ['!done']]);
    const [row] = await client.talk('/user/group/print', '?name=reader-group');
    expect(row?.find((word) => word.startsWith('=policy='))).toMatch(
      /^=policy=!local,.*!reboot,read,write,!policy,.*,api,/,
    );
  });

  test('without read there is nothing', async () => {
    await start();
    const client = await loggedIn('fwknop');
    expect(await client.talk('/user/print')).toEqual(trap('not enough permissions (9)'));
  });

  test('a ping takes the policy test, and answers a row a packet', async () => {
    await start();
    const ping = ['/tool/ping', '=address=127.0.0.1', '=count=2'];
    const client = await loggedIn('admin');
    expect((await client.talk(...ping)).map(([reply]) => reply)).toEqual(['!re', '!re', '!done']);
    const other = await loggedIn('fwknop');
    expect(await other.talk(...ping)).toEqual(trap('not enough permissions (9)'));
  });
});

describe('login', () => {
  test('a wrong password and an unknown user get the same words', async () => {
    await start();
    const client = connect();
    const refused = trap('invalid user name or password (6)');
    expect(await client.talk('/login', '=name=admin', '=password=wrong')).toEqual(refused);
    expect(await client.talk('/login', '=name=nobody', '=password=secret')).toEqual(refused);
    expect(await client.talk('/login', '=name=admin')).toEqual(refused);
    expect(await client.talk('/login', '=name=admin', '=password=secret')).toEqual([['!done']]);
  });

  test('the fifth failure ends the connection', async () => {
    await start();
    const client = connect();
    for (let failures = 1; failures < 5; failures += 1) {
      expect((await client.talk('/login', '=name=admin', '=password=x')).length).toBe(2);
    }
    expect(await client.talk('/login', '=name=admin', '=password=x')).toEqual([
      ['!fatal', 'too many commands before login'],
    ]);
    await client.until('the end', () => client.ending === 'FIN');
  });

  test('without policy api nobody gets in', async () => {
    await start({ users: [{ name: 'local', password: 'secret', policies: ['read', 'write'] }] });
    const client = connect();
    const reply = await client.talk('/login', '=name=local', '=password=secret');
    expect(reply).toEqual(trap('std failure: not allowed (9)'));
    expect(await client.talk(PRINT)).toEqual([['!fatal', 'not logged in']]);
  });

  test('a command before the login is fatal and does nothing', async () => {
    await start();
    const client = connect();
    const reply = await client.talk(ADD, '=list=a', '=address=192.0.2.1');
    expect(reply).toEqual([['!fatal', 'not logged in']]);
    await client.until('the end', () => client.ending === 'FIN');
    expect(router.lists.v4.entries()).toEqual([]);
  });

  test('an old router takes no plain password, but the answer to its challenge', async () => {
    await start({ login: 'challenge' });
    const client = connect();
    const [[reply, ret] = []] = await client.talk('/login', '=name=admin', '=password=secret');
    expect([reply, ret]).toEqual(['!done', expect.stringMatching(/^=ret=[0-9a-f]{32}$/)]);
    const challenge = ret!.slice('=ret='.length);
    const response = `=response=${challengeResponse('secret', challenge)}`;
    expect(await client.talk('/login', '=name=admin', response)).toEqual([['!done']]);
    expect(await client.talk(ADD, '=list=a', '=address=192.0.2.1')).toEqual([['!done', '=ret=*1']]);
  });

  test('an old router refuses in other words, and a response fits one challenge only', async () => {
    await start({ login: 'challenge' });
    const client = connect();
    const [[, ret] = []] = await client.talk('/login');
    const response = challengeResponse('secret', ret!.slice('=ret='.length));
    await client.talk('/login');
    const reply = await client.talk('/login', '=name=admin', `=response=${response}`);
    expect(reply).toEqual(trap('cannot log in'));
  });

  test('the response to a challenge is 00 and the MD5 of zero, password, challenge', () => {
    // Computed with: printf '\0secret\x01\x23\x45\x67\x89\xab\xcd\xef' | md5sum
    expect(challengeResponse('secret', '0123456789abcdef')).toBe(
      '00dd0f78b68041388e9838a3644c1a8a7c',
    );
  });
});

describe('policies', () => {
  test('a write-only user may add, set and remove, but not print or send mail', async () => {
    await start();
    const client = await loggedIn('fwknop');
    const refused = trap('not enough permissions (9)');
    expect(await client.talk(ADD, '=list=a', '=address=192.0.2.1')).toEqual([['!done', '=ret=*1']]);
    expect(await client.talk(PRINT)).toEqual(refused);
    expect(await client.talk(SEND, '=to=a@example.com')).toEqual(refused);
    expect(await client.talk(SET, '=.id=*1', '=timeout=1h')).toEqual([['!done']]);
    expect(await client.talk(REMOVE, '=.id=*1')).toEqual([['!done']]);
    expect(router.mails).toEqual([]);
  });

  test('a print without policy read may also look like an empty list', async () => {
    await start({ readRefusal: 'empty' });
    router.addEntry({ list: 'a', address: '192.0.2.1' });
    const client = await loggedIn('fwknop');
    expect(await client.talk(PRINT)).toEqual([['!empty'], ['!done']]);
  });

  test('with policy test a mail is sent', async () => {
    await start();
    const client = await loggedIn();
    const reply = await client.talk(SEND, '=to=a@example.com', '=subject=s', '=body=one\ntwo');
    expect(reply).toEqual([['!done']]);
    expect(router.mails.map((mail) => Object.fromEntries(mail))).toEqual([
      { to: 'a@example.com', subject: 's', body: 'one\ntwo' },
    ]);
    const refused = trap('unknown parameter text');
    expect(await client.talk(SEND, '=to=a@example.com', '=text=x')).toEqual(refused);
  });
});

describe('commands', () => {
  test('what is refused is a trap and then done', async () => {
    await start();
    const client = await loggedIn();
    await client.talk(ADD, '=list=a', '=address=192.0.2.1');
    const replies = async (...words: Sentence) => expect(await client.talk(...words));
    (await replies(ADD, '=list=a', '=address=192.0.2.1/32')).toEqual(
      trap('failure: already have such entry'),
    );
    (await replies('/ip/firewall/address-list/find')).toEqual(
      trap('no such command', '=category=0'),
    );
    (await replies('/ip/firewall/nothing/print')).toEqual(
      trap('no such command prefix', '=category=0'),
    );
    (await replies(SET, '=timeout=1h')).toEqual(trap('missing =.id='));
    (await replies(SET, '=.id=*99', '=timeout=1h')).toEqual(trap('no such item', '=category=0'));
    (await replies(REMOVE, '=.id=*99')).toEqual(trap('no such item', '=category=0'));
    (await replies(REMOVE, '=.id=*1', '=x=y')).toEqual(trap('unknown parameter x'));
    expect(router.lists.v4.entries()).toHaveLength(1);
  });

  test('several ids at once, also by the name numbers', async () => {
    await start();
    const client = await loggedIn();
    for (const n of [1, 2, 3]) router.addEntry({ list: 'a', address: `192.0.2.${n}` });
    expect(await client.talk(REMOVE, '=.id=*1,*3')).toEqual([['!done']]);
    expect(await client.talk(SET, '=numbers=*2', '=comment=hello')).toEqual([['!done']]);
    expect(router.lists.v4.entries()).toMatchObject([{ id: '*2', comment: 'hello' }]);
  });

  test('the IPv6 list is another menu', async () => {
    await start({ ipv6Form: 'plain' });
    const client = await loggedIn();
    const path = '/ipv6/firewall/address-list';
    expect(await client.talk(`${path}/add`, '=list=a', '=address=2001:db8::1')).toEqual([
      ['!done', '=ret=*1'],
    ]);
    expect(await client.talk(`${path}/print`, '=.proplist=address')).toEqual([
      ['!re', '=address=2001:db8::1'],
      ['!done'],
    ]);
    expect(router.lists.v4.entries()).toEqual([]);
  });

  test('/quit is answered with a fatal', async () => {
    await start();
    const client = await loggedIn();
    expect(await client.talk('/quit')).toEqual([['!fatal', 'session terminated on request']]);
    await client.until('the end', () => client.ending === 'FIN');
  });

  test('the tag comes back on every sentence; an empty tag is none', async () => {
    await start();
    router.addEntry({ list: 'a', address: '192.0.2.1' });
    const client = await loggedIn();
    expect(await client.talk(PRINT, '=.proplist=.id', '.tag=7')).toEqual([
      ['!re', '=.id=*1', '.tag=7'],
      ['!done', '.tag=7'],
    ]);
    expect(await client.talk('/x/y', '.tag=b')).toEqual([
      ['!trap', '=category=0', '=message=no such command prefix', '.tag=b'],
      ['!done', '.tag=b'],
    ]);
    expect(await client.talk(REMOVE, '=.id=*1', '.tag=')).toEqual([['!done']]);
  });

  test('empty sentences are ignored', async () => {
    await start();
    const client = connect();
    client.sendBytes('\0\0\0');
    expect(await client.talk('/login', '=name=admin', '=password=secret')).toEqual([['!done']]);
  });
});

describe('print', () => {
  const ids = (sentences: Sentence[]) =>
    sentences.flatMap((words) => words.filter((word) => word.startsWith('=.id=')));

  test('shows what an entry has; what is not set is left out', async () => {
    await start();
    router.addEntry({ list: 'a', address: '192.0.2.1', timeout: '30s', comment: 'hello' });
    router.addEntry({ list: 'b', address: '192.0.2.2', disabled: 'yes' });
    const client = await loggedIn();
    const time = expect.stringMatching(/^=creation-time=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(await client.talk(PRINT)).toEqual([
      [
        '!re',
        '=.id=*1',
        '=list=a',
        '=address=192.0.2.1',
        time,
        expect.stringMatching(/^=timeout=\d\ds$/),
        '=dynamic=true',
        '=disabled=false',
        '=comment=hello',
      ],
      ['!re', '=.id=*2', '=list=b', '=address=192.0.2.2', time, '=dynamic=false', '=disabled=true'],
      ['!done'],
    ]);
  });

  test.each([
    [['?list=a'], ['*1', '*2']],
    [['?=list=a'], ['*1', '*2']],
    [['?list=a', '?address=192.0.2.2'], ['*2']],
    [['?.id=*3'], ['*3']],
    [['?comment'], ['*2']],
    [['?-comment'], ['*1', '*3']],
    [['?comment='], []],
    [['?disabled=yes'], ['*3']],
    [['?disabled=true'], ['*3']],
    [['?list=a', '?#!'], ['*3']],
    [
      ['?.id=*1', '?.id=*3', '?#|'],
      ['*1', '*3'],
    ],
    [['?.id=*1', '?.id=*2', '?.id=*3', '?#||!'], []],
    [
      ['?list=a', '?comment', '?#&!'],
      ['*1', '*3'],
    ],
    [['?comment=b=c'], ['*2']],
    [['?colour=red'], []],
    [['?-colour'], ['*1', '*2', '*3']],
  ])('%j finds %j', async (query, expected) => {
    await start();
    router.addEntry({ list: 'a', address: '192.0.2.1' });
    router.addEntry({ list: 'a', address: '192.0.2.2', comment: 'b=c' });
    router.addEntry({ list: 'b', address: '192.0.2.3', disabled: 'yes' });
    const client = await loggedIn('reader');
    const found = ids(await client.talk(PRINT, '=.proplist=.id', ...query));
    expect(found).toEqual(expected.map((id) => `=.id=${id}`));
  });

  test('a query or an argument that is not served here is refused', async () => {
    await start();
    router.addEntry({ list: 'a', address: '192.0.2.1' });
    const client = await loggedIn();
    for (const word of ['?>list=a', '?<list=a', '?#1', '?', '=where=x']) {
      expect((await client.talk(PRINT, word))[0]![0]).toBe('!trap');
    }
  });

  test.each([
    ['empty and done', [['!empty'], ['!done']]],
    ['empty', [['!empty']]],
    ['done', [['!done']]],
  ] as const)('nothing found: %s', async (emptyPrint, expected) => {
    await start({ emptyPrint });
    const client = await loggedIn();
    client.send(PRINT);
    await client.talk(REMOVE, '.tag=next'); // Whose reply comes after all of the print's.
    expect(client.sentences.slice(1, -2)).toEqual(expected);
  });
});

describe('the router', () => {
  test('keeps what was sent, and counts', async () => {
    await start();
    connect();
    const client = await loggedIn();
    await client.talk(ADD, '=list=a', '=address=192.0.2.1', '.tag=1');
    expect(router.sentences).toEqual([
      ['/login', '=name=admin', '=password=secret'],
      [ADD, '=list=a', '=address=192.0.2.1', '.tag=1'],
    ]);
    expect(router).toMatchObject({ adds: 1, bytesReceived: 37 + 65, connections: 2 });
  });

  test('delays each reply; the delays do not add up, and the order is kept', async () => {
    const replyDelay = 300;
    await start({ replyDelay });
    const client = connect();
    const begin = performance.now();
    client.send('/login', '=name=admin', '=password=secret');
    const addOf = (n: number) => [ADD, '=list=a', `=address=192.0.2.${n}`, `.tag=${n}`];
    for (let n = 0; n < 9; n += 1) client.send(...addOf(n));
    await client.talk(...addOf(9));
    const elapsed = performance.now() - begin;
    expect(client.sentences.map((words) => words.at(-1))).toEqual([
      '!done',
      ...Array.from({ length: 10 }, (_, n) => `.tag=${n}`),
    ]);
    expect(elapsed).toBeGreaterThan(replyDelay - 5);
    expect(elapsed).toBeLessThan(5 * replyDelay);
  });

  test('closes a connection that does not speak the API', async () => {
    await start();
    const client = connect();
    client.sendBytes(Buffer.of(0xff, 0xff));
    await client.until('the end', () => client.ending !== undefined);
    expect(router.sentences).toEqual([]);
  });

  test('close() ends its connections, frees the port, and may be called twice', async () => {
    await start();
    const client = await loggedIn();
    const { port } = router;
    await Promise.all([router.close(), router.close()]);
    await client.until('the end', () => client.ending !== undefined);
    const code = await new Promise((resolve) => {
      createConnection({ port, host: '127.0.0.1' }).on('error', (error) => resolve(error));
    });
    expect(code).toMatchObject({ code: 'ECONNREFUSED' });
    await start({ port });
    expect(router.port).toBe(port);
    await loggedIn();
  });

  test('rejects when it cannot listen', async () => {
    await start();
    await expect(startRouter({ port: router.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('listens on another address', async () => {
    await start({ host: '127.0.0.2' });
    expect(router.host).toBe('127.0.0.2');
    await loggedIn();
  });
});

describe('TLS', () => {
  const login = ['/login', '=name=admin', '=password=secret'];
  const connectTls = (options: object) => {
    const client = RawClient.to(router, options);
    clients.push(client);
    return client;
  };

  test('with a certificate', async () => {
    const { leaf, ca } = certificates();
    await start({ transport: leaf });
    const client = connectTls({ ca: ca.cert });
    expect(await client.talk(...login)).toEqual([['!done']]);
    expect(router.bytesReceived).toBe(37);
    await client.talk('/quit');
    await client.until('the end', () => client.ending === 'FIN');
  });

  test('no more than 1.2, unless 1.3 is asked for', async () => {
    const { selfSigned } = certificates();
    const options = { ca: selfSigned.cert, minVersion: 'TLSv1.3' };
    await start({ transport: selfSigned });
    const refused = connectTls(options);
    await refused.until('the end', () => refused.ending !== undefined);
    expect(refused.ending).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    await router.close();
    await start({ transport: selfSigned, tls13: true });
    expect(await connectTls(options).talk(...login)).toEqual([['!done']]);
  });

  test('anonymous: not with the usual ciphers, but with anonymous Diffie-Hellman', async () => {
    await start({ transport: 'anonymous' });
    const usual = connectTls({ rejectUnauthorized: false });
    await usual.until('the end', () => usual.ending !== undefined);
    expect(usual.ending).toMatch(/ALERT_HANDSHAKE_FAILURE/); // OpenSSL's names vary before that.
    const anonymous = connectTls({ rejectUnauthorized: false, ciphers: 'ADH:@SECLEVEL=0' });
    expect(await anonymous.talk(...login)).toEqual([['!done']]);
  });

  test('anonymous: elliptic curves are not offered', async () => {
    await start({ transport: 'anonymous' });
    const client = connectTls({ rejectUnauthorized: false, ciphers: 'AECDH:@SECLEVEL=0' });
    await client.until('the end', () => client.ending !== undefined);
    expect(router.bytesReceived).toBe(0);
  });

  test('a client that speaks plain to it gets no answer from the API', async () => {
    await start({ transport: certificates().leaf });
    const client = connect();
    client.send(...login);
    await client.until('the end', () => client.ending !== undefined);
    expect(router.sentences).toEqual([]);
  });
});
