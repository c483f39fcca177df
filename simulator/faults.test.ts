import { setTimeout as sleep } from 'node:timers/promises';
import { encodeSentences, type Sentence } from './api/codec';
import { RawClient } from './api/raw-client';
import { startRouter, type TestRouter } from './api/server';
import { challengeResponse } from './api/users';
import { certificates } from './certificates';
import {
  byteByByte,
  cutInTwo,
  FAULTS,
  type Fault,
  fatal,
  GARBAGE,
  HOWS,
  HTTP_400,
  late,
  NASTY,
  type NamedFault,
  type Stage,
  saying,
  trap,
} from './faults';

type HowName = keyof typeof HOWS;
type Mode = 'plain' | 'TLS';

/** The tag of the command that meets the fault. */
const TAG = '.tag=7';
const PASSWORD = 'secret';
const LOGIN = ['/login', '=name=admin', `=password=${PASSWORD}`];
const LIST = '/ip/firewall/address-list';

/** Long enough to see that no more comes. */
const QUIET_MS = 100;

/** Each command of a client, and its healthy reply. */
const COMMANDS: Record<
  Exclude<Stage, 'connect' | 'tls'>,
  { words: Sentence; reply: Sentence[] }
> = {
  login: { words: LOGIN, reply: [['!done']] },
  challenge: { words: ['/login', '=name=admin'], reply: [['!done']] },
  add: { words: [`${LIST}/add`, '=list=a', '=address=192.0.2.1'], reply: [['!done', '=ret=*2']] },
  print: {
    words: [`${LIST}/print`, '=.proplist=.id'],
    reply: [['!re', '=.id=*1'], ['!done']],
  },
  set: { words: [`${LIST}/set`, '=.id=*1', '=comment=new'], reply: [['!done']] },
  send: { words: ['/tool/e-mail/send', '=to=a@example.com'], reply: [['!done']] },
};

const frame = (...sentences: Sentence[]) => encodeSentences(sentences);
const tagged = (...sentences: Sentence[]) =>
  encodeSentences(sentences.map((words) => [...words, TAG]));

/** The view of a client: some bytes, perhaps others without end, and the end of the connection. */
interface Sight {
  bytes: Buffer;
  again?: Buffer;
  ending: 'FIN' | 'ECONNRESET' | 'open';
}

const sees = (bytes: Buffer | string, ending: Sight['ending'] = 'open', again?: Buffer): Sight => ({
  bytes: Buffer.from(bytes as string, 'latin1'),
  ending,
  ...(again && { again }),
});

const refused = (message: string, ending: Sight['ending'] = 'open') =>
  sees(tagged(['!trap', `=message=${message}`], ['!done']), ending);

