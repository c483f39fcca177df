import { chmodSync, lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../common/failure';
import { showPath } from '../common/trusted-file';
import { stageFile } from '../common/whole-file';
import type { SetupFile } from './client-files';

/**
 * Writes all files into a directory, or none. Directory and files are closed to everybody else,
 * whatever the umask.
 *
 * @param force overwrites files that exist
 * @throws Failure `config`: files exist, a directory is open to others, or it cannot be written
 */
export function writeFiles(directory: string, files: readonly SetupFile[], force: boolean): void {
  const paths = files.map(({ name }) => dirname(join(directory, name)));
  const made: string[] = [];
  try {
    for (const path of new Set([directory, ...paths])) if (makeDirectory(path)) made.unshift(path);
    refuseExisting(directory, files, force);
    writeAll(directory, files);
  } catch (error) {
    for (const path of made) rmdirSync(path);
    if (error instanceof Failure) throw error;
    throw unwritable(directory, error);
  }
}

/** @returns whether it was made; false where it exists and is closed to others */
function makeDirectory(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    chmodSync(path, 0o700); // A umask may have taken too much.
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(path, error);
  }
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) {
    throw new Failure('config', `${showPath(path)}: not a directory`, 'name another: --out DIR');
  }
  if ((stats.mode & 0o077) !== 0 || stats.uid !== process.geteuid?.()) {
    throw new Failure(
      'config',
      `${showPath(path)}: insecure permissions: others may open this directory`,
      'name a new one: --out DIR',
    );
  }
  return false;
}

function refuseExisting(directory: string, files: readonly SetupFile[], force: boolean): void {
  const existing = files.filter(({ name }) => {
    const stats = lstatSync(join(directory, name), { throwIfNoEntry: false });
    return stats !== undefined && !(force && stats.isFile());
  });
  if (existing.length === 0) return;
  const names = existing.map(({ name }) => name).join(', ');
  throw new Failure(
    'config',
    `${showPath(directory)}: ${names} already exist`,
    'name another directory (--out DIR), or overwrite these files and lose their keys (--force)',
  );
}

/** Writes all files under temporary names before the first of them takes its place. */
function writeAll(directory: string, files: readonly SetupFile[]): void {
  const staged: { path: string; temporary: string }[] = [];
  try {
    for (const { name, text } of files) {
      const path = join(directory, name);
      staged.push({ path, temporary: stageFile(path, text, { mode: 0o600 }) });
    }
    for (const { path, temporary } of staged) renameSync(temporary, path);
  } catch (error) {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
    throw error;
  }
}

function unwritable(directory: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  return new Failure('config', `${showPath(directory)}: cannot be written: ${code ?? message}`);
}
