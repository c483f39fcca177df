import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { FWKNOPD } from '../common/fwknopd';

const TICKS = 100; // a second, of /proc/PID/stat: USER_HZ, the same on all of Debian's architectures
const OWN_SOCKET = /^socket:\[(\d+)\]$/;

/** A running fwknopd, as /proc shows it to root. */
export interface FwknopdProcess {
  readonly pid: number;
  /** Its options, without the program. */
  readonly args: readonly string[];
  readonly startedAt: Date;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Finds the running fwknopd: of several, the one that was started with that access file, or else the
 * first. One with other files, such as a container's, does not count; one in a sandbox of systemd does.
 *
 * @param accessConf absolute
 */
export function findFwknopd(accessConf: string): FwknopdProcess | undefined {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .flatMap((pid) => ifThere(() => (isFwknopd(pid) ? [describe(pid)] : [])) ?? [])
    // A child that is about to run a command is fwknopd still.
    .sort((one, other) => one.startedAt.getTime() - other.startedAt.getTime());
  return found.find(({ args }) => args.includes(accessConf)) ?? found[0];
}

function isFwknopd(pid: number): boolean {
  // An upgraded program is shown with ` (deleted)` behind its path.
  const [program = ''] = basename(readlinkSync(`/proc/${pid}/exe`)).split(' ');
  return program === 'fwknopd' && isSameFile(`/proc/${pid}/root${FWKNOPD}`, FWKNOPD);
}

function isSameFile(path: string, other: string): boolean {
  const [one, two] = [statSync(path), statSync(other)];
  return one.dev === two.dev && one.ino === two.ino;
}

function describe(pid: number): FwknopdProcess {
  const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '').split('\0');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const sinceBoot = Number(fields[19]) / TICKS;
  const uptime = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  const startedAt = new Date(Date.now() - (uptime - sinceBoot) * 1000);
  return { pid, args, startedAt, environment: environmentOf(pid) };
}

function environmentOf(pid: number): Readonly<Record<string, string>> {
  const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  const pairs = variables.flatMap((variable) => {
    const at = variable.indexOf('=');
    return at < 1 ? [] : [[variable.slice(0, at), variable.slice(at + 1)]];
  });
  return Object.fromEntries(pairs);
}

/** Whether a process has a UDP socket on a port. */
export function hasUdpPort(pid: number, port: number): boolean {
  const sockets = new Set(
    (ifThere(() => readdirSync(`/proc/${pid}/fd`)) ?? []).flatMap((fd) => {
      const target = ifThere(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? '';
      return OWN_SOCKET.exec(target)?.[1] ?? [];
    }),
  );
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return ['udp', 'udp6'].some((table) => {
    const text = ifThere(() => readFileSync(`/proc/${pid}/net/${table}`, 'utf8')) ?? '';
    return text.split('\n').some((line) => {
      const [, local = '', , , , , , , , inode = ''] = line.trim().split(/\s+/);
      return local.endsWith(`:${wanted}`) && sockets.has(inode);
    });
  });
}

/** Reads a file of a process in /proc, or of this one where the other has ended meanwhile. */
export function readProcess(pid: number | 'self', name: string): string {
  const text = ifThere(() => readFileSync(`/proc/${pid}/${name}`, 'utf8'));
  return text ?? readFileSync(`/proc/self/${name}`, 'utf8');
}

/** The network interfaces that a process sees. */
export function interfacesOf(pid: number | 'self'): readonly string[] {
  const text = readProcess(pid, 'net/dev');
  return text.split('\n').flatMap((line) => /^\s*([^\s:|]+):/.exec(line)?.[1] ?? []);
}

/** Processes, and their files, go away at any time. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}
