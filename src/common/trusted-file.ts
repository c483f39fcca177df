import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { Failure } from './failure';
import { shellWord } from './text';

const LARGEST_FILE = 1 << 20; // bytes; a bundle of CA certificates takes a quarter of it
const LONGEST_PATH = 60; // characters of a path in a message

/** A file with secure permissions, so that it may decide about a router. */
export interface TrustedFile {
  readonly text: string;
  /**
   * Refuses the file if others may read it. Call it once the file is known to hold a secret.
   *
   * @throws Failure `config`
   */
  requireSecrecy(): void;
}

/**
 * Reads a file that decides about a router. It must be a regular file, owned by root or the caller,
 * that nobody else may write.
 *
 * @param name how messages call the file until it is open: the path that is given for a password file
 *   may be the password itself
 * @param ifMissing the hint where there is no such file
 * @throws Failure `config`: missing, unreadable, or insecure, with the command that fixes it
 */
export function readTrustedFile(
  path: string,
  name = showPath(path),
  ifMissing?: string,
): TrustedFile {
  const { stats, text } = readRegularFile(path, name, ifMissing);
  refuseOwner(path, stats);
  refuseMode(path, stats, 0o022, 'may be written by others', 'go-w');
  return {
    text,
    requireSecrecy: () =>
      refuseMode(path, stats, 0o077, 'holds a secret that others may read', 'go='),
  };
}

/** A path for a message: its end, where it is long. */
export function showPath(path: string): string {
  return path.length <= LONGEST_PATH ? path : `...${path.slice(3 - LONGEST_PATH)}`;
}

/**
 * Reads a regular file of at most 1 MiB, whoever owns it.
 *
 * @param name see readTrustedFile
 * @param flags for open(2), such as O_NOFOLLOW
 * @throws Failure `config`: missing, unreadable, or no regular file
 */
export function readRegularFile(
  path: string,
  name = showPath(path),
  ifMissing?: string,
  flags = 0,
): { stats: Stats; text: string } {
  let file: number | undefined;
  try {
    // Without O_NONBLOCK a FIFO would block this process, and so fwknopd, until something writes to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Failure('config', `${name}: not a regular file`);
    if (stats.size > LARGEST_FILE) throw new Failure('config', `${name}: larger than 1 MiB`);
    const bytes = Buffer.alloc(stats.size);
    const length = readSync(file, bytes, 0, bytes.length, 0);
    return { stats, text: bytes.toString('utf8', 0, length) };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const hint = code === 'ENOENT' ? ifMissing : undefined;
    throw new Failure('config', `${name}: ${whyUnreadable(code) ?? message}`, hint);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function whyUnreadable(code: string | undefined): string | undefined {
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'ELOOP') return 'a symbolic link, not followed';
  return code && `unreadable: ${code}`;
}

function refuseOwner(path: string, stats: Stats): void {
  const caller = process.geteuid?.() ?? 0;
  if (stats.uid === 0 || stats.uid === caller) return;
  const hint = `chown ${caller} ${shellWord(path)}`;
  throw new Failure('config', `${showPath(path)}: belongs to another user`, hint);
}

function refuseMode(path: string, stats: Stats, mask: number, what: string, change: string): void {
  if ((stats.mode & mask) === 0) return;
  const command = `chmod ${change} ${shellWord(path)}`;
  throw new Failure('config', `${showPath(path)}: ${what}`, command);
}
