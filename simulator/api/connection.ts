/** One client's connection: bytes → sentences → commands → replies → bytes, well or badly. */
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Faults, type How, type Occasion, stageOf } from '../faults';
import {
  attributes,
  encodeSentences,
  MalformedWord,
  type Sentence,
  SentenceDecoder,
} from './codec';
import { execute, type RouterState } from './commands';
import { done, fatal, type Reply, TEXT, tagged } from './replies';
import type { Login } from './users';

/** A router takes nothing this long; a client that sends TLS to the plain port seems to [? long-word]. */
const LONGEST_WORD = 1 << 20;

/** Between the last byte and a reset, so that the reset does not overtake it. */
const BEFORE_RESET_MS = 20;

const HEALTHY: How = { carriedOut: true };

/** Where bytes are written (plain or TLS), and the TCP socket below. */
export interface Line {
  stream: Socket;
  tcp: Socket;
  /** Aborted when the connection is over. */
  over: AbortSignal;
}

/**
 * Sends one reply the way `how` says; resolves when all is sent, rejects if the connection is over
 * before that.
 * @param startAt when the first byte may go, on the clock of performance.now()
 */
export async function deliver(
  { stream, tcp, over }: Line,
  how: How,
  occasion: Occasion,
  startAt = 0,
): Promise<void> {
  const wait = (ms: number) => (ms > 0 ? sleep(ms, undefined, { signal: over }) : undefined);
  const write = (bytes: Buffer) => {
    over.throwIfAborted();
    return new Promise<void>((resolve, reject) => {
      stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  };
  await wait(startAt - performance.now() + (how.late ?? 0));
  const reply = how.reply?.(occasion) ?? occasion.frame(occasion.healthy);
  const pieces = how.pieces?.(reply) ?? [reply];
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await wait(how.pause ?? 0);
    await write(piece);
  }
  while (how.forever) {
    await wait(how.forever.every);
    await write(how.forever.bytes(occasion));
  }
  if (how.ending === 'fin') stream.end();
  if (how.ending === 'rst') {
    await wait(BEFORE_RESET_MS);
    tcp.resetAndDestroy();
  }
}

/** The parts of its router that a connection uses. */
export interface Services {
  state: RouterState;
  faults: Faults;
  login: Login;
  /** Milliseconds from a command to the first byte of its reply. */
  replyDelay: number;
  onBytes(count: number): void;
  onSentence(words: Sentence): void;
}

/** Serves the API on a line until it is over. */
export function serve(line: Line, services: Services): void {
  // Replies keep the order of their commands, also where one takes long to send.
  let lastReply: Promise<void> = Promise.resolve();
  let password = '';

  const decoder = new SentenceDecoder((words) => {
    if (words.length === 0) return; // Empty sentences are ignored [C].
    services.onSentence(words);
    password = attributes(words).get('password') ?? password;
    const how = services.faults.at(stageOf(words)) ?? HEALTHY;
    const reply = how.carriedOut ? answer(words, services) : done();
    const tag = tagOf(words);
    const occasion: Occasion = {
      healthy: reply.sentences,
      password,
      frame: (sentences, otherTag = tag) => encodeSentences(tagged(sentences, otherTag)),
    };
    const ending: How = reply.closes && !how.ending ? { ...how, ending: 'fin' } : how;
    const startAt = performance.now() + services.replyDelay;
    lastReply = lastReply
      .then(() => deliver(line, ending, occasion, startAt))
      .catch(() => undefined);
  }, LONGEST_WORD);

  line.stream.on('data', (bytes) => {
    services.onBytes(bytes.length);
    try {
      decoder.push(bytes);
    } catch (error) {
      if (!(error instanceof MalformedWord)) throw error;
      // Not the API. A real router's answer to it is [? not-the-api].
      line.tcp.destroy();
    }
  });
}

/** The healthy answer to one sentence. */
function answer(words: Sentence, { login, state }: Services): Reply {
  if (words[0] === '/login') return login.attempt(words);
  return login.user ? execute(words, login.user, state) : fatal(TEXT.notLoggedIn);
}

/** The tag of a command; '' if it has none. */
function tagOf(words: Sentence): string {
  return words.find((word) => word.startsWith('.tag='))?.slice('.tag='.length) ?? '';
}
