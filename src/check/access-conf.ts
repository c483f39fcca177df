import { dirname } from 'node:path';
import type { Fault } from '../common/failure';

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
  /** What fwknopd refuses to start with. */
  readonly faults: readonly Fault[];
}

/** How the reader gets at files; paths are absolute. What it throws goes on to the caller. */
export interface Files {
  read(path: string): string;
  /** The names of the files in a folder. */
  list(folder: string): readonly string[];
}

const DEEPEST = 3; // files within files, MAX_DEPTH of fwknopd's access.h

/**
 * Reads access.conf as fwknopd 2.6.10 does (access.c, parse_access_file): a line is a variable and a
 * value that ends at the first `;`; a stanza begins with SOURCE and ends with its file; what stands
 * before the first SOURCE is not looked at, but for %include and %include_folder.
 *
 * @param path absolute
 */
export function readAccessConf(path: string, files: Files): AccessConf {
  const stanzas: Stanza[] = [];
  const faults: Fault[] = [];
  readFile(path, 1);
  return { stanzas, faults };

  function readFile(file: string, depth: number): void {
    let settings: Map<string, Variable> | undefined;
    for (const [index, line] of files.read(file).split('\n').entries()) {
      // fwknopd looks at the first character alone: a line of spaces is no empty one.
      if (line === '' || /^[#;\r]/.test(line)) continue;
      const place = `${file}:${index + 1}`;
      const [, name = '', value = ''] = /^\s*(\S+)\s+([^\s;][^;\r]*)/.exec(line) ?? [];
      if (name === '') {
        const what = `${place}: neither a comment nor a variable with a value`;
        faults.push({ what, hint: 'fwknopd does not start with it: take the line out' });
        continue;
      }
      const variable = name.replace(/:[^:]*$/, '');
      if (variable === '%include') include([value], depth, place);
      else if (variable === '%include_folder') include(confFiles(value), depth, place);
      else if (variable === 'SOURCE') {
        settings = new Map();
        stanzas.push({ source: { value, place }, variables: settings });
      } else settings?.set(variable, { value, place });
    }
  }

  function include(included: readonly string[], depth: number, place: string): void {
    if (depth >= DEEPEST) {
      faults.push({ what: `${place}: fwknopd includes no deeper than ${DEEPEST} files` });
    } else for (const file of included) readFile(absolute(file), depth + 1);
  }

  function confFiles(value: string): readonly string[] {
    const folder = absolute(value.trimEnd().replace(/\/+$/, ''));
    const names = files.list(folder).filter((name) => /\.conf[^.]*$/.test(name));
    return names.map((name) => `${folder}/${name}`);
  }

  /** fwknopd takes its own folder for what is relative; that is not known here. */
  function absolute(file: string): string {
    return file.startsWith('/') ? file : `${dirname(path)}/${file}`;
  }
}
