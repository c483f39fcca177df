import type { Overrides } from './config';
import { Failure, type Fault } from './failure';
import * as setting from './settings';

/** What the command line asks for. */
export type Invocation =
  | { readonly verb: 'help' | 'version' }
  | {
      readonly verb: 'open';
      /** The arguments that are no options, as they were written. */
      readonly words: readonly string[];
      readonly overrides: Overrides;
      readonly dryRun: boolean;
      readonly verbose: boolean;
    };

const TEXT_OPTIONS = [
  'config',
  'routerip',
  'routerport',
  'routeruser',
  'routerpass',
  'password-file',
  'email',
  'tls',
  'fingerprint',
  'ca-file',
  'list',
  'deadline',
  'syslog',
] as const;
const SWITCHES = ['dry-run', 'verbose', 'help', 'version'] as const;

type TextOption = (typeof TEXT_OPTIONS)[number];
type Switch = (typeof SWITCHES)[number];

/**
 * Reads the command line, without the program's name.
 *
 * @throws Failure `usage`, with every bad option at once
 */
export async function parseCommandLine(argv: readonly string[]): Promise<Invocation> {
  const { words, texts, switches } = readUsualCall(argv) ?? (await readByYargs(argv));
  if (switches.has('help')) return { verb: 'help' };
  if (switches.has('version')) return { verb: 'version' };
  return {
    verb: 'open',
    words,
    overrides: readOverrides(texts),
    dryRun: switches.has('dry-run'),
    verbose: switches.has('verbose'),
  };
}

/** A command line taken apart; nothing in it has been judged yet. */
export interface SplitCommandLine {
  readonly words: readonly string[];
  readonly texts: ReadonlyMap<TextOption, string>;
  readonly switches: ReadonlySet<Switch>;
}

/**
 * Takes fwknopd's own call apart: four words, with or without `--config FILE` before them. There is
 * nothing in it to parse, and loading yargs takes longer than all else that we do.
 *
 * @returns undefined for any other call
 */
export function readUsualCall(argv: readonly string[]): SplitCommandLine | undefined {
  const [option, file = ''] = argv;
  const named = option === '--config' && argv.length === 6;
  const words = named ? argv.slice(2) : argv;
  const bare = named ? [file, ...words] : words;
  if (words.length !== 4 || bare.some((word) => word.startsWith('-'))) return undefined;
  if (named && file === '') return undefined;
  return { words, texts: new Map(named ? [['config', file]] : []), switches: new Set() };
}

/**
 * Takes any command line apart.
 *
 * @throws Failure `usage`
 */
export async function readByYargs(argv: readonly string[]): Promise<SplitCommandLine> {
  leaveGoneFolder();
  const { default: yargs } = await import('yargs');
  const parsed = await yargs(tame(argv))
    .parserConfiguration({
      'camel-case-expansion': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .string(['_', ...TEXT_OPTIONS])
    .boolean([...SWITCHES])
    .help(false)
    .version(false)
    .exitProcess(false)
    .parseAsync();

  const faults: Fault[] = [];
  const texts = new Map<TextOption, string>();
  for (const name of TEXT_OPTIONS) {
    const value = parsed[name];
    if (typeof value === 'string' && value !== '') texts.set(name, value);
    else if (Array.isArray(value)) faults.push({ what: `--${name}: given twice` });
    else if (value !== undefined) {
      faults.push(needsValue(name));
    }
  }
  if (faults.length > 0) throw new Failure('usage', faults);
  const switches = new Set(SWITCHES.filter((name) => parsed[name] === true));
  return { words: parsed._.map(String), texts, switches };
}

/** yargs asks for the working folder, and fails where somebody has removed it. */
function leaveGoneFolder(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
  }
}

function needsValue(name: TextOption): Fault {
  return { what: `--${name}: needs a value`, hint: `write --${name}=VALUE` };
}

/**
 * Leaves yargs nothing to guess: it knows no option but ours (it fails inside on --toString, and
 * takes --_=x for an argument), no switch may swallow a following `true`, and the quotes that it
 * strips from `--option='value'` are ours.
 */
function tame(argv: readonly string[]): readonly string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const options = argv.slice(0, end).map((word, index) => {
    if (!word.startsWith('-')) return word;
    const before = argv[index - 1] ?? '';
    const awaiting = TEXT_OPTIONS.find((name) => before === `--${name}`);
    if (awaiting !== undefined) throw new Failure('usage', [needsValue(awaiting)]);
    const [, name = '', value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (isOneOf(SWITCHES, name)) {
      if (value !== undefined) throw new Failure('usage', `--${name}: takes no value`);
      return `${word}=true`;
    }
    if (isOneOf(TEXT_OPTIONS, name)) return value === undefined ? word : `--${name}="${value}"`;
    // Not repeated: it may be a password, or have one in it.
    const what = `argument ${index + 1} is no option of this program`;
    throw new Failure('usage', what, 'see fwknop-mikrotik --help');
  });
  return [...options, ...argv.slice(end)];
}

function readOverrides(texts: ReadonlyMap<TextOption, string>): Overrides {
  const faults: Fault[] = [];
  const read = <T>(name: TextOption, reader: (value: unknown) => T): T | undefined => {
    const value = texts.get(name);
    if (value === undefined) return undefined;
    try {
      return reader(value);
    } catch (error) {
      if (!(error instanceof setting.BadValue)) throw error;
      faults.push({ what: `--${name}: ${error.message}` });
      return undefined;
    }
  };
  const overrides: Overrides = {
    config: read('config', setting.path),
    list: read('list', setting.listTemplate),
    deadline: read('deadline', setting.deadline),
    syslog: read('syslog', setting.syslogMode),
    router: {
      host: read('routerip', setting.host),
      port: read('routerport', setting.port),
      user: read('routeruser', setting.filledText),
      password: read('routerpass', setting.filledText),
      passwordFile: read('password-file', setting.path),
      tls: read('tls', setting.tlsMode),
      caFile: read('ca-file', setting.path),
      fingerprint: read('fingerprint', setting.fingerprint),
      email: read('email', setting.emailAddress),
    },
  };
  faults.push(...contradictions(texts));
  if (faults.length > 0) throw new Failure('usage', faults);
  return overrides;
}

function contradictions(texts: ReadonlyMap<TextOption, string>): readonly Fault[] {
  const pairs: [TextOption, TextOption][] = [
    ['routerpass', 'password-file'],
    ['fingerprint', 'ca-file'],
  ];
  if (texts.get('tls') !== 'verify') pairs.push(['tls', 'fingerprint'], ['tls', 'ca-file']);
  return pairs
    .filter((pair) => pair.every((name) => texts.has(name)))
    .map(([first, second]) => ({ what: `--${second}: contradicts --${first}` }));
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}
