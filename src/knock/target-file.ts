import { closeSync, mkdirSync, openSync, realpathSync, rmSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../common/failure';
import { shellWord } from '../common/text';
import { readTrustedFile, showPath, type TrustedFile } from '../common/trusted-file';
import { writeWhole } from '../common/whole-file';

const LOCK_TRIES = 100;
const LOCK_PAUSE = 20; // ms

/** Where spknock keeps its targets (spknock.py). */
export function targetsPath(): string {
  // An empty HOME would make it a path of the working directory.
  return join(homedir() || userInfo().homedir, '.secrets', 'spknock-targets.conf');
}

/** The targets file as it is read. */
export interface TargetFile {
  /** Empty where there is no file yet. */
  readonly text: string;
  /** Set where others may read the file: spknock writes it so. */
  readonly insecure: Failure | undefined;
}

/** @throws Failure `config`: unreadable, owned by another user, or writable by others */
export function readTargetFile(path: string): TargetFile {
  const target = realPathOf(path);
  if (target === undefined) return { text: '', insecure: undefined };
  const file = readTrustedFile(target);
  return { text: file.text, insecure: insecurityOf(file) };
}

/**
 * Changes the file, which is then its owner's alone. It is written whole or not at all; where the path is
 * a link, its target is written. Two calls at the same time wait for each other.
 *
 * @param change is given the text of the file and returns the new one; throws to leave it
 * @throws Failure `config`; what `change` throws
 */
export async function changeTargetFile(
  path: string,
  change: (file: TargetFile) => string,
): Promise<void> {
  let unlock: () => void = () => undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const target = realPathOf(path) ?? path;
    unlock = await lock(target);
    writeWhole(target, change(readTargetFile(path)), { mode: 0o600 });
  } catch (error) {
    if (error instanceof Failure) throw error;
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new Failure('config', `${showPath(path)}: cannot be written: ${why}`);
  } finally {
    unlock();
  }
}

/** Makes the lock file of a path, as soon as no other process has it. @returns removes it */
async function lock(path: string): Promise<() => void> {
  const file = `${path}.lock`;
  for (let tries = 1; ; tries += 1) {
    try {
      closeSync(openSync(file, 'wx', 0o600));
      return () => rmSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (tries === LOCK_TRIES) {
        const what = `${showPath(path)}: another process is changing it`;
        throw new Failure('config', what, `if there is none: rm ${shellWord(file)}`);
      }
      await sleep(LOCK_PAUSE);
    }
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Failure('config', `${showPath(path)}: unreadable: ${code}`);
  }
}

function insecurityOf(file: TrustedFile): Failure | undefined {
  try {
    file.requireSecrecy();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