/** The promise of each name, given the sentences of the healthy reply. */
const PROMISES: Record<HowName, (healthy: Sentence[]) => Sight> = {
  silence: () => sees(''),
  FIN: () => sees('', 'FIN'),
  RST: () => sees('', 'ECONNRESET'),
  '!fatal': () => sees(frame(['!fatal', 'too many sessions']), 'FIN'),
  '!fatal, left open': () => sees(frame(['!fatal', 'too many sessions'])),
  '!fatal with =message=': () => sees(frame(['!fatal', '=message=too many']), 'FIN'),
  '!fatal with no text': () => sees(frame(['!fatal']), 'FIN'),
  'reserved length byte 0xF8': (healthy) =>
    sees(Buffer.concat([Buffer.of(0xf8), tagged(...healthy)])),
  'reserved length byte 0xFF': (healthy) =>
    sees(Buffer.concat([Buffer.of(0xff), tagged(...healthy)])),
  'huge length in 4 bytes': (healthy) =>
    sees(Buffer.concat([Buffer.from('efffffff', 'hex'), tagged(...healthy)])),
  'huge length in 5 bytes': (healthy) =>
    sees(Buffer.concat([Buffer.from('f07fffffff', 'hex'), tagged(...healthy)])),
  'endless word': () => sees(Buffer.from('efffffff', 'hex'), 'open', Buffer.from('x')),
  'endless empty sentences': () => sees('', 'open', Buffer.of(0)),
  garbage: () => sees(GARBAGE),
  'garbage, then FIN': () => sees(GARBAGE, 'FIN'),
  'HTTP 400': () => sees(HTTP_400, 'FIN'),
  late: (healthy) => sees(tagged(...healthy)),
  'SSH banner': () => sees('SSH-2.0-ROSSSH\r\n'),
  'TLS alert': () => sees(Buffer.from('15030300020228', 'hex'), 'FIN'),
  'byte by byte': (healthy) => sees(tagged(...healthy)),
  'cut in two after 1 byte': (healthy) => sees(tagged(...healthy)),
  'cut in two after 4 bytes': (healthy) => sees(tagged(...healthy)),
  'cut in two after 6 bytes': (healthy) => sees(tagged(...healthy)),
  'zero byte in a later segment': (healthy) => sees(tagged(...healthy)),
  'carried out, then silence': () => sees(''),
  'carried out, then FIN': () => sees('', 'FIN'),
  'carried out, then RST': () => sees('', 'ECONNRESET'),
  'cut short after 4 bytes, then silence': (healthy) => sees(tagged(...healthy).subarray(0, 4)),
  'cut short after 4 bytes, then FIN': (healthy) => sees(tagged(...healthy).subarray(0, 4), 'FIN'),
  'cut short after 4 bytes, then RST': (healthy) =>
    sees(tagged(...healthy).subarray(0, 4), 'ECONNRESET'),
  'no zero byte, then silence': (healthy) => sees(tagged(...healthy).subarray(0, -1)),
  'no zero byte, then FIN': (healthy) => sees(tagged(...healthy).subarray(0, -1), 'FIN'),
  'empty sentence first': (healthy) => sees(Buffer.concat([Buffer.of(0), tagged(...healthy)])),
  'garbage after it': (healthy) => sees(Buffer.concat([tagged(...healthy), GARBAGE])),
  '!fatal after it': (healthy) =>
    sees(Buffer.concat([tagged(...healthy), frame(['!fatal', 'session terminated'])])),
  'foreign tag': (healthy) =>
    sees(frame(...healthy.map((words) => [...words, '.tag=somebody-else']))),
  'no tag': (healthy) => sees(frame(...healthy)),
  'unknown reply word first': (healthy) => sees(tagged(['!what', '=a=b'], ...healthy)),
  'unknown reply word instead': () => sees(tagged(['!what', '=a=b'])),
  '!empty first': (healthy) => sees(tagged(['!empty'], ...healthy)),
  '!empty instead': () => sees(tagged(['!empty'])),
  '!re first': (healthy) =>
    sees(tagged(['!re', '=.id=*1'], ['!re', '=.id=*2', '=list=somebody-else'], ...healthy)),
  'two !done': (healthy) => sees(tagged(...healthy, ['!done'])),
  '!done before !trap': () =>
    sees(tagged(['!done'], ['!trap', '=message=failure: on second thoughts'])),
  '!trap with no message': () => sees(tagged(['!trap'], ['!done'])),
  '!trap without !done': () => sees(tagged(['!trap', '=message=failure: no end'])),
  '!trap with any message': () =>
    sees(tagged(['!trap', '=category=4', '=message=failure: out of luck'], ['!done'])),
  '!trap of 1 MB': () => refused('x'.repeat(1048576)),
  '!trap with control characters': () => refused(NASTY),
  '!trap that repeats the password': () => refused(`failure: wrong password ${PASSWORD}`),
  'endless !re': () => sees('', 'open', tagged(['!re', '=.id=*1'])),
  '!done with empty =ret=': () => sees(tagged(['!done', '=ret='])),
  '!done with =ret=*': () => sees(tagged(['!done', '=ret=*'])),
  '!done with =ret=*xyz': () => sees(tagged(['!done', '=ret=*xyz'])),
  '!done with =ret=0': () => sees(tagged(['!done', '=ret=0'])),
  '!done without =ret=': () => sees(tagged(['!done'])),
};

/** The outcome for a client that met a fault. */
interface Meeting {
  seen: Sight;
  /** The changes that were carried out: the entry added, the entry changed, the mail sent. */
  done: Record<'add' | 'set' | 'send', boolean>;
}

/** Lets one client run into one fault. */
async function meet(fault: NamedFault, mode: Mode, promise: Sight): Promise<Meeting> {
  const { selfSigned } = certificates();
  const { at } = fault;
  const router = await startRouter({
    transport: mode === 'plain' ? 'plain' : selfSigned,
    login: at === 'challenge' ? 'challenge' : 'plain',
    faults: [fault],
  });
  router.addEntry({ list: 'foreign', address: '192.0.2.99' });
  const belowTheApi = at === 'connect' || at === 'tls';
  const client = RawClient.to(
    router,
    mode === 'TLS' && !belowTheApi ? { ca: selfSigned.cert } : undefined,
  );

  const before = await approach(client, at);
  const soFar = () => client.bytes.subarray(before);
  const { bytes, again = Buffer.alloc(0), ending } = promise;
  await client.until(
    fault.name,
    () =>
      soFar().length >= bytes.length + 3 * again.length &&
      (ending === 'open' || client.ending !== undefined),
  );
  await sleep(QUIET_MS);
  const seen = sees(soFar(), (client.ending ?? 'open') as Sight['ending']);

  // A client that goes on regardless: does it get its entry?
  if (mode === 'plain' && ['connect', 'login', 'challenge'].includes(at)) {
    if (at === 'connect') client.send(...LOGIN);
    client.send(...COMMANDS.add.words);
    await sleep(QUIET_MS);
  }
  const look = (): Meeting['done'] => {
    const [foreign, added] = router.lists.v4.entries();
    return {
      add: added !== undefined,
      set: foreign?.comment === 'new',
      send: router.mails.length === 1,
    };
  };
  // On a busy machine a silent router may not have read the command yet.
  if (at === 'add' || at === 'set' || at === 'send') {
    const isCarriedOut = at === 'add' ? fault.stored === 'yes' : fault.how.carriedOut;
    if (isCarriedOut) await waitFor(() => look()[at]);
  }
  const done = look();
  client.close();
  await router.close();
  return { seen, done };
}

