import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import type { Fault } from './failure';
import { clipMiddle, isPrintable, printable } from './text';

export type Level = 'notice' | 'warning' | 'err';

/** One line for the log: what happened, and perhaps what to do. */
export interface Line extends Fault {
  readonly level: Level;
}

const TAG = 'fwknop-mikrotik';
const LONGEST_LINE = 200; // bytes: fwknopd reads 255 and then closes the pipe
const SHORTEST_WHAT = 60; // bytes of a line that what happened may be cut to
const DAEMON = 3 << 3; // syslog's facility
const SEVERITY = { err: 3, warning: 4, notice: 5 } as const;

/*
 * The grammar of all output: `fwknop-mikrotik: what failed: why; hint: what to do`. Lower case, no
 * full stop, ASCII, one line each, no stack trace.
 */

/** Puts a line together as syslog gets it; the whole, with the tag, takes at most 200 bytes. */
export function render({ what, hint }: Fault): string {
  const room = LONGEST_LINE - `${TAG}: \n`.length;
  const mend = hint === undefined ? '' : `; hint: ${hint}`;
  // What to do is whole or left out: a cut fingerprint, or a chmod of
  // a path with ? in it, would be no use.
  const isWhole = isPrintable(hint ?? '') && mend.length <= room - SHORTEST_WHAT;
  const kept = isWhole ? mend : '';
  return clipMiddle(printable(what), room - kept.length) + kept;
}

/** Writes a line to stderr. */
export function say(text: string): void {
  write(2, `${TAG}: ${text}\n`);
}

/** Writes to stdout. */
export function print(text: string): void {
  write(1, text);
}

/**
 * Hands lines to syslog by logger(1), without waiting for it: whether it is there, or hangs, is
 * nothing to a door that is open.
 */
export function log(lines: readonly Line[]): void {
  const child = spawn('logger', ['--tag', TAG, '--prio-prefix'], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    // fwknopd 2.6.10 leaves us no PATH.
    env: { PATH: '/usr/bin:/bin' },
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const records = lines.map((line) => `<${DAEMON | SEVERITY[line.level]}>${render(line)}\n`);
  child.stdin.end(records.join(''));
  child.unref();
}

function write(descriptor: 1 | 2, text: string): void {
  let rest = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
  } catch {
    // fwknopd closes the pipe after 255 bytes, and whoever reads may have gone: there is nobody to
    // tell, and the outcome does not depend on it.
  }
}
