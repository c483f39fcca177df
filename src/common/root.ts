import { isContainer } from './container';
import { Failure } from './failure';
import { shellWord } from './text';

/** The user and the group nobody, and nogroup of Debian: numbers, since a name would need a lookup on disk. */
const NOBODY = 65534;

/**
 * Gives up root, with its groups, for good. Afterwards nothing that only root may read can be read, and files 0 to 2
 * cannot be opened again through /proc. It does nothing for another user, and goes on where the system refuses, as in
 * a container without capabilities.
 */
export function giveUpRoot(): void {
  if (process.geteuid?.() !== 0) return;
  for (const step of [
    () => process.setgroups?.([]),
    () => process.setgid?.(NOBODY),
    () => process.setuid?.(NOBODY),
  ]) {
    try {
      step();
    } catch {
      // The other steps may still be allowed.
    }
  }
}

/**
 * Refuses to go on as another user than root, whom fwknopd's files belong to.
 *
 * @param command the subcommand, with the arguments that follow it
 * @throws Failure `config`
 */
export function requireRoot(command: string, argv: readonly string[]): void {
  if (process.geteuid?.() === 0) return;
  const words = ['fwknop-mikrotik', command, ...argv].map(shellWord).join(' ');
  const hint = isContainer() ? `as root: ${words}` : `sudo ${words}`;
  throw new Failure('config', `${command}: must run as root`, hint);
}
