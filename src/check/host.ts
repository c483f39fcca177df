import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isContainer } from '../common/container';
import { showPath } from '../common/trusted-file';
import type { HelperCommand } from './command';
import type { FwknopdSettings } from './fwknopd-config';
import type { Finding } from './output';
import { readProcess } from './process';
import { resolveProgram } from './program-path';
import { runProgram } from './run-program';
import { hasSystemd } from './service';

const DAY_MS = 86_400_000;
const NOBODY = 65534;
/** Debian's profile, and the file for additions that the one of sid includes. */
const PROFILES = ['/etc/apparmor.d/usr.sbin.fwknopd', '/etc/apparmor.d/local/usr.sbin.fwknopd'];
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
  if (isContainer()) return 'set the clock of the host that runs the container';
  return hasSystemd() ? 'timedatectl set-ntp true' : 'set it, and install an NTP client';
}

/** @returns undefined where systemd does not say */
async function synchronised(seconds: number): Promise<string | undefined> {
  const args = ['show', '--property=NTPSynchronized', '--value'];
  const { isFine, stdout } = await runProgram('timedatectl', args, seconds);
  return isFine ? stdout.trim() : undefined;
}

/** Checks that AppArmor, where it confines fwknopd, lets it run the commands. */
export function checkAppArmor(pid: number, commands: readonly HelperCommand[]): readonly Finding[] {
  const confinement = textOf(`/proc/${pid}/attr/current`);
  if (!/ \(enforce\)\s*$/.test(confinement)) return [];
  const rules = PROFILES.flatMap((profile) => executeRules(textOf(profile)));
  const programs = commands.flatMap(
    ({ wrapper, program: [first = ''] }) => resolveProgram(wrapper ?? first) ?? [],
  );
  const denied = [...new Set(programs.map((program) => realpathSync(program)))].filter(
    (program) => !rules.some((rule) => rule.test(program)),
  );
  return denied.map((program) => ({
    status: 'FAIL',
    step: 'AppArmor',
    what: `the profile of fwknopd does not let it run ${showPath(program)}`,
    hint: `add the line "${program} Ux," to ${PROFILES[0]}, then apparmor_parser -r ${PROFILES[0]}`,
  }));
}

/** The paths that a profile lets run, as patterns: `*` stops at a slash, `**` does not. */
function executeRules(profile: string): readonly RegExp[] {
  const paths = profile.matchAll(/^\s*(?:audit\s+)?(\/\S+)\s+[a-zA-Z]*x\S*,/gm);
  return [...paths].map(([, path = '']) => {
    const escaped = path.replace(/[.+?^$()|[\]\\]/g, '\\$&');
    const groups = escaped.replace(
      /\{([^}]*)\}/g,
      (_, choices: string) => `(?:${choices.replaceAll(',', '|')})`,
    );
    return new RegExp(`^${groups.replace(/\*+/g, (stars) => (stars === '*' ? '[^/]*' : '.*'))}$`);
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // without AppArmor the kernel refuses
  }
}

/**
 * Checks as which user an opening speaks to the router: it gives up root where it may.
 *
 * @param pid of fwknopd, or `self` where it does not run
 */
export function checkIdentity(pid: number | 'self'): readonly Finding[] {
  const step = 'identity';
  const status = readProcess(pid, 'status');
  const [, uid = '0'] = /^Uid:\s+\d+\s+(\d+)/m.exec(status) ?? [];
  if (uid !== '0') {
    return [{ status: 'ok', step, what: `an opening runs as user ${uid}, as fwknopd does` }];
  }
  const capabilities = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const may = (bit: bigint, map: string) =>
    ((capabilities >> bit) & 1n) === 1n && isMapped(readProcess(pid, map));
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
  return map.split('\n').some((line) => {
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
