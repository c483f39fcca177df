import { constants, fstatSync, openSync, writeSync } from 'node:fs';

type Stream = 1 | 2;

const PAUSE = 10; // ms before a full pipe is tried again

const descriptors: { [stream in Stream]?: number } = {};
let retriesLeft = 100; // how often a full pipe is tried again in this run

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
 * What to write to in place of a stream. A pipe that is full and has no reader would hold us, and
 * with us fwknopd, for ever; through /proc the same pipe opens a second time, without the waiting.
 */
function descriptorOf(stream: Stream): number {
  descriptors[stream] ??= openAgain(stream) ?? stream;
  return descriptors[stream];
}

function openAgain(stream: Stream): number | undefined {
  try {
    if (!fstatSync(stream).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${stream}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined; // no /proc, or no reader
  }
}
