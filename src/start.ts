/**
 * Starts the program from its V8 code cache: to compile it anew takes about as long as all that it
 * then does.
 *
 * A cache is code. It lies beside the program, is written by the program's owner alone, and is taken
 * only where nobody but the owner and root could have written it.
 */
import { lstatSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import type { runCommand } from './commands';
import type { main } from './main';
import { isSubcommand } from './subcommand';

const PROGRAM = join(__dirname, 'main.js');
const HASH_PLACE = [3, 19] as const; // in the first line of the program, see build.ts

interface Program {
  exports: { main: typeof main };
}

/** Runs the program. @param argv its arguments alone */
export function start(argv: readonly string[]): void {
  const [first, ...rest] = argv;
  if (isSubcommand(first)) void loadCommands().runCommand(first, rest);
  else open(argv);
}

/** Another file of the build, which an opening does not read. */
function loadCommands(): { runCommand: typeof runCommand } {
  return require('./commands.js');
}

function open(argv: readonly string[]): void {
  const source = readFileSync(PROGRAM, 'utf8');
  // V8 refuses what another version or other flags made; but it tells sources apart by no more than
  // their lengths.
  const file = `${PROGRAM}.${source.slice(...HASH_PLACE)}.${process.versions.v8}.cache`;
  const owner = statSync(PROGRAM).uid;
  const cachedData = readCache(file, owner);
  const script = new Script(`(function (module, exports, require) {${source}\n})`, {
    filename: PROGRAM,
    cachedData,
  });
  const program = { exports: {} } as Program;
  script.runInThisContext()(program, program.exports, require);
  const isCached = cachedData !== undefined && script.cachedDataRejected === false;
  void program.exports.main(argv, () => {
    if (!isCached && process.geteuid?.() === owner) writeCache(file, script.createCachedData());
  });
}

function readCache(file: string, owner: number): Buffer | undefined {
  try {
    const copies = readFileSync(file);
    const data = copies.subarray(0, copies.length / 2);
    // Since Node 20, V8 checks no sum of its own, and crashes on what is damaged. Two copies compare
    // faster than any sum is made.
    const isWhole = data.equals(copies.subarray(data.length));
    return isWhole && [file, dirname(file)].every((path) => isOurs(path, owner)) ? data : undefined;
  } catch {
    return undefined;
  }
}

function isOurs(path: string, owner: number): boolean {
  const { uid, mode } = lstatSync(path);
  return (uid === 0 || uid === owner) && (mode & 0o022) === 0;
}

/** Whatever goes wrong here costs time only. */
function writeCache(file: string, data: Buffer): void {
  const temporary = `${file}.${process.pid}`;
  try {
    // fwknopd's umask is 0.
    writeFileSync(temporary, Buffer.concat([data, data]), { flag: 'wx', mode: 0o644 });
    renameSync(temporary, file);
  } catch {
    rmSync(temporary, { force: true });
  }
}
