import { Failure } from '../failure';

/** Placeholder until built. */
export async function run(_argv: readonly string[]): Promise<number> {
  throw new Failure('usage', 'check: not there yet');
}
