import { parsePort } from '../access/service';
import { Failure } from '../common/failure';
import { LONGEST_COMMAND, MARKER_BEGIN, MARKER_END } from '../common/fwknopd';
import { DEFAULT_SPA_PORT } from '../init/options';
import { splitAtMarkers, withMarked } from './markers';

/** A line that sets a variable of access.conf; fwknopd ends the value at `;`. */
const SETTING = /^\s*([^#;\s]\S*?):?\s+([^\s;][^;\r\n]*)/;

/** The value that Debian's package puts in the place of a key. */
const NO_KEY = '__CHANGEME__';

/**
 * The stanzas of a setup, with the marker lines around them.
 *
 * @param text of the setup's access.conf
 * @param name of the file, for messages
 * @throws Failure `config` where they are not there
 */
export function stanzasOf(text: string, name: string): string {
  const { marked } = splitAtMarkers(text, name);
  if (marked === undefined) {
    const what = `${name}: has no lines between "${MARKER_BEGIN}" and "${MARKER_END}"`;
    throw new Failure('config', what, 'fwknop-mikrotik init writes them');
  }
  if (!/^\s*CMD_CYCLE_OPEN\s/m.test(marked)) {
    throw new Failure('config', `${name}: no CMD_CYCLE_OPEN between the markers`);
  }
  return marked.endsWith('\n') ? marked : `${marked}\n`;
}

/** The names of the clients in marked lines, in their order. */
export function clientsOf(marked: string): readonly string[] {
  return [...marked.matchAll(/^# client (\S+)\s*$/gm)].map(([, name = '']) => name);
}

/** The marked lines that access.conf gets. */
export interface MergedStanzas {
  readonly marked: string;
  /** Whether the installed lines differ from the setup's, and stay as they are. */
  readonly isKept: boolean;
}

/**
 * Decides whether the stanzas of a setup replace the installed ones. Those of the same setup stay: since
 * then clients may have come and gone, and lines may have been edited, on this host.
 *
 * @param installed undefined where there are none
 * @throws Failure `config` where another setup lacks a client that is installed
 */
export function mergeStanzas(installed: string | undefined, setup: string): MergedStanzas {
  if (installed === undefined) return { marked: setup, isKept: false };
  const keys = keysIn(setup);
  if (keysIn(installed).some((key) => keys.includes(key))) {
    return { marked: installed, isKept: withoutProgram(installed) !== withoutProgram(setup) };
  }
  const clients = clientsOf(setup);
  const lost = clientsOf(installed).filter((client) => !clients.includes(client));
  if (lost.length === 0) return { marked: setup, isKept: false };
  const what = `access.conf has clients that the setup lacks: ${lost.join(', ')}`;
  throw new Failure('config', what, 'remove them by --force');
}

function keysIn(marked: string): readonly string[] {
  return [...marked.matchAll(/^\s*KEY_BASE64\s+(\S+)/gm)].map(([, key = '']) => key);
}

/** Marked lines without the paths of the program, which may differ. */
function withoutProgram(marked: string): string {
  return marked.replace(/^(\s*CMD_CYCLE_OPEN\s+)\S+/gm, '$1').replaceAll('\r', '');
}

/** The UDP port of SPA packets that marked lines name. @throws Failure `config` where it is no port */
export function spaPortOf(marked: string): number {
  const [, text] = /^# spa-port (.*\S)\s*$/m.exec(marked) ?? [];
  if (text === undefined) return DEFAULT_SPA_PORT;
  const port = parsePort(text);
  if (port === undefined) throw new Failure('config', '"# spa-port": expected a port, 1-65535');
  return port;
}

/**
 * Replaces the program of each marked CMD_CYCLE_OPEN line by this one, if it is not on this host.
 *
 * @param isHere whether there is a file of this path
 * @param helper gives this program's own path
 * @throws Failure `config` where the command gets too long for fwknopd; what `helper` throws
 */
export function withHelper(
  marked: string,
  isHere: (path: string) => boolean,
  helper: () => string,
): string {
  return marked.replace(/^(\s*CMD_CYCLE_OPEN\s+)(\S+)(.*)$/gm, (line, start, program, rest) => {
    if (isHere(program)) return line;
    const command = `${helper()}${rest}`;
    if (command.length <= LONGEST_COMMAND) return `${start}${command}`;
    const what = `CMD_CYCLE_OPEN: ${command.length} characters; fwknopd takes ${LONGEST_COMMAND}`;
    throw new Failure('config', what, 'install the program under a shorter path');
  });
}

/**
 * Puts the stanzas of a setup into the text of an access.conf. The stanza of Debian's package, with
 * which fwknopd does not start, goes; where nothing else is set, so does the rest of that file.
 *
 * @param marked with its marker lines
 * @throws Failure `config`, see splitAtMarkers
 */
export function withStanzas(text: string, name: string, marked: string): string {
  return withMarked(withoutStock(text), name, marked);
}

/** Whether an access.conf has a stanza, or includes a file that may have one. */
export function hasStanza(text: string): boolean {
  return text.split('\n').some((line) => /^(?:SOURCE|%include\S*)$/.test(nameIn(line) ?? ''));
}

function withoutStock(text: string): string {
  const lines = text.split(/(?<=\n)/);
  const stock = new Set(
    stanzaLines(lines)
      .filter((numbers) => isStock(lines, numbers))
      .flat(),
  );
  if (stock.size === 0) return text;
  const rest = lines.filter((_, index) => !stock.has(index));
  return rest.some((line) => nameIn(line) !== undefined) ? rest.join('') : '';
}

/** The numbers, from 0, of the lines that set something in each stanza. */
function stanzaLines(lines: readonly string[]): readonly (readonly number[])[] {
  const stanzas: number[][] = [];
  for (const [index, line] of lines.entries()) {
    const name = nameIn(line);
    if (name === 'SOURCE') stanzas.push([index]);
    else if (name !== undefined) stanzas.at(-1)?.push(index);
  }
  return stanzas;
}

function isStock(lines: readonly string[], numbers: readonly number[]): boolean {
  const [, ...settings] = numbers.map((index) => SETTING.exec(lines[index] ?? '')?.[2]?.trim());
  return settings.length > 0 && settings.every((value) => value === NO_KEY);
}

function nameIn(line: string): string | undefined {
  return SETTING.exec(line)?.[1];
}
