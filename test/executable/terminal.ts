/** The executable on a terminal of its own: util-linux's script(1) makes one. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { shellWord } from '../../src/common/text';
import { leftOut } from '../support/left-out';
import { EXECUTABLE } from '../support/run';

const SCRIPT = '/usr/bin/script';

/** Gives `test` where a terminal can be had; elsewhere leaves the tests out, loudly. */
export function testOnTerminal(what: string): typeof test | typeof test.skip {
  return existsSync(SCRIPT) ? test : leftOut(what, 'the Debian package bsdutils');
}

/** A text to type, as soon as the prompt shows up after the previous answer. */
export type Answer = readonly [prompt: string, typed: string];

export interface Session {
  readonly status: number | null;
  /** All that was to be seen, what was typed included; lines end in a newline alone. */
  readonly screen: string;
}

/**
 * Runs the executable on a terminal and answers its questions.
 *
 * @param cwd where it runs; `/`, if left out
 * @param program the words before `args`, if it is not the executable alone
 */
export async function runOnTerminal(
  args: readonly string[],
  answers: readonly Answer[],
  cwd = '/',
  program: readonly string[] = [EXECUTABLE],
): Promise<Session> {
  const command = [...program, ...args].map(shellWord).join(' ');
  const child = spawn(SCRIPT, ['--quiet', '--return', '--flush', '-c', command, '/dev/null'], {
    cwd,
    env: { PATH: process.env.PATH, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = [...answers];
  let screen = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const [next] = waiting;
    const at = next === undefined ? -1 : screen.indexOf(next[0], seen);
    if (next === undefined || at < 0) return;
    seen = at + next[0].length;
    waiting.shift();
    child.stdin.write(`${next[1]}\n`);
  });
  const status = await new Promise<number | null>((settle, fail) => {
    child.on('error', fail);
    child.on('close', settle);
  });
  child.stdin.destroy();
  return { status, screen: screen.replaceAll('\r\n', '\n') };
}
