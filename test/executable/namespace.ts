/** A mount namespace for one run: the system as it is, but for what a test puts over it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { leftOut } from '../support/left-out';
import { ownFolder } from '../support/router';
import { EXECUTABLE } from '../support/run';

/** Anybody may be root in a user namespace of their own, where the system lets them have one. */
const WAYS_IN = [
  ['/usr/bin/unshare', '--mount'],
  ['/usr/bin/unshare', '--user', '--map-root-user', '--mount'],
];

const wayIn = WAYS_IN.find(
  ([program = '', ...args]) =>
    spawnSync(program, [...args, '/bin/mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0,
);

/** Gives `test` where mount namespaces can be had; elsewhere leaves the tests out, loudly. */
export function testInNamespace(what: string): typeof test | typeof test.skip {
  if (wayIn !== undefined) return test;
  return leftOut(`${what} (as root, or with user namespaces)`, 'util-linux');
}

/**
 * The words that run the executable in a mount namespace of its own, with an empty environment.
 *
 * @param setUp shell commands that mount what the run shall see, such as `overNothing`
 */
export function inNamespace(
  setUp: readonly string[],
  command: readonly string[] = [EXECUTABLE],
): readonly string[] {
  const script = ['set -eu', 'export PATH=/usr/bin:/bin:/usr/sbin:/sbin', ...setUp];
  script.push('exec /usr/bin/env -i "$@"');
  return [...(wayIn ?? []), '/bin/sh', '-c', script.join('\n'), 'sh', ...command];
}

/** Puts a file in the place of another, which must be there. */
export function fileInPlaceOf(path: string, file: string): string {
  return `mount --bind ${file} ${path}`;
}

/** Makes a new directory with some files of ours the content of another, which must be there. */
export function directoryOf(path: string, files: Readonly<Record<string, string>>): string {
  const copies = Object.entries(files).map(([name, file]) => `cp -p ${file} ${path}/${name}`);
  return [`mount -t tmpfs -o mode=755 tmpfs ${path}`, ...copies].join('\n');
}

/** No Node.js where a shell without a PATH looks for it. */
export function nodeHidden(): string {
  return `
for folder in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
  [ ! -f $folder/node ] || mount --bind /dev/null $folder/node
done`;
}

/** A /dev without the system's log, or with a socket of ours in its place. */
export function devWith(log?: string): string {
  const dev = join(ownFolder(), 'dev');
  if (!existsSync(dev)) mkdirSync(dev);
  return `
mount -t tmpfs -o mode=755 tmpfs ${dev}
for device in null zero full random urandom tty; do
  : >${dev}/$device
  mount --bind /dev/$device ${dev}/$device
done
${log === undefined ? '' : `ln -s ${log} ${dev}/log`}
mount --rbind ${dev} /dev`;
}
