/**
 * Ways to misbehave.
 *
 * A fault is a place (`at`) and a way (`how`). A way is data: is the command carried out, which
 * bytes are the reply, in which pieces do they come, and what happens to the connection. The named
 * ones stand in HOWS; FAULTS puts each at every place where it makes sense, for tests that go
 * through all of them.
 */
import { createHash } from 'node:crypto';
import { encodeLength, encodeSentences, type Sentence } from './api/codec';
import { Trap } from './api/replies';

/**
 * Where a fault happens: `connect` — the TCP connection is there, also below TLS; `tls` — the
 * client's first handshake bytes are; `challenge` — the second `/login` of the old login; the others
 * are commands.
 */
export type Stage = 'connect' | 'tls' | 'login' | 'challenge' | 'add' | 'print' | 'set' | 'send';

/** The material for a reply. */
export interface Occasion {
  /** The reply as it should be; empty at `connect` and `tls`. */
  healthy: Sentence[];
  /** The password that came with the last login on this connection. */
  password: string;
  /** Sentences → bytes, with the tag of the command unless another (or '', none) is given. */
  frame(sentences: Sentence[], tag?: string): Buffer;
}

/** One way to misbehave. */
export interface How {
  /** Is the command carried out? At `connect` and `tls`: does the router go on to serve? */
  carriedOut: boolean;
  /** The words and their order are right, only their delivery is odd: a good client gets along. */
  intact?: true;
  /** The bytes of the reply; the healthy ones if left out. */
  reply?: (occasion: Occasion) => Buffer;
  /** Milliseconds before the first byte. */
  late?: number;
  /** Cuts the reply into the pieces that are sent one by one, `pause` milliseconds apart. */
  pieces?: (reply: Buffer) => Buffer[];
  pause?: number;
  /** After the reply these bytes come again and again, every so many milliseconds. */
  forever?: { bytes: (occasion: Occasion) => Buffer; every: number };
  /** How the connection ends; it stays open, and silent, if left out. */
  ending?: Ending;
}

/** FIN: closed in order; RST: reset. */
export type Ending = 'fin' | 'rst';

/** A way to misbehave, at a place, and how often. */
export interface Fault {
  at: Stage;
  how: How;
  /** Only so many times, then healthy; always if left out. */
  times?: number;
  /** Healthy so many times before. */
  after?: number;
}

// Ways of delivery: the reply is right, the entry is stored.

/** The reply comes so many milliseconds late. */
export const late = (ms: number): How => ({ carriedOut: true, intact: true, late: ms });

/** The reply comes one byte at a time. */
export const byteByByte = (pause: number): How => ({
  carriedOut: true,
  intact: true,
  pieces: (reply) => [...reply].map((byte) => Buffer.of(byte)),
  pause,
});

/**
 * The reply comes in two segments.
 * @param at bytes in the first one; negative: counted from the end
 */
export const cutInTwo = (at: number, pause: number): How => ({
  carriedOut: true,
  intact: true,
  pieces: (reply) => [reply.subarray(0, at), reply.subarray(at)],
  pause,
});

/**
 * The command is carried out, but the reply stops, and then comes the end or silence.
 * @param at bytes that come; negative: counted from the end
 */
export const cutShort = (at: number, ending?: Ending): How => ({
  carriedOut: true,
  pieces: (reply) => [reply.subarray(0, at)],
  ...(ending && { ending }),
});

// Ways of speech: what comes is not the right reply.

/** Nothing is done, and these bytes come; then the end or silence. */
export const saying = (bytes: Buffer | string, ending?: Ending): How => ({
  carriedOut: false,
  reply: () => Buffer.from(bytes as string, 'latin1'),
  ...(ending && { ending }),
});

/** The command is carried out, but the reply is made of other sentences. */
export const answering = (sentences: (healthy: Sentence[]) => Sentence[]): How => ({
  carriedOut: true,
  reply: ({ healthy, frame }) => frame(sentences(healthy)),
});

/** The command is carried out, but these bytes come before its reply. */
export const precededBy = (bytes: Buffer): How => ({
  carriedOut: true,
  reply: ({ healthy, frame }) => Buffer.concat([bytes, frame(healthy)]),
});

/** The command is carried out, and these bytes come after its reply, in one segment with it. */
export const followedBy = (bytes: Buffer): How => ({
  carriedOut: true,
  reply: ({ healthy, frame }) => Buffer.concat([frame(healthy), bytes]),
});

/** The command is refused with these sentences; they are given the password that was sent. */
export const refusing = (sentences: (password: string) => Sentence[]): How => ({
  carriedOut: false,
  reply: ({ password, frame }) => frame(sentences(password)),
});

