import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const LAUNCHER = join(__dirname, '../bin/fwknop-mikrotik');

/**
 * The launcher for a place where Node.js is known to be: the system starts that one at once, with the
 * option that a shell would give it. (An environment that says otherwise of CAs keeps it from starting.)
 *
 * @param node an absolute path
 * @throws when the launcher gives Node.js no option; one is all that a first line can pass
 */
export function launcherOn(node: string): string {
  const launcher = readFileSync(LAUNCHER, 'utf8');
  const [, option] = / option=(--\S+)\n/.exec(launcher) ?? [];
  if (option === undefined) throw new Error(`${LAUNCHER}: starts Node.js in another way`);
  return launcher.replace(/^#!.*/, `#!${node} ${option}`);
}