/** Goes up to where the fault is; returns how many bytes came on the way. */
async function approach(client: RawClient, at: Stage): Promise<number> {
  if (at === 'connect') return 0;
  if (at === 'tls') {
    client.sendBytes(Buffer.from('160301', 'hex')); // The start of a handshake.
    return 0;
  }
  const words = [...COMMANDS[at].words, TAG];
  if (at === 'challenge') {
    const [[, ret] = []] = await client.talk('/login');
    words.push(`=response=${challengeResponse(PASSWORD, ret!.slice('=ret='.length))}`);
    words.push(`=password=${PASSWORD}`);
  } else if (at !== 'login') {
    await client.talk(...LOGIN);
  }
  const before = client.bytes.length;
  client.send(...words);
  return before;
}

const COVERAGE: [Mode, Stage[]][] = [
  ['plain', ['connect', 'login', 'challenge', 'add', 'print', 'set', 'send']],
  ['TLS', ['connect', 'tls', 'login', 'add']],
];

describe.each(COVERAGE)('over %s each fault keeps its promise', (mode, stages) => {
  const faults = FAULTS.filter(({ at }) => stages.includes(at));
  const promises = new Map<NamedFault, Sight>();
  const meetings = new Map<NamedFault, Meeting>();

  // All at once, since most of the time is waiting for what must not come.
  beforeAll(async () => {
    await Promise.all(
      faults.map(async (fault) => {
        const name = fault.name.slice(fault.at.length + 2) as HowName;
        const healthy =
          fault.at === 'connect' || fault.at === 'tls' ? [] : COMMANDS[fault.at].reply;
        const promise = PROMISES[name](healthy);
        promises.set(fault, promise);
        meetings.set(fault, await meet(fault, mode, promise));
      }),
    );
  }, 30_000);

  test.each(faults.map((fault) => [fault.name, fault] as const))('%s', (_name, fault) => {
    const { seen, done } = meetings.get(fault)!;
    const { bytes, ending, again } = promises.get(fault)!;
    // Bytes and a reset in one go: libuv calls that an end.
    const endings = ending === 'ECONNRESET' && bytes.length > 0 ? [ending, 'FIN'] : [ending];
    expect(endings).toContain(seen.ending);
    expect(seen.bytes.subarray(0, bytes.length).toString('latin1')).toBe(bytes.toString('latin1'));
    const rest = seen.bytes.subarray(bytes.length).toString('latin1');
    expect(rest.replaceAll(again?.toString('latin1') ?? '\0\0', '')).toBe('');

    const { at, how, stored } = fault;
    if (at === 'add') expect(done.add ? 'yes' : 'no').toBe(stored);
    if (at === 'set' || at === 'send') expect(done[at]).toBe(how.carriedOut);
    if (mode === 'plain' && ['connect', 'login', 'challenge'].includes(at)) {
      expect(done.add ? 'if sent' : 'no').toBe(stored);
    }
  });
});

/** Waits for a state that no client can see, 5 s at most. */
async function waitFor(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !isSo(); tries += 1) await sleep(10);
}

async function eventually(isSo: () => boolean): Promise<void> {
  await waitFor(isSo);
  expect(isSo()).toBe(true);
}