/** The command is refused with any text, one character a byte. */
export const trap = (text: string, category?: number): How =>
  refusing(() => new Trap(text, category).reply.sentences);

/** The session ends with a bare word [C] and, unless left open, a FIN. */
export const fatal = (text: string, ending: Ending | 'open' = 'fin'): How =>
  saying(encodeSentences([['!fatal', text]]), ending === 'open' ? undefined : ending);

/** Nothing is done; after a start, the same bytes come every so many milliseconds, indefinitely. */
export const drip = (start: Buffer, bytes: (occasion: Occasion) => Buffer, every: number): How => ({
  carriedOut: false,
  reply: () => start,
  forever: { bytes, every },
});

const NOTHING = Buffer.alloc(0);
const PAUSE_MS = 30;
const LATE_MS = 150;
const DRIP_MS = 5;
const MEGABYTE = 2 ** 20;

/** The same 512 bytes in every run, so that a failing test fails again. */
export const GARBAGE = Buffer.concat(
  Array.from({ length: 16 }, (_, index) => createHash('sha256').update(`${index}`).digest()),
);

/** A web server's answer to the API. */
export const HTTP_400 =
  'HTTP/1.0 400 Bad Request\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n<h1>Bad Request</h1>';

/** Characters of a message that a terminal or a log must not get. */
export const NASTY = `failure: \x1b[2J\x1b]0;owned\x07 first\r\nsecond\nfwknop-mikrotik: done\t\x00\x7f ${Buffer.from('größe – 中').toString('latin1')} \xff\xfe`;

/** The ways that need no command: for every place. */
const ANYWHERE = {
  silence: saying(NOTHING),
  FIN: saying(NOTHING, 'fin'),
  RST: saying(NOTHING, 'rst'),
  '!fatal': fatal('too many sessions'),
  '!fatal, left open': fatal('too many sessions', 'open'),
  '!fatal with =message=': saying(encodeSentences([['!fatal', '=message=too many']]), 'fin'),
  '!fatal with no text': saying(encodeSentences([['!fatal']]), 'fin'),
  'reserved length byte 0xF8': precededBy(Buffer.of(0xf8)),
  'reserved length byte 0xFF': precededBy(Buffer.of(0xff)),
  'huge length in 4 bytes': precededBy(encodeLength(0x0fffffff)),
  'huge length in 5 bytes': precededBy(encodeLength(0x7fffffff)),
  'endless word': drip(encodeLength(0x0fffffff), () => Buffer.from('x'), DRIP_MS),
  'endless empty sentences': drip(NOTHING, () => Buffer.of(0), DRIP_MS),
  garbage: saying(GARBAGE),
  'garbage, then FIN': saying(GARBAGE, 'fin'),
  'HTTP 400': saying(HTTP_400, 'fin'),
  late: late(LATE_MS),
} satisfies Record<string, How>;

/** A service of another kind on the port. */
const BANNERS = { 'SSH banner': saying('SSH-2.0-ROSSSH\r\n') } satisfies Record<string, How>;

/** The ways of TLS: alert 40, handshake_failure, in a record of TLS 1.2. */
const ALERTS = {
  'TLS alert': saying(Buffer.from('15030300020228', 'hex'), 'fin'),
} satisfies Record<string, How>;

/** The ways to answer a command. */
const REPLIES = {
  'byte by byte': byteByByte(1),
  'cut in two after 1 byte': cutInTwo(1, PAUSE_MS),
  'cut in two after 4 bytes': cutInTwo(4, PAUSE_MS),
  'cut in two after 6 bytes': cutInTwo(6, PAUSE_MS),
  'zero byte in a later segment': cutInTwo(-1, PAUSE_MS),
  'carried out, then silence': cutShort(0),
  'carried out, then FIN': cutShort(0, 'fin'),
  'carried out, then RST': cutShort(0, 'rst'),
  'cut short after 4 bytes, then silence': cutShort(4),
  'cut short after 4 bytes, then FIN': cutShort(4, 'fin'),
  'cut short after 4 bytes, then RST': cutShort(4, 'rst'),
  'no zero byte, then silence': cutShort(-1),
  'no zero byte, then FIN': cutShort(-1, 'fin'),
  'empty sentence first': precededBy(Buffer.of(0)),
  'garbage after it': followedBy(GARBAGE),
  '!fatal after it': followedBy(encodeSentences([['!fatal', 'session terminated']])),
  'foreign tag': {
    carriedOut: true,
    reply: ({ healthy, frame }) => frame(healthy, 'somebody-else'),
  },
  'no tag': { carriedOut: true, reply: ({ healthy, frame }) => frame(healthy, '') },
  'unknown reply word first': answering((healthy) => [['!what', '=a=b'], ...healthy]),
  'unknown reply word instead': answering(() => [['!what', '=a=b']]),
  '!empty first': answering((healthy) => [['!empty'], ...healthy]),
  '!empty instead': answering(() => [['!empty']]),
  '!re first': answering((healthy) => [
    ['!re', '=.id=*1'],
    ['!re', '=.id=*2', '=list=somebody-else'],
    ...healthy,
  ]),
  'two !done': answering((healthy) => [...healthy, ['!done']]),
  '!done before !trap': refusing(() => [
    ['!done'],
    ['!trap', '=message=failure: on second thoughts'],
  ]),
  '!trap with no message': refusing(() => [['!trap'], ['!done']]),
  '!trap without !done': refusing(() => [['!trap', '=message=failure: no end']]),
  '!trap with any message': trap('failure: out of luck', 4),
  '!trap of 1 MB': trap('x'.repeat(MEGABYTE)),
  '!trap with control characters': trap(NASTY),
  '!trap that repeats the password': refusing((password) => [
    ['!trap', `=message=failure: wrong password ${password}`],
    ['!done'],
  ]),
  'endless !re': drip(NOTHING, ({ frame }) => frame([['!re', '=.id=*1']]), DRIP_MS),
} satisfies Record<string, How>;

