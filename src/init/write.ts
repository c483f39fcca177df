import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../common/failure';
import { showPath } from '../common/trusted-file';
import type { SetupFile } from './files';

/**
 * Writes all files into a folder, or none: the folder and the files are closed to everybody else,
 * whatever the umask.
 *
 * @param force writes over files that are there
 * @throws Failure `config`: they are there, the folder is open to others, or it cannot be written
 */
export function writeFiles(folder: string, files: readonly SetupFile[], force: boolean): void {
  const made = makeFolder(folder);
  try {
    refuseExisting(folder, files, force);
    writeAll(folder, files, force);
  } catch (error) {
    if (made) rmdirSync(folder);
    if (error instanceof Failure) throw error;
    throw unwritable(folder, error);
  }
}

/** @returns whether it was not there */
function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    chmodSync(folder, 0o700); // A umask may have taken too much.
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(folder, error);
  }
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) {
    throw new Failure('config', `${showPath(folder)}: not a folder`, 'name another: --out DIR');
  }
  if ((stats.mode & 0o077) !== 0 || stats.uid !== process.geteuid?.()) {
    throw new Failure(
      'config',
      `${showPath(folder)}: this folder is open to others`,
      'name one that is not there yet: --out DIR',
    );
  }
  return false;
}

function refuseExisting(folder: string, files: readonly SetupFile[], force: boolean): void {
  const existing = files.filter(({ name }) => {
    const stats = lstatSync(join(folder, name), { throwIfNoEntry: false });
    return stats !== undefined && !(force && stats.isFile());
  });
  if (existing.length === 0) return;
  const names = existing.map(({ name }) => name).join(', ');
  throw new Failure(
    'config',
    `${showPath(folder)}: ${names} there already`,
    'name another folder (--out DIR), or write over these files and lose their keys (--force)',
  );
}

/** Under names of their own first: what is there stays until all is written. */
function writeAll(folder: string, files: readonly SetupFile[], force: boolean): void {
  const staged = files.map(({ name, text }) => ({
    text,
    path: join(folder, name),
    // Without --force the name itself is taken, and nobody else can have taken it.
    temporary: join(folder, force ? `.${name}.${process.pid}` : name),
  }));
  const written: string[] = [];
  try {
    for (const { temporary, text } of staged) {
      const file = openSync(temporary, 'wx', 0o600);
      written.push(temporary);
      try {
        fchmodSync(file, 0o600);
        writeFileSync(file, text); // all of it: a write to a full disk may be a short one
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    }
    if (force) for (const { temporary, path } of staged) renameSync(temporary, path);
  } catch (error) {
    for (const path of written) rmSync(path, { force: true });
    throw error;
  }
}

function unwritable(folder: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  return new Failure('config', `${showPath(folder)}: cannot be written: ${code ?? message}`);
}
