import type { Fault } from './failure';

/** Says what a value should have been: `expected …`. Never repeats a secret. */
export class BadValue extends Error {}

/**
 * Reads an untrusted value; what is wrong with it becomes a fault.
 *
 * @param name what the fault calls the value: an option, or a key
 * @param reader throws BadValue
 * @returns undefined where the value is bad
 */
export function readValue<V, T>(
  faults: Fault[],
  name: string,
  value: V,
  reader: (value: V) => T,
): T | undefined {
  try {
    return reader(value);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    faults.push({ what: `${name}: ${error.message}` });
    return undefined;
  }
}
