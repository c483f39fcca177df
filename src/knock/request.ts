import { type SplitCommandLine, splitCommandLine } from '../cli/arguments';
import { parseDuration } from '../common/duration';
import { Failure, type Fault } from '../common/failure';
import { BadValue, readValue } from '../common/values';
import { filledText, path, host as readHost } from '../config/settings';
import { type Knock, readKnock } from './knocks';
import type { Target } from './targets';

/** What UDP packets carry, where the command line says it. */
export type Payload =
  | { readonly kind: 'payload'; readonly text: string }
  /** Hashes of passphrases: those of a file, or those that are asked for. */
  | { readonly kind: 'secret'; readonly file: string | undefined };

/** The TCP port that shall answer after the knocks, and for how many milliseconds to try. */
export interface ExpectedPort {
  readonly port: number;
  readonly wait: number;
}

/** Knocks to be sent. */
export interface KnockRequest {
  readonly verb: 'knock';
  /** The host; the name of a target where there are no knocks. */
  readonly to: string;
  readonly knocks: readonly Knock[];
  readonly payload: Payload | undefined;
  /** Milliseconds between two knocks. */
  readonly delay: number;
  readonly expectedPort: ExpectedPort | undefined;
}

/** What `fwknop-mikrotik knock` is asked for. */
export type KnockCommand =
  | KnockRequest
  | { readonly verb: 'add'; readonly target: Target }
  | { readonly verb: 'remove'; readonly name: string }
  | { readonly verb: 'hash'; readonly file: string | undefined }
  | { readonly verb: 'list' | 'help' };

const TEXTS = ['payload', 'passphrase-file', 'delay', 'then', 'wait', 'add', 'remove'] as const;
const SWITCHES = ['secret', 'list', 'hash', 'help'] as const;
type Text = (typeof TEXTS)[number];
type Switch = (typeof SWITCHES)[number];
type CommandLine = SplitCommandLine<Text, Switch>;

/** The options that stand for a verb of their own, and what goes together with each verb. */
const VERBS = ['add', 'remove', 'list', 'hash'] as const;
const FITTING: Readonly<Record<'knock' | (typeof VERBS)[number], readonly (Text | Switch)[]>> = {
  knock: ['payload', 'secret', 'passphrase-file', 'delay', 'then', 'wait'],
  add: ['add', 'secret'],
  remove: ['remove'],
  list: ['list'],
  hash: ['hash', 'passphrase-file'],
};

const DEFAULT_DELAY = 200; // ms: so that no packet overtakes another on the way
const LONGEST_DELAY = 60_000;
const DEFAULT_WAIT = 5000;
const LONGEST_WAIT = 60_000;

const SEE_HELP = 'see fwknop-mikrotik knock --help';

/**
 * Reads the command line that follows `knock`.
 *
 * @throws Failure `usage`, with every bad argument at once
 */
export async function readRequest(argv: readonly string[]): Promise<KnockCommand> {
  const help = 'fwknop-mikrotik knock --help';
  const line = await splitCommandLine(argv, { texts: TEXTS, switches: SWITCHES, help });
  if (line.switches.has('help')) return { verb: 'help' };
  const judge = new ArgumentReader(line);
  const request = readAll(line, judge);
  if (judge.faults.length > 0) throw new Failure('usage', judge.faults);
  return request;
}

/** Applies readers to what was given, and collects what they object to. */
class ArgumentReader {
  readonly faults: Fault[] = [];

  constructor(private readonly line: CommandLine) {}

  /** @returns undefined when the option is not given, or its value is bad */
  option<T>(name: Text, reader: (value: string) => T): T | undefined {
    const value = this.line.texts.get(name)?.[0];
    return value === undefined ? undefined : this.word(`--${name}`, value, reader);
  }

  /** @returns undefined when the value is bad */
  word<T>(name: string, value: string, reader: (value: string) => T): T | undefined {
    return readValue(this.faults, name, value, reader);
  }

  knocks(words: readonly string[]): readonly Knock[] {
    return words.flatMap((word, index) => this.word(`knock ${index + 1}`, word, readKnock) ?? []);
  }
}

