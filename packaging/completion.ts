/**
 * The completion for bash, made from the texts of --help: tests hold these equal to the options that
 * the parsers take.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SYSLOG_MODES, TLS_MODES } from '../src/config/settings';
import { KINDS } from '../src/init/fallback-options';

const SOURCES = resolve(__dirname, '../src');

/** The values of an option that takes one of a few. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  '--tls': TLS_MODES,
  '--syslog': SYSLOG_MODES,
  '--fallback': KINDS,
};

/** An option as --help writes it. */
interface Option {
  readonly name: string;
  /** How --help calls its value; undefined for an option that may stand without one. */
  readonly value: string | undefined;
}

/** Reads the rows of options in a text of --help. */
function optionsOf(usage: string): readonly Option[] {
  const rows = [...usage.matchAll(/^ {2}(--[a-z-]+)(?:[ =](\S+))?/gm)].map(
    ([, name = '', value]) => ({ name, value }),
  );
  return rows.filter(({ name }, index) => rows.findIndex((row) => row.name === name) === index);
}

/** The words that may follow a command, such as `add` after `client`. */
function verbsOf(name: string, usage: string): readonly string[] {
  const [, synopsis = ''] = usage.split('\n\n');
  const calls = synopsis.matchAll(
    new RegExp(`^ {2}(?:sudo )?fwknop-mikrotik ${name} ([a-z]+)`, 'gm'),
  );
  return [...new Set([...calls].map(([, verb = '']) => verb))];
}

/** The texts of --help, by command; that of an opening has no name. */
function usages(): ReadonlyMap<string, string> {
  const directories = readdirSync(SOURCES).filter((name) =>
    existsSync(join(SOURCES, name, 'usage.ts')),
  );
  return new Map(
    directories.map((name) => [
      name === 'cli' ? '' : name,
      require(join(SOURCES, name, 'usage')).USAGE as string,
    ]),
  );
}

/** A case of the script: the words to offer, and the options whose values are anything. */
function caseOf(name: string, usage: string): string {
  const options = optionsOf(usage);
  const words = [...verbsOf(name, usage), ...options.map((option) => option.name)];
  const free = options
    .filter((option) => option.value !== undefined && !(option.name in VALUES))
    .map((option) => option.name);
  const directories = /^ {2}<DIR>/m.test(usage) ? ' directories=yes' : '';
  return `    ${name || '*'}) words='${words.join(' ')}' free='${free.join(' ')}'${directories} ;;`;
}

/** The options of any command whose value --help calls by one of some names, as a pattern. */
function pattern(texts: ReadonlyMap<string, string>, ...values: readonly string[]): string {
  const options = [...texts.values()].flatMap(optionsOf);
  const fitting = options.filter(({ value = '' }) => values.includes(value));
  return [...new Set(fitting.map(({ name }) => name))].join(' | ');
}

/** Writes the script. */
export function completion(): string {
  const texts = usages();
  const commands = [...texts.keys()].filter((name) => name !== '');
  const values = Object.entries(VALUES).map(
    ([name, words]) => `    ${name}) words='${words.join(' ')}' directories= ;;`,
  );
  return `# bash completion for fwknop-mikrotik(8)
_fwknop_mikrotik() {
  local word=$2 before=$3 command= words free directories=
  # bash makes three words of --option=VALUE.
  if [[ $word == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD > 1)); then command=\${COMP_WORDS[1]}; fi
  case $command in
${[...commands, ''].map((name) => caseOf(name, texts.get(name) ?? '')).join('\n')}
  esac
  if ((COMP_CWORD == 1)); then words+=' ${commands.join(' ')}'; fi
  case $before in
${values.join('\n')}
    ${pattern(texts, 'FILE', 'PATH')})
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return ;;
    ${pattern(texts, 'DIR')}) words= directories=yes ;;
    *) if [[ " $free " == *" $before "* ]]; then words= directories=; fi ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  if [[ $directories && $word != -* ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$word")
  fi
}
complete -F _fwknop_mikrotik fwknop-mikrotik
`;
}
