/**
 * The completion for bash: its options are those of the parsers. The texts of --help say which of their values are
 * files and directories.
 */
import * as check from '../src/check/check';
import { USAGE as CHECK_USAGE } from '../src/check/usage';
import type { Options } from '../src/cli/arguments';
import * as opening from '../src/cli/opening';
import { USAGE } from '../src/cli/usage';
import * as client from '../src/client/options';
import { USAGE as CLIENT_USAGE } from '../src/client/usage';
import { SYSLOG_MODES, TLS_MODES } from '../src/config/settings';
import { KINDS } from '../src/init/fallback-options';
import * as init from '../src/init/options';
import { USAGE as INIT_USAGE } from '../src/init/usage';
import * as install from '../src/install/options';
import { USAGE as INSTALL_USAGE } from '../src/install/usage';
import * as knock from '../src/knock/request';
import { USAGE as KNOCK_USAGE } from '../src/knock/usage';

/** A command: what its parser takes, and its text of --help. */
interface Command {
  readonly options: Options<string, string>;
  readonly usage: string;
}

/** By name; an opening has none. */
const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['check', { options: check.OPTIONS, usage: CHECK_USAGE }],
  ['client', { options: client.OPTIONS, usage: CLIENT_USAGE }],
  ['init', { options: init.OPTIONS, usage: INIT_USAGE }],
  ['install', { options: install.OPTIONS, usage: INSTALL_USAGE }],
  ['knock', { options: knock.OPTIONS, usage: KNOCK_USAGE }],
  ['', { options: opening.OPTIONS, usage: USAGE }],
]);

/** The values of an option that takes one of a few. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  '--tls': TLS_MODES,
  '--syslog': SYSLOG_MODES,
  '--fallback': KINDS,
};

/** The words that may follow a command, such as `add` after `client`. */
function verbsOf(name: string, usage: string): readonly string[] {
  const [, synopsis = ''] = usage.split('\n\n');
  const calls = synopsis.matchAll(
    new RegExp(`^ {2}(?:sudo )?fwknop-mikrotik ${name} ([a-z]+)`, 'gm'),
  );
  return [...new Set([...calls].map(([, verb = '']) => verb))];
}

/** A case of the script: the words to offer, and the options whose values are anything. */
function caseOf(name: string, { options, usage }: Command): string {
  const { texts, optional = [], switches } = options;
  const words = [
    ...verbsOf(name, usage),
    ...[...texts, ...switches].map((option) => `--${option}`),
  ];
  const free = texts
    .filter((option) => !optional.includes(option))
    .map((option) => `--${option}`)
    .filter((option) => !(option in VALUES));
  const directories = /^ {2}<DIR>/m.test(usage) ? ' directories=yes' : '';
  return `    ${name || '*'}) words='${words.join(' ')}' free='${free.join(' ')}'${directories} ;;`;
}

/** The options of any command whose value --help calls by one of some names, as a pattern. */
function pattern(...values: readonly string[]): string {
  const rows = [...COMMANDS.values()].flatMap(({ usage }) => [
    ...usage.matchAll(/^ {2}(--[a-z-]+)[ =](\S+)/gm),
  ]);
  const fitting = rows.filter(([, , value = '']) => values.includes(value));
  return [...new Set(fitting.map(([, option]) => option))].join(' | ');
}

/** Writes the script. */
export function completion(): string {
  const commands = [...COMMANDS.keys()].filter((name) => name !== '');
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
${[...COMMANDS].map(([name, command]) => caseOf(name, command)).join('\n')}
  esac
  if ((COMP_CWORD == 1)); then words+=' ${commands.join(' ')}'; fi
  case $before in
${values.join('\n')}
    ${pattern('FILE', 'PATH')})
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return ;;
    ${pattern('DIR')}) words= directories=yes ;;
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
