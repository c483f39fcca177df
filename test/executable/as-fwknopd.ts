/**
 * Runs the executable as fwknopd runs it (extcmd.c): empty environment, cwd `/`, umask 0, stdin
 * closed, stdout and stderr one pipe that is read for 255 bytes and then closed, more files open.
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { ownFile, ownPath } from '../support/router';
import { EXECUTABLE } from '../support/run';

/** fwknopd reads lines into a buffer of 256 bytes. */
const FWKNOPD_READS = 255;

export interface Circumstances {
  /** Bytes read from the pipe before it is closed; 255, if left out; 0: closed from the start. */
  readonly reads?: number;
  /** Nobody reads the pipe, and it is full. */
  readonly full?: boolean;
  /** Redirections of files 0 to 2, in the shell's syntax; `<&-` if left out. */
  readonly redirections?: string;
  /** File 0 instead of a closed one. */
  readonly stdin?: number | Socket;
  /** Files left open for it, from number 4 on; number 3 is the pipe, as under fwknopd. */
  readonly leaked?: readonly number[];
  readonly command?: readonly string[];
}

export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The bytes that came through the pipe while it was read. */
  readonly output: string;
  /** Milliseconds to the end of the process. */
  readonly took: number;
  /** Milliseconds to the end of the pipe: nobody can write to it any more. */
  readonly pipeEnded: number;
}

/** A pipe with a name: Node's own "pipes" are sockets, on which some things are different. */
export function makePipe(): { readEnd: number; writeEnd: number } {
  const path = ownPath('pipe');
  execFileSync('mkfifo', ['-m', '600', path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { readEnd, writeEnd: openSync(path, constants.O_WRONLY) };
}

/** Fills a pipe, so that the next write to it waits until somebody reads. */
export function fillPipe(writeEnd: number): void {
  // Opened again: O_NONBLOCK belongs to the open file, which the executable will share.
  const filler = openSync(`/proc/self/fd/${writeEnd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(filler, '.'.repeat(4096));
  } catch {
    closeSync(filler); // EAGAIN: it is full.
  }
}

/** Runs it; settles when the process has ended and the pipe is no longer read. */
export async function runAsFwknopd(
  args: readonly string[],
  circumstances: Circumstances = {},
): Promise<Outcome> {
  const { reads = FWKNOPD_READS, full = false, redirections, stdin, leaked = [] } = circumstances;
  const { readEnd, writeEnd } = makePipe();
  if (full) fillPipe(writeEnd);
  const files = redirections ?? (stdin === undefined ? '<&-' : '');
  const started = performance.now();
  const child = spawn(
    '/bin/sh',
    [
      ...['-c', `umask 0; exec /usr/bin/env -i "$@" ${files}`, 'sh'],
      ...(circumstances.command ?? [EXECUTABLE]),
      ...args,
    ],
    { cwd: '/', env: {}, stdio: [stdin ?? 'ignore', writeEnd, writeEnd, writeEnd, ...leaked] },
  );
  closeSync(writeEnd);

  let output = '';
  let pipeEnded = Number.POSITIVE_INFINITY;
  const ended = new Promise<void>((settle) => {
    if (reads === 0 || full) {
      if (!full) closeSync(readEnd);
      settle();
      return;
    }
    const reader = new Socket({ fd: readEnd, readable: true, writable: false });
    reader.setEncoding('latin1').on('data', (text) => {
      output += text;
      if (output.length >= reads) reader.destroy();
    });
    reader.on('end', () => {
      pipeEnded = performance.now() - started;
    });
    reader.on('close', () => settle());
  });
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (settle, fail) => {
      child.on('error', fail);
      child.on('exit', (code, by) => settle([code, by]));
    },
  );
  const took = performance.now() - started;
  await ended;
  if (full) closeSync(readEnd);
  return { status, signal, output, took, pipeEnded };
}

/** A file for a process, and what it leaves of it. */
export interface UnreadFile {
  readonly file: number | Socket;
  unread(): string;
}

/** A pipe with a text in it, and no writer any more. */
export function pipeHolding(text: string): UnreadFile {
  const { readEnd, writeEnd } = makePipe();
  writeSync(writeEnd, text);
  closeSync(writeEnd);
  return { file: readEnd, unread: () => readFileSync(readEnd, 'latin1') };
}

/** A file, read from its beginning. */
export function fileHolding(name: string, text: string): UnreadFile {
  const file = openSync(ownFile(name, text), 'r');
  // Reads from where the last reader stopped.
  return { file, unread: () => readFileSync(file, 'latin1') };
}
