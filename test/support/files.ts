/** Real files of any owner and mode. */
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new directory that everybody may enter, removed after the tests of the file. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fm-'));
  chmodSync(folder, 0o755);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file; the mode is exactly the one that is given, whatever the umask. */
export function writeAs(path: string, text: string | Buffer, mode = 0o600, owner?: number): string {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, text);
  if (owner !== undefined) chownSync(path, owner, owner);
  chmodSync(path, mode);
  return path;
}