/** The ways to answer where `=ret=` means something: an id, or the challenge of an old router. */
const RETURNS = {
  '!done with empty =ret=': answering(() => [['!done', '=ret=']]),
  '!done with =ret=*': answering(() => [['!done', '=ret=*']]),
  '!done with =ret=*xyz': answering(() => [['!done', '=ret=*xyz']]),
  '!done with =ret=0': answering(() => [['!done', '=ret=0']]),
} satisfies Record<string, How>;

/** The way to answer where `=ret=` must be. */
const BARE_DONES = {
  '!done without =ret=': answering(() => [['!done']]),
} satisfies Record<string, How>;

/** Every way by its name. */
export const HOWS = {
  ...ANYWHERE,
  ...BANNERS,
  ...ALERTS,
  ...REPLIES,
  ...RETURNS,
  ...BARE_DONES,
};

/** A fault of the great table. */
export interface NamedFault extends Fault {
  /** For example `add: byte by byte`. */
  name: string;
  /**
   * A client sends one `add`: is the entry stored in the end? `if sent` — the fault is elsewhere
   * and leaves the way open: just when the `add` was sent.
   */
  stored: 'yes' | 'no' | 'if sent';
}

const COMMAND_STAGES: Stage[] = ['add', 'print', 'set', 'send'];
const API_STAGES: Stage[] = ['login', 'challenge', ...COMMAND_STAGES];

/** Every way at every place where it makes sense: for tests that go through all of them. */
export const FAULTS: NamedFault[] = [
  ...put(ANYWHERE, ['connect', 'tls', ...API_STAGES]),
  ...put(BANNERS, ['connect', 'tls']),
  ...put(ALERTS, ['tls']),
  ...put(REPLIES, API_STAGES),
  ...put(RETURNS, ['login', 'challenge', 'add']),
  ...put(BARE_DONES, ['add']),
];

function put(hows: Record<string, How>, stages: Stage[]): NamedFault[] {
  return stages.flatMap((at) =>
    Object.entries(hows).map(([name, how]) => ({
      name: `${at}: ${name}`,
      at,
      how,
      stored: stored(at, how),
    })),
  );
}

function stored(at: Stage, { carriedOut, ending }: How): NamedFault['stored'] {
  if (at === 'add') return carriedOut ? 'yes' : 'no';
  const besideTheWay = COMMAND_STAGES.includes(at);
  return besideTheWay || (carriedOut && !ending) ? 'if sent' : 'no';
}

/** The faults of one router, and how often their places were passed. */
export class Faults {
  private readonly passed = new Map<Fault, number>();

  constructor(readonly list: Fault[]) {}

  /** Counts one passage of a stage; gives the first fault that is due there. */
  at(stage: Stage | undefined): How | undefined {
    const due = this.list
      .filter(({ at }) => at === stage)
      .filter((fault) => {
        const before = this.passed.get(fault) ?? 0;
        this.passed.set(fault, before + 1);
        const { after = 0, times = Number.POSITIVE_INFINITY } = fault;
        return before >= after && before < after + times;
      });
    return due[0]?.how;
  }
}

/** The stage that a sentence from a client belongs to. */
export function stageOf(words: Sentence): Stage | undefined {
  const [path = ''] = words;
  if (path === '/login') {
    return words.some((word) => word.startsWith('=response=')) ? 'challenge' : 'login';
  }
  return COMMAND_STAGES.find((stage) => path.endsWith(`/${stage}`));
}
