import { Failure, type Fault } from '../common/failure';

/** The options of a command line, without their dashes. */
export interface Options<Text extends string, Switch extends string> {
  /** Options with a value. */
  readonly texts: readonly Text[];
  /** Those of `texts` that may be given more than once. */
  readonly repeatable?: readonly Text[];
  /** Those of `texts` that may stand without a value, which is then the empty text. */
  readonly optional?: readonly Text[];
  /** Options without a value. */
  readonly switches: readonly Switch[];
  /** The command that prints the help. */
  readonly help: string;
}

/** A command line taken apart; its values have not been checked yet. */
export interface SplitCommandLine<Text extends string, Switch extends string> {
  /** The arguments that are no options, as they were written. */
  readonly positionals: readonly string[];
  /** The values of an option: one, unless it may be repeated. */
  readonly texts: ReadonlyMap<Text, readonly string[]>;
  readonly switches: ReadonlySet<Switch>;
}

/**
 * Splits a command line into arguments and options.
 *
 * @throws Failure `usage`
 */
export async function splitCommandLine<Text extends string, Switch extends string>(
  argv: readonly string[],
  options: Options<Text, Switch>,
): Promise<SplitCommandLine<Text, Switch>> {
  leaveGoneDirectory();
  const { default: yargs } = await import('yargs');
  const parsed: { _: (string | number)[]; [name: string]: unknown } = await yargs(
    quoteForYargs(argv, options),
  )
    .parserConfiguration({
      'camel-case-expansion': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .string(['_', ...options.texts])
    .boolean([...options.switches])
    .help(false)
    .version(false)
    .exitProcess(false)
    .parseAsync();

  const faults: Fault[] = [];
  const texts = new Map<Text, readonly string[]>();
  for (const name of options.texts) {
    const value = parsed[name] as string | readonly string[] | undefined;
    if (value === undefined) continue;
    const values = typeof value === 'string' ? [value] : value;
    if (values.length > 1 && options.repeatable?.includes(name) !== true) {
      faults.push({ what: `--${name}: given twice` });
    } else if (values.includes('') && options.optional?.includes(name) !== true) {
      faults.push(needsValue(name));
    } else texts.set(name, values);
  }
  if (faults.length > 0) throw new Failure('usage', faults);
  const switches = new Set(options.switches.filter((name) => parsed[name] === true));
  return { positionals: parsed._.map(String), texts, switches };
}

/** yargs asks for the working directory, and fails where somebody has removed it. */
function leaveGoneDirectory(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
  }
}

function needsValue(name: string): Fault {
  return { what: `--${name}: needs a value`, hint: `write --${name}=VALUE` };
}

/** The short options: each stands for a switch, where a command has it. */
const SHORT: Readonly<Record<string, string>> = { '-h': 'help', '-V': 'version' };

/**
 * Rewrites the options so that yargs has nothing to guess: it learns of no unknown option (on
 * --toString it fails inside, and it takes --_=x for an argument), no switch may swallow a following
 * `true`, and the quotes that it strips from `--option='value'` are those that stand here.
 *
 * @throws Failure `usage`: an unknown option, or one that may not stand there
 */
function quoteForYargs<Text extends string, Switch extends string>(
  argv: readonly string[],
  { texts, optional = [], switches, help }: Options<Text, Switch>,
): readonly string[] {
  const awaitsValue = texts.filter((name) => !optional.includes(name));
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const options = argv.slice(0, end).map((word, index) => {
    if (!word.startsWith('-')) return word;
    const before = argv[index - 1] ?? '';
    const awaiting = awaitsValue.find((name) => before === `--${name}`);
    if (awaiting !== undefined) throw new Failure('usage', [needsValue(awaiting)]);
    const short = SHORT[word];
    if (short !== undefined && isOneOf(switches, short)) return `--${short}=true`;
    const [, name = '', value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (isOneOf(switches, name)) {
      if (value !== undefined) throw new Failure('usage', `--${name}: takes no value`);
      return `${word}=true`;
    }
    if (isOneOf(optional, name)) return `--${name}="${value ?? ''}"`;
    if (isOneOf(texts, name)) return value === undefined ? word : `--${name}="${value}"`;
    throw new Failure('usage', `unknown option ${shownOption(word, index, texts)}`, `see ${help}`);
  });
  return [...options, ...argv.slice(end)];
}

/**
 * How a message calls an unknown option: by its name, never by a value, which may be a password. What
 * follows the name of an option with a value, as in --routerpassSECRET, is one.
 */
function shownOption(word: string, index: number, texts: readonly string[]): string {
  const [short] = /^-[a-z0-9?]/i.exec(word) ?? [];
  if (short !== undefined) return short;
  const [, name] = /^--([a-z][a-z-]{0,20})(?:=|$)/.exec(word) ?? [];
  const known = texts.find((text) => word.startsWith(`--${text}`));
  if (known !== undefined) return `that begins with --${known}`;
  return name === undefined ? `in argument ${index + 1}` : `--${name}`;
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}
