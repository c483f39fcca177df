import { writeSync } from 'node:fs';

/**
 * For tests that need what is not on every machine: leaves them out loudly; where CI is set, fails,
 * since there nothing may be left out unseen.
 *
 *     const testWithPeer = hasPeer ? test : leftOut('the peer test', 'the Debian package …');
 *
 * @param what what is left out
 * @param missing for want of what
 * @returns `test.skip`, to be used in place of `test`
 */
export function leftOut(what: string, missing: string): typeof test.skip {
  const message = `${what}: left out, for want of ${missing}`;
  if (process.env.CI) throw new Error(message);
  // Jest keeps to itself what a suite says of which nothing is left.
  writeSync(2, `${message}\n`);
  return test.skip;
}
