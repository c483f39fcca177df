import { spawn } from 'node:child_process';
import { CHILD_ENVIRONMENT } from '../common/child-environment';
import { Failure, type Fault, faultText } from '../common/failure';
import { clipMiddle, isPrintable, printable } from '../common/text';
import { write } from './streams';

/** How severe a line is, by syslog's names. */
export type Level = 'notice' | 'warning' | 'err';

/** One line for the log: what happened, and perhaps what to do. */
export interface Line extends Fault {
  readonly level: Level;
}

const TAG = 'fwknop-mikrotik';
const LONGEST_LINE = 200; // bytes: fwknopd reads 255 and then closes the pipe
const SHORTEST_WHAT = 60; // bytes of a line that what happened may be cut to

/*
 * The grammar of all output: `fwknop-mikrotik: what failed: why; hint: what to do`. Lower case, no
 * full stop, ASCII, one line each, no stack trace.
 */

/** Puts a line together as syslog gets it; the whole, with the tag, takes at most 200 bytes. */
export function render({ what, hint }: Fault): string {
  const room = LONGEST_LINE - `${TAG}: \n`.length;
  const hintLength = faultText({ what: '', hint }).length;
  // The hint is whole or left out: a cut fingerprint, or a chmod of a path with ? in it, is of no use.
  const isWhole = isPrintable(hint ?? '') && hintLength <= room - SHORTEST_WHAT;
  const whatFits = clipMiddle(printable(what), isWhole ? room - hintLength : room);
  return faultText({ what: whatFits, hint: isWhole ? hint : undefined });
}

/** Writes a line to stderr. That it cannot be written changes nothing: there is nobody to tell. */
export function say(text: string): void {
  write(2, `${TAG}: ${text}\n`);
}

/**
 * Writes to stdout, whose reader may go away when it has enough.
 *
 * @throws Failure `bug` when it cannot be written
 */
export function print(text: string): void {
  const error = write(1, text);
  if (error !== undefined && error.code !== 'EPIPE') {
    throw new Failure('bug', `writing to stdout: ${error.code}`, 'is the disk full?');
  }
}

/**
 * Hands lines to syslog by logger(1), without waiting for it: a logger that is missing, or hangs, changes
 * nothing for a port that is open.
 */
export function log(lines: readonly Line[]): void {
  // One process a level: busybox's logger has no option that takes the level from each line.
  for (const level of new Set(lines.map((line) => line.level))) {
    const texts = lines.filter((line) => line.level === level).map((line) => `${render(line)}\n`);
    handOver(level, texts.join(''));
  }
}

function handOver(level: Level, text: string): void {
  try {
    // Where nobody reads the log, a logger would wait indefinitely.
    const child = spawn('timeout', ['10', 'logger', '-t', TAG, '-p', `daemon.${level}`], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: CHILD_ENVIRONMENT,
    });
    child.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    child.stdin.end(text);
    child.unref();
  } catch {
    // Without files or processes to spare there is no log; stderr has said it.
  }
}
