import { once } from 'node:events';
import { createInterface, type ReadLineOptions } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { Failure } from '../common/failure';

/** Whether questions can be asked: they go to stderr, answers come from stdin. */
export function isTerminal(): boolean {
  return isatty(0) && isatty(2);
}

/** Asks on the terminal. @returns the answer, without the spaces around it */
export async function ask(question: string): Promise<string> {
  return (await answer({ input: process.stdin, output: process.stderr }, question)).trim();
}

/** Asks on the terminal for a secret, without echo. @returns the answer as it was typed */
export async function askSecret(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // With `terminal` readline does the echo itself, and writes it to nowhere: already before the
  // question is shown.
  const answered = answer({ input: process.stdin, output: nowhere, terminal: true }, '');
  process.stderr.write(question);
  try {
    return await answered;
  } finally {
    process.stderr.write('\n');
  }
}

/** Lines that were typed, or pasted, before their question, and the beginning of one. */
const typedAhead: string[] = [];
let partialLine = '';

async function answer(streams: ReadLineOptions, question: string): Promise<string> {
  const line = typedAhead.shift();
  if (line !== undefined) {
    streams.output?.write(`${question}\n`);
    return line;
  }
  const terminal = createInterface(streams);
  terminal.on('line', (next) => typedAhead.push(next)); // not the one that answers
  try {
    // At the end of the input readline would leave the question open indefinitely.
    const ended = once(terminal, 'close').then(() =>
      Promise.reject(new Failure('usage', 'no answer')),
    );
    const answered = terminal.question(question);
    if (partialLine !== '') terminal.write(partialLine);
    return await Promise.race([answered, ended]);
  } catch (error) {
    // Ctrl-C or Ctrl-D; not every Node.js ends the question for it.
    if ((error as Error).name === 'AbortError') throw new Failure('usage', 'no answer');
    throw error;
  } finally {
    partialLine = terminal.line;
    terminal.close();
  }
}

/** Asks for a yes, typed after the question; any other answer is a no. */
export async function confirm(question: string): Promise<boolean> {
  typedAhead.length = 0;
  partialLine = '';
  return /^y(?:es)?$/i.test(await ask(`${question} [y/N] `));
}
