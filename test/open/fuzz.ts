/**
 * `npm run fuzz`: routers that answer anything, and whether an opening stays truthful.
 *
 *     npm run fuzz -- [--seconds N] [--seed N]
 *
 * A case is a router whose replies follow a grammar of RouterOS's sentences and are then mutated, cut,
 * dripped, repeated and ended in any way, over plain TCP or TLS. An opening of any of them
 *
 * - succeeds only where the router confirmed it: an add by `!done` with an id, an entry that exists by
 *   the words for a duplicate, a new time by `!done`;
 * - ends by the deadline;
 * - shows the password in no message;
 * - is `unreachable` only where no add was sent.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, TLSSocket } from 'node:tls';
import { parseArgs } from 'node:util';
import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  boolean,
  constant,
  constantFrom,
  nat,
  oneof,
  option,
  record,
  tuple,
  uint8Array,
} from 'fast-check';
import { encodeSentences, type Sentence, SentenceDecoder } from '../../simulator/api/codec';
import { tagged } from '../../simulator/api/replies';
import { certificates } from '../../simulator/certificates';
import { stageOf } from '../../simulator/faults';
import { Deadline } from '../../src/common/deadline';
import { Failure } from '../../src/common/failure';
import type { OpeningEntry } from '../../src/router/address-list';
import { open } from '../../src/router/open';
import type { Router } from '../../src/router/router';

const PASSWORD = 'Zq7-correct-horse';
const DEADLINE_MS = 400;
const SLACK_MS = 1500; // of a busy machine
const LONGEST_REPLY = 1 << 16; // bytes, mutations included
const CASES_AT_ONCE = 24;

const ENTRY: OpeningEntry = {
  menu: '/ip/firewall/address-list',
  list: 'FWKNOP_6_22',
  address: '203.0.113.9',
  timeout: 60,
  comment: 'fwknop',
  service: 'tcp/22',
  label: 'FWKNOP_6_22',
};

/** How the bytes of a reply are changed, at a place of them. */
interface Mutation {
  readonly how: 'flip' | 'insert' | 'delete' | 'repeat' | 'truncate';
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The answer to one command. */
interface Turn {
  /** Undefined for the right ones. */
  readonly sentences: readonly (readonly [tag: 'own' | 'other' | 'none', Sentence])[] | undefined;
  readonly mutations: readonly Mutation[];
  readonly times: number;
  /** Where the reply is cut into pieces, and the milliseconds between them. */
  readonly cuts: readonly number[];
  readonly pause: number;
  readonly ending: 'fin' | 'rst' | undefined;
}

interface Case {
  readonly isTls: boolean;
  readonly isDuplicate: boolean;
  readonly hasMail: boolean;
  /** For the commands in their order, on one connection after the other; then from the start. */
  readonly turns: readonly Turn[];
}

const WORDS = [
  '=ret=*1A',
  '=ret=',
  '=ret=*',
  '=ret=1A',
  `=ret=${'0'.repeat(32)}`,
  '=message=failure: already have such entry',
  '=message=not enough permissions (9)',
  '=message=no such item',
  `=message=wrong password ${PASSWORD}`,
  '=.id=*1',
  `=list=${ENTRY.list}`,
  `=address=${ENTRY.address}`,
  '=timeout=10s',
  '=disabled=true',
  '=',
  '==',
  PASSWORD,
  '.tag=1',
  '!done',
  '=x=\xff\0\x1b[2J',
  `=message=${'x'.repeat(300)}`,
];
const REPLIES = ['!done', '!trap', '!re', '!empty', '!fatal', '!what', '!', 'done', PASSWORD];

const sentence: Arbitrary<readonly ['own' | 'other' | 'none', Sentence]> = tuple(
  oneof(
    { weight: 8, arbitrary: constant('own' as const) },
    constantFrom('other' as const, 'none' as const),
  ),
  tuple(constantFrom(...REPLIES), array(constantFrom(...WORDS), { maxLength: 4 })).map(
    ([reply, words]) => [reply, ...words],
  ),
);

const mutation: Arbitrary<Mutation> = record({
  how: constantFrom('flip', 'insert', 'delete', 'repeat', 'truncate'),
  at: nat(400),
  bytes: oneof(
    uint8Array({ minLength: 1, maxLength: 6 }),
    constantFrom(Uint8Array.of(0), Uint8Array.of(0xf8), Uint8Array.of(0xe0, 0x10, 0, 0)),
  ),
});

const turn: Arbitrary<Turn> = record({
  sentences: oneof(
    { weight: 3, arbitrary: constant(undefined) },
    { weight: 2, arbitrary: array(sentence, { maxLength: 4 }) },
  ),
  mutations: oneof(
    { weight: 3, arbitrary: constant([]) },
    { weight: 1, arbitrary: array(mutation, { maxLength: 3 }) },
  ),
  times: oneof({ weight: 8, arbitrary: constant(1) }, nat(300)),
  cuts: array(nat(60), { maxLength: 4 }),
  pause: nat(4),
  ending: oneof(
    { weight: 5, arbitrary: constant(undefined) },
    constantFrom('fin' as const, 'rst' as const),
  ),
});

const oneCase: Arbitrary<Case> = record({
  isTls: boolean(),
  isDuplicate: boolean(),
  hasMail: boolean(),
  // Most faults need a good login before them.
  turns: tuple(option(turn, { freq: 3 }), array(turn, { minLength: 1, maxLength: 5 })).map(
    ([first, rest]) => [first ?? HEALTHY, ...rest],
  ),
});

const HEALTHY: Turn = {
  sentences: undefined,
  mutations: [],
  times: 1,
  cuts: [],
  pause: 0,
  ending: undefined,
};

/** One connection of a router: the commands it received, and the bytes it answered. */
interface Conversation {
  readonly heard: Sentence[];
  readonly said: Buffer[];
}

/** The right reply to a command. */
function healthy(words: Sentence, isDuplicate: boolean): Sentence[] {
  switch (stageOf(words)) {
    case 'add':
      return isDuplicate
        ? [['!trap', '=message=failure: already have such entry'], ['!done']]
        : [['!done', '=ret=*1A']];
    case 'print':
      return [
        ['!re', '=.id=*1', `=list=${ENTRY.list}`, `=address=${ENTRY.address}`, '=timeout=10s'],
        ['!done'],
      ];
    default:
      return [['!done']];
  }
}

const tagOf = (words: Sentence) => words.find((word) => word.startsWith('.tag='))?.slice(5) ?? '';

function replyTo(words: Sentence, turn: Turn, isDuplicate: boolean): Buffer {
  const tag = { own: tagOf(words), other: 'somebody-else', none: '' };
  const right = healthy(words, isDuplicate).map((one) => ['own', one] as const);
  const sentences = (turn.sentences ?? right).flatMap(([whose, one]) => tagged([one], tag[whose]));
  const once = turn.mutations.reduce(mutate, encodeSentences(sentences));
  const times = Math.min(turn.times, Math.floor(LONGEST_REPLY / (once.length + 1)));
  return Buffer.concat(new Array<Buffer>(times).fill(once));
}

function mutate(reply: Buffer, { how, at: wanted, bytes }: Mutation): Buffer {
  const at = wanted % (reply.length + 1);
  const [before, after] = [reply.subarray(0, at), reply.subarray(at)];
  switch (how) {
    case 'flip':
      return Buffer.concat([before, bytes, after.subarray(bytes.length)]);
    case 'insert':
      return Buffer.concat([before, bytes, after]);
    case 'delete':
      return Buffer.concat([before, after.subarray(bytes.length)]);
    case 'repeat':
      return Buffer.concat([before, after, after]);
    case 'truncate':
      return before;
  }
}

/** Serves a connection as the case says. */
function serve(tcp: Socket, { isTls, isDuplicate, turns }: Case, conversations: Conversation[]) {
  const conversation: Conversation = { heard: [], said: [] };
  conversations.push(conversation);
  const { key, cert } = certificates().selfSigned;
  const socket = isTls
    ? new TLSSocket(tcp, { isServer: true, secureContext: createSecureContext({ key, cert }) })
    : tcp;
  for (const one of [tcp, socket]) one.on('error', () => tcp.destroy());
  let sending: Promise<void> = Promise.resolve();
  const decoder = new SentenceDecoder((words) => {
    const turn = turns[conversation.heard.length % turns.length] ?? HEALTHY;
    conversation.heard.push(words);
    const reply = replyTo(words, turn, isDuplicate);
    sending = sending.then(() => send(socket, tcp, reply, turn, conversation));
  });
  socket.on('data', (bytes) => decoder.push(bytes));
}

async function send(
  socket: Socket,
  tcp: Socket,
  reply: Buffer,
  { cuts, pause, ending }: Turn,
  { said }: Conversation,
): Promise<void> {
  const ends = [...new Set([...cuts.filter((cut) => cut < reply.length), reply.length])].sort(
    (one, other) => one - other,
  );
  let start = 0;
  for (const end of ends) {
    if (start > 0) await sleep(pause);
    if (!socket.writable) return;
    const piece = reply.subarray(start, end);
    said.push(piece);
    socket.write(piece);
    start = end;
  }
  if (ending === 'fin') socket.end();
  if (ending === 'rst') tcp.resetAndDestroy();
}

/** Whether the router's own replies confirm the success that an opening reports. */
function isConfirmed(what: string, { heard, said }: Conversation): boolean {
  const sentences: Sentence[] = [];
  try {
    new SentenceDecoder((one) => sentences.push(one)).push(Buffer.concat(said));
  } catch {
    // Nothing after it can be read.
  }
  const answers = (command: string, reply: string, word: RegExp) =>
    heard
      .filter((words) => stageOf(words) === command)
      .some((words) =>
        sentences.some(
          (answer) =>
            answer[0] === reply &&
            answer.includes(`.tag=${tagOf(words)}`) &&
            answer.some((one) => word.test(one)),
        ),
      );
  if (what.startsWith('opened ')) return answers('add', '!done', /^=ret=\*[0-9A-F]+$/);
  if (what.startsWith('extended ')) return answers('set', '!done', /^!done$/);
  return (
    what.startsWith('already has ') && answers('add', '!trap', /already have such (entry|address)/)
  );
}

async function tryCase(one: Case): Promise<void> {
  const conversations: Conversation[] = [];
  const sockets: Socket[] = [];
  const server = createServer((tcp) => {
    sockets.push(tcp);
    serve(tcp, one, conversations);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const router: Router = {
    name: 'fuzz',
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    user: 'fwknop',
    password: PASSWORD,
    trust: one.isTls
      ? { mode: 'pinned', fingerprint: certificates().selfSigned.fingerprint }
      : { mode: 'off' },
    email: one.hasMail ? 'me@example.com' : undefined,
  };
  const deadline = new Deadline(process.uptime() + DEADLINE_MS / 1000);
  const texts: (string | undefined)[] = [];
  try {
    const mail = { subject: 'Router: Port Opened', body: 'Given IP' };
    const opening = await inTime(open(router, ENTRY, mail, deadline, (text) => texts.push(text)));
    texts.push(opening.what, opening.warning);
    check(
      conversations.some((conversation) => isConfirmed(opening.what, conversation)),
      `not confirmed by the router: ${opening.what}`,
    );
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    texts.push(...error.faults.flatMap(({ what, hint }) => [what, hint]));
    const adds = conversations.flatMap(({ heard }) => heard).filter(isAdd).length;
    check(error.kind !== 'bug', error.message);
    check(error.kind !== 'unreachable' || adds === 0, `unreachable after an add: ${error.message}`);
  } finally {
    deadline.cancel();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
  for (const text of texts) {
    check(!text?.includes(PASSWORD), `shows the password: ${text}`);
    check(/^[\x20-\x7e]{0,200}$/.test(text ?? ''), `not fit to be shown: ${text}`);
  }
}

async function inTime<T>(result: Promise<T>): Promise<T> {
  const end = new AbortController();
  const late = sleep(DEADLINE_MS + SLACK_MS, undefined, { signal: end.signal }).then(() => {
    throw new Error('no end by the deadline');
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    late.catch(() => undefined);
    end.abort();
  }
}

const isAdd = (words: Sentence) => stageOf(words) === 'add';

function check(isTrue: boolean, otherwise: string): void {
  if (!isTrue) throw new Error(otherwise);
}

/**
 * Tries cases until the time is over.
 *
 * @returns how many were tried
 * @throws Error with the case that fails, made as small as it can be, and the seed
 */
export async function fuzz(seed: number, seconds: number): Promise<number> {
  let tried = 0;
  const cases = array(oneCase, { minLength: 1, maxLength: CASES_AT_ONCE, size: 'max' });
  await assert(
    asyncProperty(cases, async (some) => {
      tried += some.length;
      await Promise.all(some.map(tryCase));
    }),
    { seed, numRuns: 1_000_000, interruptAfterTimeLimit: seconds * 1000 },
  );
  return tried;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
  });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}, ${values.seconds} s`);
  console.log(`${await fuzz(seed, Number(values.seconds))} cases, all truthful`);
}

if (require.main === module) {
  main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
