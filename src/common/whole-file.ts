import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The owner and the permissions of a file. */
export interface Ownership {
  /** Permission bits, such as 0o600; the umask does not change them. */
  readonly mode: number;
  /** The caller's, where it is left out. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/**
 * Writes a file under a temporary name beside its path, down to the disk.
 *
 * @returns the temporary path: to be renamed to `path`, or to be removed
 * @throws the error of the system; then nothing is left
 */
export function stageFile(path: string, text: string, { mode, owner }: Ownership): string {
  const temporary = `${path}.${process.pid}.new`;
  removeRemains(path);
  const file = openSync(temporary, 'wx', 0o600);
  try {
    try {
      if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
      fchmodSync(file, mode);
      writeFileSync(file, text); // all of it: a write to a full disk may be a short one
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return temporary;
}

/** Removes the temporary files of runs that were killed: they may hold secrets. */
function removeRemains(path: string): void {
  const [directory, beginning] = [dirname(path), `${basename(path)}.`];
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(beginning)) continue;
    const [, pid] = /^(\d+)\.new$/.exec(name.slice(beginning.length)) ?? [];
    // In a container, the numbers of processes are the same at each start.
    const isOver = pid === String(process.pid) || !existsSync(`/proc/${pid}`);
    if (pid !== undefined && isOver) rmSync(join(directory, name), { force: true });
  }
}

/**
 * Writes a file whole or not at all: a reader sees the old text or the new one.
 *
 * @param approve is given the path of the written file before it takes its place; throws to refuse it
 * @throws the error of the system or of `approve`; then the old file is as it was
 */
export function writeWhole(
  path: string,
  text: string,
  ownership: Ownership,
  approve: (written: string) => void = () => undefined,
): void {
  const temporary = stageFile(path, text, ownership);
  try {
    approve(temporary);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
