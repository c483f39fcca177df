import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { shellWord } from '../common/text';
import { showPath } from '../common/trusted-file';
import type { Finding } from './output';

const STICKY = 0o1000;
const MOST_LINKS = 40; // as many as Linux follows
/** The parts of the package that run; what they need of others is built into dist. */
const PARTS = ['bin', 'dist', 'package.json'];

/**
 * Finds the files and directories through which another user than root could change the code that
 * fwknopd runs as root: those of the programs, of this package, and every directory above them.
 *
 * @param programs absolute paths: an interpreter, a wrapper, the program
 */
export function checkOwners(programs: readonly string[]): readonly Finding[] {
  const root = packageOf(programs.at(-1) ?? '/');
  const outside = new Set(programs.flatMap((program) => pathsTo(program)));
  const inside = root === undefined ? [] : PARTS.flatMap((part) => filesBelow(join(root, part)));
  const open = inside.filter((path) => isOpen(path));
  const findings = [...outside]
    .filter((path) => !inside.includes(path) && isOpen(path))
    .map((path) => finding(path, 0, `chown root ${shellWord(path)} && chmod go-w`, path));
  const [first] = open;
  if (first === undefined || root === undefined) return findings;
  const fix = `chown -R root ${shellWord(root)} && chmod -R go-w`;
  return [...findings, finding(first, open.length - 1, fix, root)];
}

function finding(path: string, more: number, fix: string, target: string): Finding {
  const others = more === 0 ? '' : ` (and ${more} more)`;
  return {
    status: 'warn',
    step: 'program',
    what: `${showPath(path)}${others}: others than root can change it, and fwknopd runs it as root`,
    hint: `${fix} ${shellWord(target)}`,
  };
}

/** The directory with `bin` and `dist` that a program belongs to. */
function packageOf(program: string): string | undefined {
  const root = dirname(dirname(realpathSync(program)));
  return existsSync(join(root, 'dist', 'start.js')) ? root : undefined;
}

/** The file that a path leads to, every link on the way, and all their directories up to `/`. */
function pathsTo(path: string, links = 0): readonly string[] {
  if (path === '/') return ['/'];
  const above = pathsTo(dirname(path), links);
  if (!lstatSync(path).isSymbolicLink() || links === MOST_LINKS) return [...above, path];
  return [...above, ...pathsTo(resolve(dirname(path), readlinkSync(path)), links + 1)];
}

function filesBelow(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (!lstatSync(path).isDirectory()) return [path];
  return [path, ...readdirSync(path).flatMap((name) => filesBelow(join(path, name)))];
}

function isOpen(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return false; // a link that leads nowhere runs nothing
  const { uid, mode } = stats;
  // Nobody can replace root's files in a sticky directory such as /tmp.
  const isSticky = (mode & STICKY) !== 0;
  return uid !== 0 || ((mode & 0o022) !== 0 && !isSticky);
}
