/** The rules that hold for every refusal: it is a line that somebody reads at 2 a.m. */

import { render } from '../../src/cli/report';
import { Failure, type FailureKind, type Fault } from '../../src/common/failure';

/** Runs what must be refused, and returns the Failure; any other error is a fault and goes on. */
export function refusal(run: () => unknown): Failure {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`not refused, but ${JSON.stringify(result)}`);
}

/** Like `refusal`, for a promise. */
export async function refusalOf(promise: Promise<unknown>): Promise<Failure> {
  const [outcome] = await Promise.allSettled([promise]);
  return refusal(() => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

/** The lines that a Failure of a kind puts out, each checked against the grammar of all messages. */
export function linesOf(failure: Failure, kind: FailureKind): string[] {
  expect(failure.kind).toBe(kind);
  expect(failure.faults.length).toBeGreaterThan(0);
  return failure.faults.map(lineOf);
}

/** The line that a fault puts out, without tag and newline, checked against the grammar. */
export function lineOf(fault: Fault): string {
  const line = render(fault);
  expect(line).toMatch(/^[\x20-\x7e]+$/);
  // fwknopd reads 255 bytes and then closes the pipe; 200 are ours.
  expect(`fwknop-mikrotik: ${line}\n`.length).toBeLessThanOrEqual(200);
  for (const part of [fault.what, fault.hint ?? 'none']) {
    expect(part).not.toMatch(/^[A-Z][a-z]/);
    expect(part).not.toMatch(/[.\s]$/);
    expect(part.replace(/".*"/s, '')).not.toMatch(/undefined|NaN|\[object|\n\s+at /);
  }
  return line;
}
