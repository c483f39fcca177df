/**
 * Reads open_ports.py of the project mikrotik-fwknop-pi, which fwknop-mikrotik replaces: its command
 * lines in access.conf, and its own text.
 */
import { basename, resolve } from 'node:path';
import type { Fault } from '../common/failure';
import type { TlsMode } from '../config/settings';

const OPTIONS = ['routerip', 'routeruser', 'routerpass', 'email'] as const;
type Option = (typeof OPTIONS)[number];
export type OldOptions = Readonly<Partial<Record<Option, string>>>;

/** A CMD_CYCLE_OPEN line that runs open_ports.py. */
export interface OldCommand {
  /** The number of the line, from 0. */
  readonly line: number;
  /** The absolute path of open_ports.py. */
  readonly script: string;
  readonly options: OldOptions;
  /** The four arguments, such as `$SRC $PROTO $PORT $CLIENT_TIMEOUT`. */
  readonly words: readonly string[];
}

/** How open_ports.py speaks to the router. */
export interface Transport {
  readonly tls: Exclude<TlsMode, 'verify'>;
  /** Undefined: the usual port for `tls`. */
  readonly port: number | undefined;
}

const COMMAND = /^(\s*CMD_CYCLE_OPEN:?\s+)([^;\r\n]*)/;
const PYTHON = /^(?:python[\d.]*|env)$/;

/**
 * Finds the lines of an access.conf that run open_ports.py.
 *
 * @param name of the file, for faults
 * @param faults gets the faults of these lines; they never show the value of an option
 */
export function findOldCommands(text: string, name: string, faults: Fault[]): OldCommand[] {
  return text.split('\n').flatMap((content, line) => {
    const words = (COMMAND.exec(content)?.[2] ?? '').trim().split(/\s+/);
    const at = words.findIndex((word) => basename(word) === 'open_ports.py');
    if (at < 0) return [];
    const fault = (what: string) => faults.push({ what: `${name}:${line + 1}: ${what}` });
    const before = words.slice(0, at);
    if (!before.every((word) => PYTHON.test(basename(word)) || /^-[a-zA-Z]+$/.test(word))) {
      fault('open_ports.py is run by another program than python');
    }
    const parsed = parseArguments(words.slice(at + 1), fault);
    return [{ line, script: resolve('/', words[at] ?? ''), ...parsed }];
  });
}

/** Takes arguments apart as Python's argparse does: options stand anywhere, and may be abbreviated. */
function parseArguments(
  args: readonly string[],
  fault: (what: string) => void,
): Pick<OldCommand, 'options' | 'words'> {
  const options: Partial<Record<Option, string>> = {};
  const words: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? '';
    if (!word.startsWith('-')) {
      words.push(word);
      continue;
    }
    const [, name = '', , value] = /^--([a-z-]+)(=(.*))?$/.exec(word) ?? [];
    const [option, other] = OPTIONS.filter((known) => name !== '' && known.startsWith(name));
    if (option === undefined || other !== undefined) {
      const shown = /^-{1,2}[a-zA-Z][a-z-]*/.exec(word)?.[0] ?? 'an argument';
      fault(`${shown} is no known option of open_ports.py`);
      return { options, words };
    }
    if (value === undefined) index += 1;
    const given = value ?? args[index];
    if (given === undefined) fault(`--${option} has no value`);
    else options[option] = given;
  }
  if (words.length !== 4)
    fault(`open_ports.py takes four arguments, this line has ${words.length}`);
  return { options, words };
}

/** Puts another command in the place of those that were found. */
export function withNewCommands(
  text: string,
  commands: readonly OldCommand[],
  helper: string,
): string {
  const lines = text.split('\n');
  for (const { line, words } of commands) {
    const command = [helper, ...words].join(' ');
    lines[line] = (lines[line] ?? '').replace(COMMAND, (_, start) => `${start}${command}`);
  }
  return lines.join('\n');
}

/** The defaults of the options in the text of open_ports.py, which people edit. */
export function defaultsIn(script: string): OldOptions {
  const code = withoutComments(script);
  return Object.fromEntries(
    OPTIONS.flatMap((option) => {
      const found = new RegExp(
        `add_argument\\(\\s*['"]--${option}['"][^\\n]*?\\bdefault\\s*=\\s*(?:"([^"\\n]*)"|'([^'\\n]*)')`,
      ).exec(code);
      const value = found?.[1] ?? found?.[2];
      return value === undefined ? [] : [[option, value]];
    }),
  );
}

/**
 * How open_ports.py speaks, by its text: its newest version uses TLS and verifies nothing, earlier ones
 * use plain text. librouteros takes a context of Python's ssl module for TLS, with ADH ciphers for a
 * router without a certificate.
 */
export function transportIn(script: string): Transport {
  const code = withoutComments(script);
  const digits = /\bport\s*=\s*(\d{1,5})\b/.exec(code)?.[1];
  const tls = /\bADH\b/.test(code) ? 'anonymous' : /\bssl/.test(code) ? 'insecure' : 'off';
  return { tls, port: digits === undefined ? undefined : Number(digits) };
}

function withoutComments(script: string): string {
  return script.replace(/(^|\s)#.*$/gm, '$1');
}
