import { existsSync } from 'node:fs';

/** The directory that a container gets its files from, and that outlives it. */
export const CONTAINER_DIRECTORY = '/config';

const MARKER = '/usr/lib/fwknop-mikrotik/container';

/** Whether this is the project's container image: it has neither systemd nor a system log to read. */
export function isContainer(): boolean {
  return existsSync(MARKER);
}
