import { dirname } from 'node:path';
import type { Fault } from '../common/failure';
import { MARKER_BEGIN, MARKER_END } from '../common/fwknopd';

/** A variable of fwknopd's access.conf. */
export interface Variable {
  readonly value: string;
  /** Where it stands, for messages: `access.conf:12`. */
  readonly place: string;
}

/** A stanza: from one SOURCE to the next. What is set twice has its last value. */
export interface Stanza {
  readonly source: Variable;
  readonly variables: ReadonlyMap<string, Variable>;
}

export interface AccessConf {
  readonly stanzas: readonly Stanza[];
  /** The files that were read, in that order. */
  readonly files: readonly string[];
  /** The port that the clients send SPA packets to, as the marked block notes it. */
  readonly spaPort: Variable | undefined;
  /** The services that the clients knock for, as the marked block notes them: `tcp/22 tcp/443`. */
  readonly services: Variable | undefined;
  /** Lines that keep fwknopd from starting, or from using a stanza. */
  readonly faults: readonly Fault[];
}

/** How the reader gets at files; paths are absolute. What it throws goes on to the caller. */
export interface Files {
  read(path: string): string;
  /** The names of the files in a directory. */
  list(directory: string): readonly string[];
}

const DEEPEST = 3; // files within files, MAX_DEPTH of fwknopd's access.h
const NOTE = /^# (spa-port|services) (.*)$/;
const KEY_VARIABLE = /^(?:KEY|KEY_BASE64|HMAC_KEY|HMAC_KEY_BASE64|GPG_\w+)$/;
const ENCRYPTION_KEYS = ['KEY', 'KEY_BASE64', 'GPG_DECRYPT_PW', 'GPG_ALLOW_NO_PW'];

/**
 * Reads access.conf as fwknopd 2.6.10 does (access.c, parse_access_file): a line is a variable and a
 * value that ends at the first `;`; a stanza begins with SOURCE and ends with its file; lines before
 * the first SOURCE are ignored, except %include and %include_folder.
 *
 * @param path absolute
 */
export function readAccessConf(path: string, files: Files): AccessConf {
  const stanzas: Stanza[] = [];
  const read: string[] = [];
  const faults: Fault[] = [];
  const notes = new Map<string, Variable>();
  readFile(path, 1);
  const [spaPort, services] = [notes.get('spa-port'), notes.get('services')];
  return { stanzas, files: read, spaPort, services, faults };

  function readFile(file: string, depth: number): void {
    let settings: Map<string, Variable> | undefined;
    let isMarked = false;
    for (const { line, place } of linesOf(file)) {
      const text = line.trimEnd();
      if (text === MARKER_BEGIN) isMarked = true;
      else if (text === MARKER_END) isMarked = false;
      const [, note = '', noted = ''] = NOTE.exec(text) ?? [];
      if (isMarked && note !== '') notes.set(note, { value: noted, place });
      if (isComment(line)) continue;
      const variable = readVariable(line, place);
      if (variable === undefined) continue;
      const { name, value } = variable;
      if (name === '%include') include([value], depth, place);
      else if (name === '%include_folder') include(confFiles(value), depth, place);
      else if (name === 'SOURCE') {
        settings = new Map();
        stanzas.push({ source: { value, place }, variables: settings });
      } else if (name === '%include_keys' && settings !== undefined) {
        if (!includeKeys(value, settings, place)) settings = undefined;
      } else settings?.set(name, { value, place });
    }
  }

  function linesOf(file: string): readonly { line: string; place: string }[] {
    read.push(file);
    const lines = files.read(file).split('\n');
    return lines.map((line, index) => ({ line, place: `${file}:${index + 1}` }));
  }

  /** @returns undefined for a line that fwknopd does not understand, which is then a fault */
  function readVariable(line: string, place: string): { name: string; value: string } | undefined {
    const [, name = '', value = ''] = /^\s*(\S+)\s+([^\s;][^;\r]*)/.exec(line) ?? [];
    if (name !== '') return { name: name.replace(/:[^:]*$/, ''), value };
    const what = `${place}: neither a comment nor a variable with a value`;
    faults.push({ what, hint: 'fwknopd does not start with it: remove the line' });
    return undefined;
  }

  /**
   * Takes the keys of a file into a stanza. fwknopd then checks the stanza as far as it has read it,
   * and drops it, without a word in its log, if its lines so far are not complete.
   *
   * @returns whether fwknopd keeps the stanza
   */
  function includeKeys(value: string, settings: Map<string, Variable>, place: string): boolean {
    for (const { line, place: keyPlace } of linesOf(absolute(value.trimEnd()))) {
      const variable = isComment(line) ? undefined : readVariable(line, keyPlace);
      if (variable === undefined || !KEY_VARIABLE.test(variable.name)) continue;
      settings.set(variable.name, { value: variable.value, place: keyPlace });
    }
    const missing = missingSoFar(settings);
    if (missing === undefined) return true;
    faults.push({
      what: `${place}: fwknopd drops the stanza at this line: no ${missing} before it`,
      hint: 'move %include_keys to the end of the stanza',
    });
    return false;
  }

  function include(included: readonly string[], depth: number, place: string): void {
    if (depth >= DEEPEST) {
      faults.push({ what: `${place}: fwknopd includes no deeper than ${DEEPEST} files` });
    } else for (const file of included) readFile(absolute(file), depth + 1);
  }

  function confFiles(value: string): readonly string[] {
    const directory = absolute(value.trimEnd().replace(/\/+$/, ''));
    const names = files.list(directory).filter((name) => /\.conf[^.]*$/.test(name));
    return names.map((name) => `${directory}/${name}`);
  }

  /** fwknopd resolves a relative path against its own directory, which is not known here. */
  function absolute(file: string): string {
    return file.startsWith('/') ? file : `${dirname(path)}/${file}`;
  }
}

/** fwknopd looks at the first character alone: a line of spaces is no empty line. */
function isComment(line: string): boolean {
  return line === '' || /^[#;\r]/.test(line);
}

/** Finds what acc_data_is_valid (access.c) misses in a stanza that is not complete. */
function missingSoFar(settings: ReadonlyMap<string, Variable>): string | undefined {
  if (!ENCRYPTION_KEYS.some((name) => settings.has(name))) return 'key';
  const hasOpen = settings.has('CMD_CYCLE_OPEN');
  const close = settings.get('CMD_CYCLE_CLOSE');
  if (hasOpen && close === undefined) return 'CMD_CYCLE_CLOSE';
  if (!hasOpen && close !== undefined) return 'CMD_CYCLE_OPEN';
  const runsClose = close !== undefined && !close.value.startsWith('NONE');
  return runsClose && !settings.has('CMD_CYCLE_TIMER') ? 'CMD_CYCLE_TIMER' : undefined;
}
