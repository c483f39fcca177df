import { execFile } from 'node:child_process';

/** How a program that was run to its end came out. */
export interface Result {
  readonly isFine: boolean;
  /** There is no such program. */
  readonly isMissing: boolean;
  /** It was ended for taking too long. */
  readonly isLate: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const MEGABYTE = 1 << 20;

/**
 * Runs a program as fwknopd would: in `/`, with an empty environment, so that what has no path is
 * found in /usr/bin and /bin alone; but with nothing to read.
 *
 * @param seconds after which it is killed
 */
export function runProgram(
  program: string,
  args: readonly string[],
  seconds: number,
): Promise<Result> {
  const options = {
    cwd: '/',
    env: {},
    timeout: seconds * 1000,
    killSignal: 'SIGKILL' as const,
    maxBuffer: MEGABYTE,
  };
  return new Promise((settle) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      settle({
        isFine: error === null,
        isMissing: error?.code === ('ENOENT' as unknown),
        isLate: error?.killed === true,
        stdout,
        stderr,
      });
    });
    child.stdin?.end();
  });
}
