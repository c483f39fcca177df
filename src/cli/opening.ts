import { Failure, type Fault } from '../common/failure';
import { readValue } from '../common/values';
import type { Overrides } from '../config/config';
import * as setting from '../config/settings';
import { type SplitCommandLine, splitCommandLine } from './arguments';

/** The request of a command line. */
export type Invocation =
  | { readonly verb: 'help' | 'version' }
  | {
      readonly verb: 'open';
      /** The arguments that are no options, as they were written. */
      readonly positionals: readonly string[];
      readonly overrides: Overrides;
      readonly dryRun: boolean;
      readonly verbose: boolean;
    };

const TEXT_OPTIONS = [
  'config',
  'client',
  'routerip',
  'routerport',
  'routeruser',
  'routerpass',
  'password-file',
  'email',
  'tls',
  'fingerprint',
  'ca-file',
  'server-name',
  'list',
  'deadline',
  'syslog',
] as const;
const SWITCHES = ['dry-run', 'verbose', 'help', 'version'] as const;

type TextOption = (typeof TEXT_OPTIONS)[number];
type OpeningCommandLine = SplitCommandLine<TextOption, (typeof SWITCHES)[number]>;

/**
 * Finds `--syslog` in a command line that may be wrong elsewhere: its faults are logged or not as it
 * says.
 *
 * @returns undefined where it is not given, or has no such mode
 */
export function readSyslogMode(argv: readonly string[]): setting.SyslogMode | undefined {
  const text = argv.find(
    (word, index) => argv[index - 1] === '--syslog' || /^--syslog=/.test(word),
  );
  return setting.SYSLOG_MODES.find((mode) => mode === text?.replace('--syslog=', ''));
}

/**
 * Reads the command line, without the program's name.
 *
 * @throws Failure `usage`, with every bad option at once
 */
export async function parseCommandLine(argv: readonly string[]): Promise<Invocation> {
  const { positionals, texts, switches } = readUsualCall(argv) ?? (await readByYargs(argv));
  if (switches.has('help')) return { verb: 'help' };
  if (switches.has('version')) return { verb: 'version' };
  return {
    verb: 'open',
    positionals,
    overrides: readOverrides(texts),
    dryRun: switches.has('dry-run'),
    verbose: switches.has('verbose'),
  };
}

/** The options with a value that stand before the four arguments of fwknopd's usual calls. */
const USUAL_OPTIONS = ['client', 'config'] as const;

/**
 * Splits fwknopd's usual call: four arguments, with or without `--client NAME` and
 * `--config FILE` before them. Such a call needs no parser, and to load yargs takes longer than the
 * rest of the start.
 *
 * @returns undefined for any other call
 */
export function readUsualCall(argv: readonly string[]): OpeningCommandLine | undefined {
  const texts = new Map<TextOption, readonly string[]>();
  let rest = argv;
  for (;;) {
    const [option, value = ''] = rest;
    const name = USUAL_OPTIONS.find((usual) => option === `--${usual}`);
    if (name === undefined) break;
    if (value === '' || value.startsWith('-') || texts.has(name)) return undefined;
    texts.set(name, [value]);
    rest = rest.slice(2);
  }
  if (rest.length !== 4 || rest.some((word) => word.startsWith('-'))) return undefined;
  return { positionals: rest, texts, switches: new Set() };
}

/** The options, for the parser and for the completion of bash. */
export const OPTIONS = {
  texts: TEXT_OPTIONS,
  switches: SWITCHES,
  help: 'fwknop-mikrotik --help',
} as const;

/** Splits any command line. @throws Failure `usage` */
export function readByYargs(argv: readonly string[]): Promise<OpeningCommandLine> {
  return splitCommandLine(argv, OPTIONS);
}

function readOverrides(texts: OpeningCommandLine['texts']): Overrides {
  const faults: Fault[] = [];
  const read = <T>(name: TextOption, reader: (value: unknown) => T): T | undefined => {
    const value = texts.get(name)?.[0];
    return value === undefined ? undefined : readValue(faults, `--${name}`, value, reader);
  };
  const overrides: Overrides = {
    config: read('config', setting.path),
    client: read('client', setting.clientName),
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
      serverName: read('server-name', setting.serverName),
      email: read('email', setting.emailAddress),
    },
  };
  faults.push(...contradictions(texts));
  if (faults.length > 0) throw new Failure('usage', faults);
  return overrides;
}

function contradictions(texts: OpeningCommandLine['texts']): readonly Fault[] {
  const pairs: [TextOption, TextOption][] = [
    ['routerpass', 'password-file'],
    ['fingerprint', 'ca-file'],
  ];
  if (texts.get('tls')?.[0] !== 'verify') pairs.push(['tls', 'fingerprint'], ['tls', 'ca-file']);
  return pairs
    .filter((pair) => pair.every((name) => texts.has(name)))
    .map(([first, second]) => ({ what: `--${second}: contradicts --${first}` }));
}
