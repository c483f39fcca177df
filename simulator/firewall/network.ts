/**
 * A network namespace with a router in it that is nothing but an address on lo, and a host that
 * knocks at it: documentation addresses, and no way out.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

/** The router, in each family. */
export const ROUTER = { v4: '192.0.2.1', v6: '2001:db8::1' } as const;
/** The source of packets from the system's own sockets. */
export const KNOCKER = { v4: '203.0.113.9', v6: '2001:db8:9::9' } as const;

/** The programs that are needed, each with its Debian package. */
const PROGRAMS: readonly (readonly [file: string, debianPackage: string])[] = [
  ['/usr/bin/tcpdump', 'tcpdump'],
  ['/usr/bin/knock', 'knockd'],
  ['/usr/bin/nping', 'nmap'],
  ['/usr/bin/nmap', 'nmap'],
  ['/usr/bin/nsenter', 'util-linux'],
  ['/bin/ip', 'iproute2'],
];

/** Packets to the router have the host's address; replies need no route of their own. */
const SET_UP = `
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
set -e
ip link set lo up
ip address add ${KNOCKER.v4}/32 dev lo
ip address add ${KNOCKER.v6}/128 dev lo nodad
ip route add local ${ROUTER.v4} dev lo src ${KNOCKER.v4}
ip -6 route add local ${ROUTER.v6} dev lo src ${KNOCKER.v6}
echo ready
exec cat`;

/** Anybody may be root in a user namespace of their own, where the system lets them have one. */
const WAYS_IN: readonly { readonly unshare: string[]; readonly nsenter: string[] }[] = [
  { unshare: ['--net'], nsenter: ['--net'] },
  {
    unshare: ['--user', '--map-root-user', '--net'],
    nsenter: ['--user', '--preserve-credentials', '--net'],
  },
];

const wayIn = WAYS_IN.find(
  ({ unshare }) =>
    spawnSync('unshare', [...unshare, 'sh', '-c', SET_UP], { input: '' }).status === 0,
);

/**
 * Why there can be no network here.
 *
 * @returns what is missing, for example `the Debian packages knockd, nmap`; undefined: nothing is
 */
export function whyNoNetwork(): string | undefined {
  const missing = PROGRAMS.filter(([file]) => !existsSync(file)).map(([, name]) => name);
  if (missing.length > 0) return `the Debian packages ${[...new Set(missing)].join(', ')}`;
  return wayIn === undefined ? 'the permission to make namespaces' : undefined;
}

export interface Network {
  /** The words that run a command in the namespace. */
  command(...words: readonly string[]): readonly [string, ...string[]];
  /** Ends the namespace; what was started in it must have ended. */
  close(): Promise<void>;
}

/** @returns once the addresses are there */
export async function startNetwork(): Promise<Network> {
  if (wayIn === undefined) throw new Error('no permission to make namespaces');
  // cat ends when its stdin does, so at the latest with this process.
  const anchor: ChildProcess = spawn('unshare', [...wayIn.unshare, 'sh', '-c', SET_UP], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(anchor.stdout!, 'data');
  const target = String(anchor.pid);
  return {
    command: (...words) => ['nsenter', '--target', target, ...wayIn.nsenter, ...words],
    close: async () => {
      const ended = once(anchor, 'exit');
      anchor.stdin!.end();
      await ended;
    },
  };
}
