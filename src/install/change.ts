import { lstatSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Finding } from '../check/output';
import { lastingFile } from '../common/container';
import { Failure } from '../common/failure';
import { readRegularFile, readTrustedFile, showPath } from '../common/trusted-file';
import { type Ownership, stageFile } from '../common/whole-file';
import { testConfig } from './config-test';

/** A file as it is now. */
export interface Target {
  /** The path by which fwknopd, or an opening, knows it. */
  readonly name: string;
  /** With links resolved, so that a link stays one. */
  readonly path: string;
  /** Undefined where there is no such file. */
  readonly text: string | undefined;
  readonly ownership: Ownership;
}

/** A file, and the text that it is to have. */
export interface Change {
  readonly target: Target;
  readonly text: string;
}

const MOST_LINES = 100; // of one part of a change

/** The changes that a command makes, and findings to print after them. */
export interface Plan {
  readonly changes: readonly Change[];
  readonly findings: readonly Finding[];
}

/** A file that holds keys is root's alone. */
const CLOSED: Ownership = { mode: 0o600, owner: { uid: 0, gid: 0 } };

/**
 * Reads a file that a command may change.
 *
 * @param isLasting whether to take the file in a container's /config, if this is one; anybody may own
 *   and write it there
 * @throws Failure `config` where it cannot be edited, or others could have written it
 */
export function readTarget(name: string, isLasting = false): Target {
  const path = isLasting ? lastingFile(name) : name;
  const isTrusted = path !== name;
  if (!isTrusted) requireOwnDirectory(dirname(path));
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    return { name, path, text: undefined, ownership: CLOSED };
  }
  const real = resolveLinks(path);
  if (!isTrusted) requireOwnDirectory(dirname(real));
  const { text } = isTrusted ? readRegularFile(real) : readTrustedFile(real);
  if (text.includes('\ufffd')) {
    const what = `${showPath(path)}: not UTF-8, so it cannot be edited`;
    throw new Failure('config', what, 'convert it with iconv');
  }
  const { mode, uid, gid } = statSync(real);
  return { name, path: real, text, ownership: { mode: mode & 0o777, owner: { uid, gid } } };
}

/** Nobody but root may put files into the directory, or rename those in it. */
function requireOwnDirectory(directory: string): void {
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) {
    const hint = 'apt-get install fwknop-server';
    throw new Failure('config', `${directory}: no such directory`, hint);
  }
  if (stats.uid !== 0) {
    throw new Failure('config', `${directory}: belongs to another user`, `chown root ${directory}`);
  }
  if ((stats.mode & 0o022) !== 0) {
    throw new Failure(
      'config',
      `${directory}: may be written by others`,
      `chmod go-w ${directory}`,
    );
  }
}

function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw new Failure('config', `${showPath(path)}: a symbolic link that leads nowhere`);
  }
}

/** The path of the file's backup: its text before this program first changed it. */
export function backupOf({ path }: Target): string {
  return `${path}~`;
}

/**
 * Writes files whole, all of them or none. The old text of each becomes its backup, unless it has one.
 * All texts are on the disk before the first file is replaced: from then on renames suffice, also to
 * put the files back.
 *
 * @returns the backups that were made
 * @throws Failure `config` where one cannot be written, or fwknopd refuses them; then all are as they
 *   were
 */
export function applyChanges(changes: readonly Change[]): ReadonlySet<string> {
  const backups = new Set<string>();
  const staged: string[] = [];
  const restore: (() => void)[] = [];
  let current = '';
  try {
    const replacements = changes.map(({ target, text }) => {
      current = target.path;
      const replacement = stageFile(target.path, text, CLOSED);
      staged.push(replacement);
      if (target.text === undefined) return { target, replacement, old: undefined };
      const old = stageFile(backupOf(target), target.text, target.ownership);
      staged.push(old);
      return { target, replacement, old };
    });
    testConfig(new Map(replacements.map(({ target, replacement }) => [target.name, replacement])));
    for (const { target, replacement, old } of replacements) {
      current = target.path;
      requireUnchanged(target);
      const kept = old === undefined ? undefined : keep(target, old);
      if (kept !== undefined) restore.push(() => rmSync(kept, { force: true }));
      if (kept === backupOf(target)) backups.add(kept);
      renameSync(replacement, target.path);
      restore.push(() => {
        if (kept === undefined) rmSync(target.path);
        else renameSync(kept, target.path);
      });
    }
    return backups;
  } catch (error) {
    for (const step of restore.reverse()) step();
    if (error instanceof Failure) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const what = `${showPath(current)}: cannot be written: ${code ?? message}`;
    throw new Failure(
      'config',
      what,
      'every file is as it was; free the disk, or mount it writable',
    );
  } finally {
    for (const file of staged) rmSync(file, { force: true });
  }
}

/** Gives the old text its place beside the new one. @returns the path of the old text */
function keep(target: Target, old: string): string {
  const backup = backupOf(target);
  if (lstatSync(backup, { throwIfNoEntry: false }) !== undefined) return old;
  renameSync(old, backup);
  return backup;
}

/** Refuses to replace a file that somebody edited since it was read. */
function requireUnchanged({ path, text }: Target): void {
  const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  const now = isThere ? readRegularFile(path).text : undefined;
  if (now === text) return;
  throw new Failure('config', `${showPath(path)}: was changed by somebody else`, 'try again');
}

/** Prints the lines that a change removes (`-`) and adds (`+`), without keys and passwords. */
export function describeChange({ target, text }: Change): string {
  const [old, lines] = [linesOf(target.text ?? ''), linesOf(text)];
  const shortest = Math.min(old.length, lines.length);
  let start = 0;
  while (start < shortest && old[start] === lines[start]) start += 1;
  let end = 0;
  while (end < shortest - start && old.at(-1 - end) === lines.at(-1 - end)) end += 1;
  const part = (sign: string, all: readonly string[]) => {
    const changed = all.slice(start, all.length - end);
    if (changed.length > MOST_LINES) return `${sign} (${changed.length} lines)\n`;
    return changed.map((line) => `${sign} ${withoutSecrets(line)}\n`).join('');
  };
  return part('-', old) + part('+', lines);
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function withoutSecrets(line: string): string {
  return line
    .replace(/^(\s*#?\s*(?:\S*KEY\S*|\S*_PW)\s+)\S.*$/, '$1...')
    .replace(/(--routerp[a-z]*[= ]\s*)\S+/, '$1...')
    .replace(/^(\s*(?:password|"password"|'password')\s*=\s*).*$/, '$1...');
}
