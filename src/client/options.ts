import { splitCommandLine } from '../cli/arguments';
import { Failure, type Fault } from '../common/failure';
import { readValue } from '../common/values';
import * as setting from '../config/settings';
import { READERS } from '../init/options';
import type { TargetOverrides } from './stanzas';

const HELP = 'fwknop-mikrotik client --help';
const VERBS = ['add', 'list', 'remove'] as const;

export type ClientOptions =
  | { readonly verb: 'help' }
  | { readonly verb: 'list' }
  | { readonly verb: 'remove'; readonly name: string }
  | {
      readonly verb: 'add';
      readonly name: string;
      readonly overrides: TargetOverrides;
      readonly out: string | undefined;
    };

/** The options, for the parser and for the completion of bash. */
export const OPTIONS = {
  texts: ['out', 'server', 'service'],
  repeatable: ['service'],
  switches: ['help'],
  help: HELP,
} as const;

/** Takes the command line apart. @throws Failure `usage` */
export async function readOptions(argv: readonly string[]): Promise<ClientOptions> {
  const { positionals, texts, switches } = await splitCommandLine(argv, OPTIONS);
  if (switches.has('help')) return { verb: 'help' };
  const [word, given, ...more] = positionals;
  const verb = VERBS.find((known) => known === word);
  if (verb === undefined) {
    throw new Failure('usage', 'client: expected add, list or remove', `see ${HELP}`);
  }
  const needsName = verb !== 'list';
  if (more.length > 0 || (given !== undefined) !== needsName) {
    const what = `client ${verb} takes ${needsName ? 'one name' : 'no name'}`;
    throw new Failure('usage', what, `see ${HELP}`);
  }
  if (verb !== 'add' && texts.size > 0) {
    const what = `--${[...texts.keys()][0]}: cannot be combined with ${verb}`;
    throw new Failure('usage', what, `see ${HELP}`);
  }
  const faults: Fault[] = [];
  const name = needsName ? readValue(faults, 'NAME', given, setting.clientName) : undefined;
  const read = <T>(option: 'server' | 'service', reader: (values: readonly string[]) => T) => {
    const values = texts.get(option);
    return values === undefined ? undefined : readValue(faults, `--${option}`, values, reader);
  };
  const overrides = {
    server: read('server', READERS.server),
    services: read('service', READERS.service),
  };
  if (faults.length > 0) throw new Failure('usage', faults);
  if (verb === 'list' || name === undefined) return { verb: 'list' };
  return verb === 'remove' ? { verb, name } : { verb, name, overrides, out: texts.get('out')?.[0] };
}
