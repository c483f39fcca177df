import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { isatty } from 'node:tty';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { CHILD_ENVIRONMENT } from './common/child-environment';

/*
 * The launcher: starts an opening (main.ts) from its V8 code cache, or what people type (commands.ts). To compile
 * an opening anew takes about as long as all that it then does.
 *
 * A cache is code. It lies beside the program, is written by the program's owner alone, and is used only where
 * nobody but the owner and root could have written it.
 *
 * build.ts compiles this file for old Nodes, which must get as far as the message that they are too old.
 */

/** The file of an opening; build.ts sets it. */
declare const MAIN: string;

const PROGRAM = `${__dirname}/${MAIN}`;
const SUBCOMMANDS = ['init', 'install', 'client', 'check', 'knock'];
const LARGEST_CACHE = 1 << 22; // bytes; one takes a quarter of a million
const EX_CONFIG = 78; // of sysexits.h, as in common/failure.ts

interface Program {
  /** A function expression, which takes `module` and `require`. */
  readonly source: string;
  /** The user id of its owner. */
  readonly owner: number;
}

function start(argv: readonly string[]): void {
  const version = process.versions.node.split('.');
  const major = Number(version[0]);
  if (major < 18 || (major === 18 && Number(version[1]) < 19)) {
    refuse(`Node.js 18.19 or later is needed, this is ${process.version}`);
  }
  try {
    if (SUBCOMMANDS.indexOf(argv[0] || '') === -1) open(argv);
    else require('./commands.js').runCommand(argv[0], argv.slice(1));
  } catch (error) {
    const why = error as NodeJS.ErrnoException;
    refuse(`dist is damaged: ${why.code || why.name}; hint: install it again`);
  }
}

/** Says why the program cannot run, on stderr and, unless that is a terminal, in the log; and exits. */
function refuse(why: string): never {
  console.error(`fwknop-mikrotik: ${why}`);
  try {
    if (!isatty(2)) {
      spawnSync('logger', ['-t', 'fwknop-mikrotik', '-p', 'daemon.err', '--', why], {
        env: CHILD_ENVIRONMENT,
        stdio: 'ignore',
        timeout: 2000,
        killSignal: 'SIGKILL',
      });
    }
  } finally {
    process.exit(EX_CONFIG);
  }
}

function open(argv: readonly string[]): void {
  const program = inspect(PROGRAM, 0, (file, stats): Program => {
    return { source: read(file, stats.size).toString('latin1'), owner: stats.uid };
  });
  // V8 refuses a cache of another version or of other flags. But it tells programs apart by their length only,
  // and V8 of Node 18 and 20 crashes on the cache of another architecture. So the name has the hash of the
  // program, which is part of PROGRAM, and the architecture.
  const name = [PROGRAM, process.versions.v8, process.arch, 'cache'].join('.');
  const cachedData = readCache(name, program.owner);
  const script = new Script(program.source, { filename: PROGRAM, cachedData });
  const main = { exports: {} as typeof import('./main') };
  script.runInThisContext()(main, require);
  const isCached = cachedData !== undefined && script.cachedDataRejected === false;
  main.exports.main(argv, () => {
    if (!isCached && process.geteuid?.() === program.owner) writeCache(name, program.source);
  });
}

/** @returns the cache; undefined when there is none that is safe to use */
function readCache(name: string, owner: number): Buffer | undefined {
  try {
    const isClosed = inspect(__dirname, constants.O_NOFOLLOW, (_, stats) => isOurs(stats, owner));
    if (!isClosed) return undefined;
    return inspect(name, constants.O_NOFOLLOW, (file, stats) => {
      if (!isOurs(stats, owner) || !stats.isFile() || stats.size > LARGEST_CACHE) return undefined;
      // Since Node 20, V8 computes no checksum, and crashes on a damaged cache. To compare two copies takes less
      // time than any checksum.
      const copies = read(file, stats.size);
      const data = copies.subarray(0, stats.size / 2);
      return data.equals(copies.subarray(data.length)) ? data : undefined;
    });
  } catch {
    return undefined;
  }
}

/** Compiles every function: V8 leaves out those that did not run, which after a dry run costs an opening 4 %. */
function compileAll(source: string): Script {
  setFlagsFromString('--no-lazy');
  try {
    // Under another spelling of its name, since V8 would return the script that it has compiled before.
    return new Script(source, { filename: `${__dirname}/./${MAIN}` });
  } finally {
    setFlagsFromString('--lazy'); // V8 refuses a cache of other flags
  }
}

/** Opens a file or directory and calls `use`; never waits, even for the writer of a FIFO. */
function inspect<T>(path: string, flags: number, use: (file: number, stats: Stats) => T): T {
  const file = openSync(path, flags | constants.O_NONBLOCK);
  try {
    return use(file, fstatSync(file));
  } finally {
    closeSync(file);
  }
}

/** Reads a file at once: readFileSync takes 8 KiB at a time (Node 20). */
function read(file: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  readSync(file, bytes, 0, size, 0);
  return bytes;
}

/** Whether nobody but the owner and root could have written it. */
function isOurs(stats: Stats, owner: number): boolean {
  return (stats.uid === 0 || stats.uid === owner) && (stats.mode & 0o022) === 0;
}

/** Writes the cache. A failure costs time only, so it is not reported. */
function writeCache(path: string, source: string): void {
  const temporary = `${path}.${process.pid}`;
  try {
    const data = compileAll(source).createCachedData();
    // The mode is given because fwknopd's umask is 0.
    writeFileSync(temporary, Buffer.concat([data, data]), { flag: 'wx', mode: 0o644 });
    renameSync(temporary, path);
  } catch {
    try {
      unlinkSync(temporary);
    } catch {
      // It was not made, or the directory is read-only.
    }
  }
}

start(process.argv.slice(2));
