/** Runs the shipped executable, much as fwknopd does, and keeps all that came of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { EXECUTABLE } from './shipped';

export { EXECUTABLE };

/** The arguments that fwknopd passes: `$SRC $PROTO $PORT $CLIENT_TIMEOUT`. */
export const WORDS = ['198.51.100.7', '6', '22', '30'] as const;

export interface Run {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from the start to the end of the process. */
  readonly took: number;
}

export interface Surroundings {
  /** The environment: empty, if left out, as under fwknopd 2.6.10. */
  readonly env?: NodeJS.ProcessEnv;
  /** `/`, if left out. */
  readonly cwd?: string;
  /** The program and its first arguments: the executable itself, if left out. */
  readonly command?: readonly string[];
  /** /dev/null, if left out. */
  readonly stdin?: number | Socket;
  /** In a session of its own, so that what it leaves behind can be found. */
  readonly detached?: boolean;
  readonly onStart?: (child: ChildProcess) => void;
}

/**
 * Runs the executable: empty environment, cwd `/`, nothing to read on stdin; the two output streams
 * are kept apart and read to their ends.
 */
export function run(args: readonly string[], surroundings: Surroundings = {}): Promise<Run> {
  const [program = EXECUTABLE, ...first] = surroundings.command ?? [EXECUTABLE];
  const started = performance.now();
  const child = spawn(program, [...first, ...args], {
    cwd: surroundings.cwd ?? '/',
    env: surroundings.env ?? {},
    stdio: [surroundings.stdin ?? 'ignore', 'pipe', 'pipe'],
    detached: surroundings.detached ?? false,
  });
  surroundings.onStart?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('latin1').on('data', (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding('latin1').on('data', (text) => {
    stderr += text;
  });
  return new Promise((settle, fail) => {
    child.on('error', fail);
    child.on('close', (status, signal) => {
      settle({ status, signal, stdout, stderr, took: performance.now() - started });
    });
  });
}

/** A line as the executable writes it: with its tag and an end of line. */
export function line(text: string): string {
  return `fwknop-mikrotik: ${text}\n`;
}

/** The outcome of a run that prints nothing on stdout and one line on stderr. */
export function said(status: number, text: string): Partial<Run> {
  return { status, signal: null, stdout: '', stderr: line(text) };
}
