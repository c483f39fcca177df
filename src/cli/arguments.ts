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
  /** How the user gets the help that lists them. */
  readonly help: string;
}

/** A command line taken apart; nothing in it has been judged yet. */
export interface SplitCommandLine<Text extends string, Switch extends string> {
  /** The arguments that are no options, as they were written. */
  readonly positionals: readonly string[];
  /** The values of an option: one, unless it may be repeated. */
  readonly texts: ReadonlyMap<Text, readonly string[]>;
  readonly switches: ReadonlySet<Switch>;
}

/**
 * Takes any command line apart.
 *
 * @throws Failure `usage`
 */
export async function splitCommandLine<Text extends string, Switch extends string>(
  argv: readonly string[],
  options: Options<Text, Switch>,
): Promise<SplitCommandLine<Text, Switch>> {
  leaveGoneFolder();
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

/** yargs asks for the working folder, and fails where somebody has removed it. */
function leaveGoneFolder(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
  }
}

function needsValue(name: string): Fault {
  return { what: `--${name}: needs a value`, hint: `write --${name}=VALUE` };
}

/**
 * Leaves yargs nothing to guess: it knows no option but ours (it fails inside on --toString, and
 * takes --_=x for an argument), no switch may swallow a following `true`, and the quotes that it
 * strips from `--option='value'` are ours.
 */
function quoteForYargs<Text extends string, Switch extends string>(
  argv: readonly string[],
  { texts, optional = [], switches, help }: Options<Text, Switch>,
): readonly string[] {
  const awaitsWord = texts.filter((name) => !optional.includes(name));
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const options = argv.slice(0, end).map((word, index) => {
    if (!word.startsWith('-')) return word;
    const before = argv[index - 1] ?? '';
    const awaiting = awaitsWord.find((name) => before === `--${name}`);
    if (awaiting !== undefined) throw new Failure('usage', [needsValue(awaiting)]);
    const [, name = '', value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (isOneOf(switches, name)) {
      if (value !== undefined) throw new Failure('usage', `--${name}: takes no value`);
      return `${word}=true`;
    }
    if (isOneOf(optional, name)) return `--${name}="${value ?? ''}"`;
    if (isOneOf(texts, name)) return value === undefined ? word : `--${name}="${value}"`;
    // Not repeated: it may be a password, or have one in it.
    const what = `argument ${index + 1} is no option of this program`;
    throw new Failure('usage', what, `see ${help}`);
  });
  return [...options, ...argv.slice(end)];
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}
