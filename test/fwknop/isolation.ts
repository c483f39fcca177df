/** Namespaces of one's own: nothing that is started in them touches, or outlives, a test. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftOut } from '../support/left-out';
import { FWKNOPD } from './fwknopd';

const SCRIPT = join(__dirname, 'namespace.sh');
const NAMESPACES = ['--net', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child'];

/** Anybody may be root in a user namespace of their own, where the system lets them have one. */
const AS_ROOT: string[][] = [[], ['--user', '--map-root-user']];

/** The programs that are needed, and the Debian package of each. */
const PROGRAMS: [file: string, debianPackage: string][] = [
  [FWKNOPD, 'fwknop-server'],
  ['/usr/bin/fwknop', 'fwknop-client'],
  ['/usr/bin/python3', 'python3'],
  ['/usr/bin/openssl', 'openssl'],
  ['/usr/bin/logger', 'bsdutils'],
  ['/usr/bin/unshare', 'util-linux'],
  ['/bin/ip', 'iproute2'],
];

/**
 * Why fwknopd cannot run in namespaces here.
 *
 * @returns what is missing, for example `the Debian packages fwknop-server, iproute2`;
 *   undefined: it can
 */
export function whyNotIsolated(): string | undefined {
  const packages = PROGRAMS.filter(([file]) => !existsSync(file)).map(([, name]) => name);
  if (packages.length > 0) return `the Debian packages ${packages.join(', ')}`;
  if (!wayIn()) return 'the permission to make namespaces, which root has';
  return undefined;
}

/**
 * Gives `test` where fwknopd can run in namespaces. Elsewhere the tests are left out loudly, and
 * where CI is set, they fail.
 *
 * @param what for the message
 */
export function testInNamespaces(what: string): typeof test | typeof test.skip {
  const why = whyNotIsolated();
  if (why === undefined) return test;
  return leftOut(what, why);
}

/** A temporary directory with the places that namespace.sh mounts; the caller removes it. */
export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'fwknop-'));
  for (const name of ['dev', 'etc']) mkdirSync(join(directory, name), { mode: 0o700 });
  return directory;
}

/**
 * Starts a Node script (TypeScript) in new namespaces, with an IPC channel.
 *
 * @param directory as made by makeDirectory
 */
export function forkInNamespace(script: string, directory: string): ChildProcess {
  const asRoot = wayIn();
  if (!asRoot) throw new Error('no permission to make namespaces');
  const node = [process.execPath, '-r', 'ts-node/register/transpile-only', script, directory];
  return spawn('unshare', [...asRoot, ...NAMESPACES, 'sh', SCRIPT, directory, ...node], {
    cwd: __dirname,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced', // JSON would lose dates and undefined.
  });
}

let probed: { way: string[] | undefined } | undefined;

/** How to become root in new namespaces here. */
function wayIn(): string[] | undefined {
  probed ??= { way: AS_ROOT.find(works) };
  return probed.way;
}

function works(asRoot: string[]): boolean {
  const directory = makeDirectory();
  const command = [...asRoot, ...NAMESPACES, 'sh', SCRIPT, directory, 'true'];
  const { status } = spawnSync('unshare', command);
  rmSync(directory, { recursive: true });
  return status === 0;
}
