import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

type Stream = 1 | 2;

const FLAGS = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const PAUSE = 10; // ms before a full pipe is tried again

const descriptors: { [stream in Stream]?: number } = {};
let retriesLeft = 100; // how often a full pipe or a stopped terminal is tried again in this run

/** Writes all of a text to stdout (1) or stderr (2). @returns why it could not */
export function write(stream: Stream, text: string): NodeJS.ErrnoException | undefined {
  const bytes = Buffer.from(text);
  let written = 0;
  for (;;) {
    try {
      while (written < bytes.length) written += writeSync(descriptorOf(stream), bytes, written);
      return undefined;
    } catch (error) {
      const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
      if (!isFull || retriesLeft === 0) return error as NodeJS.ErrnoException;
      retriesLeft -= 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    }
  }
}

/** Opens stderr for writing: to be called before the process gives up root, and with it /proc/self/fd. */
export function openStderr(): void {
  descriptorOf(2);
}

/**
 * The file to write to in place of a stream. A full pipe without a reader would hold the program, and so
 * fwknopd, indefinitely; so would a terminal that Ctrl-S has stopped, as stderr. Through /proc the same
 * file opens a second time, without the waiting.
 */
function descriptorOf(stream: Stream): number {
  descriptors[stream] ??= openAgain(stream) ?? stream;
  return descriptors[stream];
}

function openAgain(stream: Stream): number | undefined {
  try {
    const mayWait = fstatSync(stream).isFIFO() || (stream === 2 && isatty(stream));
    return mayWait ? openSync(`/proc/self/fd/${stream}`, FLAGS) : undefined;
  } catch {
    return undefined; // no /proc, or no reader
  }
}
