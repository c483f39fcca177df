import { readPin } from '../check/check';
import { splitCommandLine } from '../cli/arguments';
import { isTerminal } from '../cli/terminal';
import { Failure } from '../common/failure';
import { DEFAULT_OUT } from '../init/options';

const HELP = 'fwknop-mikrotik install --help';

/** The options, for the parser and for the completion of bash. */
export const OPTIONS = {
  texts: ['pin'],
  optional: ['pin'],
  switches: ['dry-run', 'force', 'files-only', 'migrate', 'undo', 'help'],
  help: HELP,
} as const;

export interface InstallOptions {
  readonly verb: 'install' | 'migrate' | 'undo' | 'help';
  readonly directory: string;
  /** The options of `check` that pin. */
  readonly pin: readonly string[];
  readonly force: boolean;
  readonly filesOnly: boolean;
  readonly dryRun: boolean;
}

/** Takes the command line apart. @throws Failure `usage` */
export async function readOptions(argv: readonly string[]): Promise<InstallOptions> {
  const { positionals, texts, switches } = await splitCommandLine(argv, OPTIONS);
  const [directory = DEFAULT_OUT] = positionals;
  if (positionals.length > 1) {
    throw new Failure('usage', 'install takes one directory', `see ${HELP}`);
  }
  const given = [
    ...(positionals.length > 0 ? ['DIR'] : []),
    ...(texts.has('pin') ? ['--pin'] : []),
    ...[...switches].map((name) => `--${name}`),
  ];
  const verb = (['help', 'undo', 'migrate'] as const).find((name) => switches.has(name));
  if (verb === 'undo') {
    refuse(given, '--undo', ['DIR', '--pin', '--force', '--files-only', '--migrate']);
  }
  if (verb === 'migrate') refuse(given, '--migrate', ['DIR']);
  if (switches.has('files-only')) refuse(given, '--files-only', ['--pin']);
  const pin = texts.get('pin')?.[0];
  readPin(pin);
  return {
    verb: verb ?? 'install',
    directory,
    pin: pin !== undefined ? [`--pin=${pin}`] : isTerminal() ? ['--pin'] : [],
    force: switches.has('force'),
    filesOnly: switches.has('files-only'),
    dryRun: switches.has('dry-run'),
  };
}

function refuse(given: readonly string[], option: string, others: readonly string[]): void {
  const other = others.find((name) => given.includes(name));
  if (other !== undefined) {
    throw new Failure('usage', `${other}: cannot be combined with ${option}`, `see ${HELP}`);
  }
}
