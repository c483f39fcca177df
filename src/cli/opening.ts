import { Failure, type Fault } from '../common/failure';
import { readValue } from '../common/values';
import type { Overrides } from '../config/config';
import * as setting from '../config/settings';
import { type SplitCommandLine, splitCommandLine } from './arguments';

/** What the command line asks for. */
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
type OpeningCommandLine = SplitCommandLine<TextOption, (typeof SWITCHES)[number]>;

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

/**
 * Takes fwknopd's own call apart: four arguments, with or without `--config FILE` before them. There is
 * nothing in it to parse, and loading yargs takes longer than all else that we do.
 *
 * @returns undefined for any other call
 */
export function readUsualCall(argv: readonly string[]): OpeningCommandLine | undefined {
  const [option, file = ''] = argv;
  const named = option === '--config' && argv.length === 6;
  const positionals = named ? argv.slice(2) : argv;
  const bare = named ? [file, ...positionals] : positionals;
  if (positionals.length !== 4 || bare.some((word) => word.startsWith('-'))) return undefined;
  if (named && file === '') return undefined;
  return {
    positionals,
    texts: new Map(named ? [['config', [file]]] : []),
    switches: new Set(),
  };
}

/** Takes any command line apart. @throws Failure `usage` */
export function readByYargs(argv: readonly string[]): Promise<OpeningCommandLine> {
  return splitCommandLine(argv, {
    texts: TEXT_OPTIONS,
    switches: SWITCHES,
    help: 'fwknop-mikrotik --help',
  });
}

function readOverrides(texts: OpeningCommandLine['texts']): Overrides {
  const faults: Fault[] = [];
  const read = <T>(name: TextOption, reader: (value: unknown) => T): T | undefined => {
    const value = texts.get(name)?.[0];
    return value === undefined ? undefined : readValue(faults, `--${name}`, value, reader);
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