describe('how faults are given', () => {
  let router: TestRouter;
  const clients: RawClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await router.close();
  });

  const start = async (...faults: Fault[]) => {
    router = await startRouter({ faults });
  };

  const connect = (tls?: { ca: string }) => {
    const client = RawClient.to(router, tls);
    clients.push(client);
    return client;
  };

  const loggedIn = async () => {
    const client = connect();
    await client.talk(...LOGIN);
    return client;
  };

  const add = (client: RawClient, host: number) =>
    client.talk(`${LIST}/add`, '=list=a', `=address=192.0.2.${host}`);

  test('so many times, after so many others', async () => {
    await start({ at: 'add', how: trap('failure: now'), after: 1, times: 2 });
    const client = await loggedIn();
    const replies: string[] = [];
    for (let n = 1; n <= 4; n += 1) replies.push((await add(client, n))[0]!.join(' '));
    const refusal = '!trap =message=failure: now';
    expect(replies).toEqual(['!done =ret=*1', refusal, refusal, '!done =ret=*2']);
  });

  test('several at one place: the first that is due happens, and each counts for itself', async () => {
    await start(
      { at: 'add', how: trap('failure: first'), times: 1 },
      { at: 'add', how: trap('failure: second'), times: 2 },
    );
    const client = await loggedIn();
    const messages: string[] = [];
    for (let n = 1; n <= 3; n += 1) messages.push((await add(client, n))[0]!.at(-1)!);
    expect(messages).toEqual(['=message=failure: first', '=message=failure: second', '=ret=*1']);
  });

  test('while the router runs', async () => {
    await start();
    const client = await loggedIn();
    await add(client, 1);
    router.faults.push({ at: 'add', how: fatal('out of memory') });
    expect(await add(client, 2)).toEqual([['!fatal', 'out of memory']]);
  });

  test('at places of their own', async () => {
    await start({ at: 'login', how: byteByByte(1) }, { at: 'add', how: saying('\0hello') });
    const client = await loggedIn();
    client.send(`${LIST}/add`, '=list=a', '=address=192.0.2.1');
    await client.until('hello', () => client.bytes.toString('latin1').endsWith('\0hello'));
  });

  // The pause is longer than any test waits: the first piece must come without the second.
  test.each([
    ['byte by byte', byteByByte(60_000), 1],
    ['in two', cutInTwo(4, 60_000), 4],
    ['in two, counted from the end', cutInTwo(-1, 60_000), 6],
  ])('a reply comes %s', async (_name, how, length) => {
    await start({ at: 'login', how });
    const client = connect();
    client.send(...LOGIN);
    await client.until('the first piece', () => client.bytes.length > 0);
    expect(client.bytes).toEqual(frame(['!done']).subarray(0, length));
  });

  test('a late reply is late, and what is endless does not keep the router from closing', async () => {
    await start(
      { at: 'login', how: late(200) },
      { at: 'add', how: HOWS['endless !re'] },
      { at: 'print', how: late(60_000) },
    );
    const begin = performance.now();
    const client = await loggedIn();
    expect(performance.now() - begin).toBeGreaterThan(195);
    client.send(`${LIST}/add`);
    await client.until('some !re', () => client.bytes.length > 100);
    (await loggedIn()).send(`${LIST}/print`);
    await router.close();
    await client.until('the end', () => client.ending !== undefined);
  });

  test('a client that leaves during a fault leaves nothing behind', async () => {
    await start({ at: 'connect', how: late(60_000), times: 1 }, { at: 'login', how: late(60_000) });
    const first = connect();
    await eventually(() => router.connections === 1);
    first.close();
    const second = connect();
    second.send(...LOGIN);
    await eventually(() => router.sentences.length === 1);
    second.close();
    await router.close();
  });

  test.each([
    ['connect', 'late', undefined],
    ['tls', 'late', undefined],
    ['tls', 'TLS alert', 'ALERT_HANDSHAKE_FAILURE'],
    ['tls', 'garbage', 'WRONG_VERSION_NUMBER'],
    ['tls', 'FIN', 'FIN'],
    ['tls', 'RST', 'ECONNRESET'],
    ['connect', 'SSH banner', 'WRONG_VERSION_NUMBER'],
    ['connect', 'FIN', 'FIN'],
  ] as const)('a TLS client meets %s: %s; it sees %s', async (at, name, ending) => {
    const { selfSigned } = certificates();
    router = await startRouter({
      transport: selfSigned,
      faults: [{ at, how: HOWS[name], times: 1 }],
    });
    const client = connect({ ca: selfSigned.cert });
    if (ending === undefined) {
      expect(await client.talk(...LOGIN)).toEqual([['!done']]);
    } else {
      await client.until('the end', () => client.ending !== undefined);
      expect(client.ending).toContain(ending);
      expect(router.sentences).toEqual([]);
    }
  });
});

test('the table names each fault once', () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  expect(new Set(FAULTS.map(({ how }) => how)).size).toBe(Object.keys(HOWS).length);
});

test('the message that a terminal must not get holds all that it should', () => {
  for (const character of ['\x1b', '\x07', '\0', '\r', '\n', '\t', '\x7f', '\xff']) {
    expect(NASTY).toContain(character);
  }
});
