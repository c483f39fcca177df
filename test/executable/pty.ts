/** Runs the executable on a terminal of its own: util-linux's script(1) makes one. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { leftOut } from '../left-out';
import { until } from '../wait';
import { EXECUTABLE } from './run';

const SCRIPT = '/usr/bin/script';

/** Gives `test` where there is a script(1); elsewhere leaves the tests out, loudly. */
export const testOnTerminal = existsSync(SCRIPT)
  ? test
  : leftOut('tests on a terminal', 'the Debian package bsdutils');

export interface Talk {
  readonly status: number | null;
  /** All that the terminal showed, without its carriage returns. */
  readonly screen: string;
}

/**
 * Runs the executable and types each answer once its question is on the screen.
 *
 * @param args words without anything that a shell would touch
 * @param answers question → what is typed
 */
export async function talk(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  answers: readonly (readonly [question: string, typed: string])[] = [],
): Promise<Talk> {
  const command = [EXECUTABLE, ...args].join(' ');
  const child = spawn(SCRIPT, ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH: '/usr/bin:/bin', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    screen += text.replaceAll('\r', '');
  });
  const ended = new Promise<number | null>((settle) => child.on('close', settle));
  for (const [question, typed] of answers) {
    await until(`the question "${question}"`, () => screen.endsWith(question));
    child.stdin.write(`${typed}\n`);
  }
  return { status: await ended, screen };
}
