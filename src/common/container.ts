import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The directory that a container gets its files from, and that outlives it. */
export const CONTAINER_DIRECTORY = '/config';

const MARKER = '/usr/lib/fwknop-mikrotik/container';

/** Whether this is the project's container image: it has neither systemd nor a system log to read. */
export function isContainer(): boolean {
  return existsSync(MARKER);
}

/**
 * The file to change in the place of one of /etc/fwknop: in a container those are copies, made at each
 * start, of the files in /config.
 */
export function lastingFile(path: string): string {
  return isContainer() ? join(CONTAINER_DIRECTORY, basename(path)) : path;
}
