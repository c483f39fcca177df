import { execFile } from 'node:child_process';

/** The result of a program that has ended. */
export interface Result {
  readonly isFine: boolean;
  /** There is no such program. */
  readonly isMissing: boolean;
  /** It was killed, since it took too long. */
  readonly isLate: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const MEGABYTE = 1 << 20;

/**
 * Runs a program as fwknopd does: in `/`, with an empty environment, so that a name without a path is
 * found in /usr/bin and /bin only. Its stdin is empty.
 *
 * @param seconds after which it is killed
 * @param environment another one than the empty
 */
export function runProgram(
  program: string,
  args: readonly string[],
  seconds: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const options = {
    cwd: '/',
    env: environment,
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
