/** Waiting for what another process does, never without end. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Far beyond what anything here takes, also on a busy machine: only a failing test waits so long. */
const PATIENCE_MS = 20_000;
const STEP_MS = 20;

/**
 * Asks again and again until the answer is neither undefined nor false.
 *
 * @param what for the error, for example `fwknopd to listen`
 * @returns the answer. Rejects after PATIENCE_MS.
 */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`);
    await sleep(STEP_MS);
  }
}
