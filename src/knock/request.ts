import { type SplitCommandLine, splitCommandLine } from '../cli/arguments';
import { parseDuration } from '../common/duration';
import { Failure, type Fault } from '../common/failure';
import { BadValue, readValue } from '../common/values';
import { filledText, path, host as readHost } from '../config/settings';
import { type Knock, readKnock } from './knocks';
import type { Target } from './targets';

/** The content of the UDP packets, where the command line gives one. */
export type Payload =
  | { readonly kind: 'payload'; readonly text: string }
  /** Hashes of passphrases: from a file, or asked for. */
  | { readonly kind: 'secret'; readonly file: string | undefined };

/** The TCP port that should answer after the knocks, and for how many milliseconds to try. */
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

/** The request of a `fwknop-mikrotik knock` command line. */
export type KnockCommand =
  | KnockRequest
  | { readonly verb: 'add'; readonly target: Target }
  | { readonly verb: 'remove'; readonly name: string }
  | { readonly verb: 'hash'; readonly file: string | undefined }
  | { readonly verb: 'list' | 'help' };

const TEXTS = ['payload', 'passphrase-file', 'delay', 'then', 'wait', 'add', 'remove'] as const;
const SWITCHES = ['secret', 'list', 'hash', 'help'] as const;
/** The options, for the parser and for the completion of bash. */
export const OPTIONS = {
  texts: TEXTS,
  switches: SWITCHES,
  help: 'fwknop-mikrotik knock --help',
} as const;

type Text = (typeof TEXTS)[number];
type Switch = (typeof SWITCHES)[number];
type CommandLine = SplitCommandLine<Text, Switch>;

/** The options that are verbs, and the options that may be given with each verb. */
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

const SEE_HELP = `see ${OPTIONS.help}`;

/**
 * Reads the command line that follows `knock`.
 *
 * @throws Failure `usage`, with every bad argument at once
 */
export async function readRequest(argv: readonly string[]): Promise<KnockCommand> {
  const line = await splitCommandLine(argv, OPTIONS);
  if (line.switches.has('help')) return { verb: 'help' };
  const reader = new ArgumentReader(line);
  const request = readAll(line, reader);
  if (reader.faults.length > 0) throw new Failure('usage', reader.faults);
  return request;
}

/** Reads options and arguments, and collects their faults. */
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

/** @returns a request that is valid as long as the reader has no fault */
function readAll(line: CommandLine, reader: ArgumentReader): KnockCommand {
  const given = [...line.texts.keys(), ...line.switches];
  const verb = VERBS.find((name) => given.includes(name)) ?? 'knock';
  for (const name of given.filter((option) => !FITTING[verb].includes(option))) {
    reader.faults.push({ what: `--${name}: cannot be combined with --${verb}` });
  }
  if (verb === 'knock') return readKnockRequest(line, reader);
  if (verb === 'add') return { verb, target: readTarget(line, reader) };
  if (line.positionals.length > 0) {
    reader.faults.push(
      verb === 'hash' ? SECRET_ARGUMENT : { what: `--${verb}: takes no argument` },
    );
  }
  if (verb === 'remove') return { verb, name: reader.option('remove', readHost) ?? '' };
  return verb === 'hash' ? { verb, file: reader.option('passphrase-file', path) } : { verb };
}

const SECRET_ARGUMENT: Fault = {
  what: '--hash: takes no passphrase as an argument, where ps shows it',
  hint: 'type it when asked, or use --passphrase-file',
};

function readKnockRequest(
  { positionals: words, texts, switches }: CommandLine,
  reader: ArgumentReader,
): KnockRequest {
  const [place, ...knocks] = words;
  if (place === undefined) reader.faults.push({ what: 'no host and no target', hint: SEE_HELP });
  if (texts.has('wait') && !texts.has('then')) reader.faults.push({ what: '--wait: needs --then' });
  const port = reader.option('then', readExpectedPort);
  const wait = reader.option('wait', (text) => milliseconds(text, LONGEST_WAIT)) ?? DEFAULT_WAIT;
  return {
    verb: 'knock',
    to: place === undefined ? '' : (reader.word('host', place, readHost) ?? ''),
    knocks: reader.knocks(knocks),
    payload: readPayload(switches.has('secret'), reader),
    delay: reader.option('delay', (text) => milliseconds(text, LONGEST_DELAY)) ?? DEFAULT_DELAY,
    expectedPort: port === undefined ? undefined : { port, wait },
  };
}

function readPayload(asked: boolean, reader: ArgumentReader): Payload | undefined {
  const text = reader.option('payload', filledText);
  const file = reader.option('passphrase-file', path);
  if (text !== undefined && (asked || file !== undefined)) {
    const other = file === undefined ? '--secret' : '--passphrase-file';
    reader.faults.push({ what: `--payload: contradicts ${other}` });
  }
  if (text !== undefined) return { kind: 'payload', text };
  return asked || file !== undefined ? { kind: 'secret', file } : undefined;
}

function readTarget({ positionals: words, switches }: CommandLine, reader: ArgumentReader): Target {
  const name = reader.option('add', readHost) ?? '';
  const [first = '', ...rest] = words;
  const hasHost = !first.includes('/');
  const knocks = hasHost ? rest : words;
  if (knocks.length === 0) reader.faults.push({ what: '--add: no knocks', hint: SEE_HELP });
  return {
    name,
    host: hasHost && first !== '' ? (reader.word('host', first, readHost) ?? '') : name,
    knocks: reader.knocks(knocks),
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
