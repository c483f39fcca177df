import { readFileSync, statSync } from 'node:fs';
import { isContainer } from '../common/container';
import type { HelperCommand } from './command';
import type { FwknopdSettings } from './fwknopd-config';
import type { Finding } from './output';
import { runProgram } from './run-program';
import { hasSystemd } from './service';

const DAY_MS = 86_400_000;
const NOBODY = 65534;
/** Bits of CapEff in /proc/PID/status (linux/capability.h). */
const CAP_SETGID = 6n;
const CAP_SETUID = 7n;

/**
 * Checks the clock of this host. fwknopd compares it with the time in each packet, and certificates
 * are valid by it.
 *
 * @param program a file of this program, which is older than now
 */
export async function checkClock(
  program: string,
  settings: FwknopdSettings | undefined,
  seconds: number,
): Promise<readonly Finding[]> {
  const step = 'clock';
  const now = new Date();
  const shown = `${now.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  if (now.getTime() < statSync(program).mtimeMs - DAY_MS) {
    const what = `${shown}: before this program was built`;
    return [{ status: 'FAIL', step, what, hint: setClock() }];
  }
  const age = settings?.get('MAX_SPA_PACKET_AGE') ?? '120';
  const limit = /^n/i.test(settings?.get('ENABLE_SPA_PACKET_AGING') ?? 'Y')
    ? ''
    : `: fwknopd refuses packets that are more than ${age} s off`;
  const state = hasSystemd() ? await synchronised(seconds) : undefined;
  if (state === 'no') {
    return [{ status: 'warn', step, what: `${shown}, not synchronised${limit}`, hint: setClock() }];
  }
  const how = state === 'yes' ? ', synchronised' : '';
  return [{ status: 'ok', step, what: `${shown}${how}${limit}` }];
}

function setClock(): string {
  if (isContainer()) return 'set the clock of the router: /system/ntp/client';
  return hasSystemd() ? 'timedatectl set-ntp true' : 'set it, and install an NTP client';
}

/** @returns undefined where systemd does not say */
async function synchronised(seconds: number): Promise<string | undefined> {
  const args = ['show', '--property=NTPSynchronized', '--value'];
  const { isFine, stdout } = await runProgram('timedatectl', args, seconds);
  return isFine ? stdout.trim() : undefined;
}

/**
 * Checks as which user an opening speaks to the router: it gives up root where it may.
 *
 * @param pid of fwknopd, or `self` where it does not run
 */
export function checkIdentity(pid: number | 'self'): readonly Finding[] {
  const step = 'identity';
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, uid = '0'] = /^Uid:\s+\d+\s+(\d+)/m.exec(status) ?? [];
  if (uid !== '0') {
    return [{ status: 'ok', step, what: `an opening runs as user ${uid}, as fwknopd does` }];
  }
  const capabilities = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const may = (bit: bigint, map: string) =>
    ((capabilities >> bit) & 1n) === 1n && isMapped(`/proc/${pid}/${map}`);
  const [setsUser, setsGroup] = [may(CAP_SETUID, 'uid_map'), may(CAP_SETGID, 'gid_map')];
  if (setsUser && setsGroup) {
    const what = `an opening gives up root before it connects (user ${NOBODY})`;
    return [{ status: 'ok', step, what }];
  }
  const left = setsUser ? 'the group root' : setsGroup ? 'the user root' : 'root';
  const what = `an opening stays ${left}: fwknopd may not change to user and group ${NOBODY}`;
  const hint = isContainer()
    ? 'run the container with the capabilities SETUID and SETGID'
    : 'give fwknopd CAP_SETUID and CAP_SETGID (CapabilityBoundingSet of its unit)';
  return [{ status: 'warn', step, what, hint }];
}

/** Whether a user namespace has the id of nobody. @param map lines of inside, outside, length */
function isMapped(map: string): boolean {
  return readFileSync(map, 'utf8')
    .split('\n')
    .some((line) => {
      const [first = Number.NaN, , length = 0] = line.trim().split(/\s+/).map(Number);
      return first <= NOBODY && NOBODY < first + length;
    });
}

/**
 * Checks that the sandbox of fwknopd's unit lets Node.js run: with MemoryDenyWriteExecute=yes it dies
 * by SIGTRAP before its first line, unless it compiles nothing.
 */
export async function checkSandbox(
  commands: readonly HelperCommand[],
  seconds: number,
): Promise<readonly Finding[]> {
  if (!hasSystemd() || commands.every(({ program }) => program.includes('--jitless'))) return [];
  const args = ['show', 'fwknop-server', '--property=MemoryDenyWriteExecute', '--value'];
  const { isFine, stdout } = await runProgram('systemctl', args, seconds);
  if (!isFine || stdout.trim() !== 'yes') return [];
  return [
    {
      status: 'FAIL',
      step: 'sandbox',
      what: 'MemoryDenyWriteExecute=yes in the unit fwknop-server: Node.js dies by SIGTRAP',
      hint: 'CMD_CYCLE_OPEN /usr/bin/node --jitless --use-openssl-ca /usr/bin/fwknop-mikrotik ..., or set it to no',
    },
  ];
}
