import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const LAUNCHER = join(__dirname, '../bin/fwknop-mikrotik');

/**
 * The launcher for a place where Node.js is known to be: the system starts that one at once, with the
 * option that the shell would give it.
 *
 * @param node an absolute path
 * @throws when the launcher does not start Node.js with one option, all that a first line can pass
 */
export function launcherOn(node: string): string {
  const launcher = readFileSync(LAUNCHER, 'utf8');
  const [, option] = /exec node (--\S+) "\$0" "\$@"/.exec(launcher) ?? [];
  if (option === undefined) throw new Error(`${LAUNCHER}: starts Node.js in another way`);
  return launcher.replace(/^#!.*/, `#!${node} ${option}`);
}
