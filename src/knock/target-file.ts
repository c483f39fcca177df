import { mkdirSync, realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '../common/failure';
import { readTrustedFile, showPath, type TrustedFile } from '../common/trusted-file';
import { writeWhole } from '../common/whole-file';

/** Where spknock keeps its targets (spknock.py). */
export function targetsPath(): string {
  // An empty HOME would make it a path of the working folder.
  return join(homedir() || userInfo().homedir, '.secrets', 'spknock-targets.conf');
}

/** The targets file as it is read. */
export interface TargetFile {
  /** Empty where there is no file yet. */
  readonly text: string;
  /** Why it is looser than it should be: spknock leaves it readable to all. */
  readonly looseness: Failure | undefined;
}

/** @throws Failure `config`: unreadable, somebody else's, or others may write it */
export function readTargetFile(path: string): TargetFile {
  const target = whereItIs(path);
  if (target === undefined) return { text: '', looseness: undefined };
  const file = readTrustedFile(target);
  return { text: file.text, looseness: loosenessOf(file) };
}

/**
 * Writes the file whole or not at all, for its owner alone. Where the path is a link, what it points
 * to is written.
 *
 * @throws Failure `config`
 */
export function writeTargetFile(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeWhole(whereItIs(path) ?? path, text, { mode: 0o600 });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new Failure('config', `${showPath(path)}: cannot be written: ${why}`);
  }
}

function whereItIs(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Failure('config', `${showPath(path)}: unreadable: ${code}`);
  }
}

function loosenessOf(file: TrustedFile): Failure | undefined {
  try {
    file.requireSecrecy();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
