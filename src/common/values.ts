import type { Fault } from './failure';

/** A bad value. The message says which one was expected: `expected …`; it never repeats a secret. */
export class BadValue extends Error {}

/**
 * Reads an untrusted value; a bad one becomes a fault.
 *
 * @param name the option or the key, for the fault
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
