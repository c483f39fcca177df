import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { resolveProgram } from './program-path';

const LARGEST_SCRIPT = 1 << 16; // characters
const SHELL = /^#!\s*(?:\/usr\/bin\/env\s+)?\S*\b(?:ba|da|k|z)?sh\b/;
/** Characters by which a shell makes something else of a word. */
const SHELL_SYNTAX = /[$`;&|<>(){}*?"'\\]/;

/** A script that fwknopd runs, and that runs this program in turn. */
export interface Wrapper {
  /** Absolute. */
  readonly script: string;
  /** The words up to this program that it executes, and the arguments that it passes. */
  readonly program: readonly string[];
  readonly args: readonly string[];
}

/**
 * Looks into the script that a command line runs.
 *
 * @param words of the command line
 * @returns the wrapper where a shell script executes this program (`exec fwknop-mikrotik "$@"`);
 *   the path alone where the script cannot be understood; undefined where the line runs no script
 */
export function readWrapper(words: readonly string[]): Wrapper | string | undefined {
  for (const [index, word] of words.slice(0, 2).entries()) {
    const script = resolveProgram(word);
    const text = script === undefined ? '' : textOf(script);
    if (script === undefined || !text.startsWith('#!')) continue;
    const args = words.slice(index + 1);
    return (SHELL.test(text) ? executed(script, text, args) : undefined) ?? script;
  }
  return undefined;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').slice(0, LARGEST_SCRIPT);
  } catch {
    return ''; // a directory, or not there
  }
}

function executed(script: string, text: string, given: readonly string[]): Wrapper | undefined {
  for (const [, line = ''] of text.matchAll(/^[ \t]*exec[ \t]+(.+)$/gm)) {
    const words = line
      .trim()
      .split(/\s+/)
      .flatMap((word) => expand(word, given));
    const ours = words.findIndex((word) => basename(word).startsWith('fwknop-mikrotik'));
    if (ours < 0) continue;
    // fwknopd's own variables have a $ as well.
    if (words.some((word) => !given.includes(word) && SHELL_SYNTAX.test(word))) return undefined;
    return { script, program: words.slice(0, ours + 1), args: words.slice(ours + 1) };
  }
  return undefined;
}

/** Puts the arguments of a script in the places of `"$@"` and of `$1` to `$9`. */
function expand(word: string, given: readonly string[]): readonly string[] {
  const bare = word.replace(/^"(.*)"$/, '$1');
  if (bare === '$@' || bare === '$*') return given;
  const [, digit] = /^\$([1-9])$/.exec(bare) ?? [];
  if (digit === undefined) return [bare];
  const value = given[Number(digit) - 1];
  return value === undefined ? [] : [value];
}
