import { existsSync, readFileSync } from 'node:fs';
import { isContainer } from '../common/container';

const DEFAULTS = '/etc/default/fwknop-server';

/** Whether systemd runs this host (sd_booted(3)). */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

/** How to start fwknopd here, or to start it again. */
export function restartHint(verb: 'start' | 'restart'): string {
  if (isContainer()) return `${verb} the container`;
  if (hasSystemd()) {
    return verb === 'start'
      ? 'systemctl enable --now fwknop-server'
      : 'systemctl restart fwknop-server';
  }
  const command = `service fwknop-server ${verb}`;
  return isSwitchedOff() ? `set START_DAEMON="yes" in ${DEFAULTS}, then ${command}` : command;
}

/** Debian's init script starts nothing as long as its defaults say no. */
function isSwitchedOff(): boolean {
  try {
    return /^START_DAEMON="?no"?/m.test(readFileSync(DEFAULTS, 'utf8'));
  } catch {
    return false;
  }
}
