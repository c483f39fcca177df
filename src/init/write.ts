import { chmodSync, lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../common/failure';
import { showPath } from '../common/trusted-file';
import { stageFile } from '../common/whole-file';
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
    writeAll(folder, files);
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

/** Writes all files under temporary names before the first of them takes its place. */
function writeAll(folder: string, files: readonly SetupFile[]): void {
  const staged: { path: string; temporary: string }[] = [];
  try {
    for (const { name, text } of files) {
      const path = join(folder, name);
      staged.push({ path, temporary: stageFile(path, text, { mode: 0o600 }) });
    }
    for (const { path, temporary } of staged) renameSync(temporary, path);
  } catch (error) {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
    throw error;
  }
}

function unwritable(folder: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  return new Failure('config', `${showPath(folder)}: cannot be written: ${code ?? message}`);
}
