import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/** Directories that execvp searches without a PATH (execvp(3)). */
export const DEFAULT_PATH = ['/bin', '/usr/bin'];

/**
 * Finds the program of a command line as fwknopd does: a name without a slash in its PATH, any other
 * path from the directory `/`.
 *
 * @param path the directories to search
 * @returns absolute; undefined where there is no such file
 */
export function resolveProgram(
  word: string,
  path: readonly string[] = DEFAULT_PATH,
): string | undefined {
  if (word.includes('/')) return isFile(resolve('/', word)) ? resolve('/', word) : undefined;
  return path.map((directory) => resolve('/', directory, word)).find(isFile);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // not there, or not to be seen, which for fwknopd is the same
  }
}