/** What comes back holds as long as the judge has found no fault. */
function readAll(line: CommandLine, judge: ArgumentReader): KnockCommand {
  const given = [...line.texts.keys(), ...line.switches];
  const verb = VERBS.find((name) => given.includes(name)) ?? 'knock';
  for (const name of given.filter((option) => !FITTING[verb].includes(option))) {
    judge.faults.push({ what: `--${name}: of no use with --${verb}` });
  }
  if (verb === 'knock') return readKnockRequest(line, judge);
  if (verb === 'add') return { verb, target: readTarget(line, judge) };
  if (line.positionals.length > 0) {
    judge.faults.push(
      verb === 'hash' ? SECRET_ARGUMENT : { what: `--${verb}: an argument too many` },
    );
  }
  if (verb === 'remove') return { verb, name: judge.option('remove', readHost) ?? '' };
  return verb === 'hash' ? { verb, file: judge.option('passphrase-file', path) } : { verb };
}

const SECRET_ARGUMENT: Fault = {
  what: '--hash: takes no passphrase as an argument, where ps shows it',
  hint: 'type it when asked, or use --passphrase-file',
};

function readKnockRequest(
  { positionals: words, texts, switches }: CommandLine,
  judge: ArgumentReader,
): KnockRequest {
  const [place, ...knocks] = words;
  if (place === undefined) judge.faults.push({ what: 'no host and no target', hint: SEE_HELP });
  if (texts.has('wait') && !texts.has('then')) judge.faults.push({ what: '--wait: needs --then' });
  const port = judge.option('then', readExpectedPort);
  const wait = judge.option('wait', (text) => milliseconds(text, LONGEST_WAIT)) ?? DEFAULT_WAIT;
  return {
    verb: 'knock',
    to: place === undefined ? '' : (judge.word('host', place, readHost) ?? ''),
    knocks: judge.knocks(knocks),
    payload: readPayload(switches.has('secret'), judge),
    delay: judge.option('delay', (text) => milliseconds(text, LONGEST_DELAY)) ?? DEFAULT_DELAY,
    expectedPort: port === undefined ? undefined : { port, wait },
  };
}

function readPayload(asked: boolean, judge: ArgumentReader): Payload | undefined {
  const text = judge.option('payload', filledText);
  const file = judge.option('passphrase-file', path);
  if (text !== undefined && (asked || file !== undefined)) {
    const other = file === undefined ? '--secret' : '--passphrase-file';
    judge.faults.push({ what: `--payload: contradicts ${other}` });
  }
  if (text !== undefined) return { kind: 'payload', text };
  return asked || file !== undefined ? { kind: 'secret', file } : undefined;
}

function readTarget({ positionals: words, switches }: CommandLine, judge: ArgumentReader): Target {
  const name = judge.option('add', readHost) ?? '';
  const [first = '', ...rest] = words;
  const hasHost = !first.includes('/');
  const knocks = hasHost ? rest : words;
  if (knocks.length === 0) judge.faults.push({ what: '--add: no knocks', hint: SEE_HELP });
  return {
    name,
    host: hasHost && first !== '' ? (judge.word('host', first, readHost) ?? '') : name,
    knocks: judge.knocks(knocks),
    secret: switches.has('secret'),
  };
}

function readExpectedPort(text: string): number {
  const { protocol, port } = readKnock(text);
  if (protocol !== 'tcp') throw new BadValue('expected tcp/PORT: UDP need not answer');
  return port;
}

/** A duration that may be shorter than a second: `200ms`, or as everywhere else. */
function milliseconds(text: string, longest: number): number {
  const [, digits] = /^(\d{1,6})ms$/.exec(text) ?? [];
  const time = digits === undefined ? (parseDuration(text) ?? Number.NaN) * 1000 : Number(digits);
  if (!(time <= longest)) {
    throw new BadValue(`expected a duration of at most ${longest / 1000}s, such as 500ms or 2s`);
  }
  return time;
}
