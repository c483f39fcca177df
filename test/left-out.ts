/**
 * For tests that need a program which is not on every machine: leaves them out loudly; where CI is
 * set, fails, since there nothing may be left out unseen.
 *
 *     const testWithPeer = hasPeer ? test : leftOut('the peer test', 'python3-librouteros');
 *
 * @param what what is left out
 * @param aptPackage the Debian package that brings what is missing
 * @returns `test.skip`, to be used in place of `test`
 */
export function leftOut(what: string, aptPackage: string): typeof test.skip {
  const message = `${what}: left out, for want of the Debian package ${aptPackage}`;
  if (process.env.CI) throw new Error(message);
  console.warn(message);
  return test.skip;
}
