import { isIPv4, isIPv6 } from 'node:net';
import { printable } from '../../src/common/text';
import type { Settings } from './settings';

/** RFC 5737 and RFC 3849, which the suite's own entries are made of; and what is no host at all. */
const NOBODYS =
  /^(?:192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|2001:db8:|fe80::1$|::ffff:192\.0\.2\.)/i;
const MAYBE_ADDRESS = /[0-9a-f:.]*(?:[0-9a-f]*[:.]){2,}[0-9a-f]*/gi;
const HARDWARE_ADDRESS = /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi;
const FINGERPRINT = /\b[0-9a-f]{64}\b/gi;

/**
 * Makes what a router or the executable said fit to be sent to strangers: no password, no host name,
 * no address but those that are nobody's, no fingerprint, nothing unprintable.
 */
export function hider({ host, users }: Settings): (text: string) => string {
  const passwords = Object.values(users)
    .flatMap((login) => login?.password ?? [])
    .sort((one, other) => other.length - one.length);
  // A name of one word may be a word of the sentence.
  const names = /[.:]/.test(host) ? [host] : [];
  return (text) =>
    printable(
      [
        ...passwords.map((password) => [password, '***']),
        ...names.map((name) => [name, '<router>']),
      ]
        .reduce((rest, [secret = '', sign = '']) => rest.replaceAll(secret, sign), text)
        .replace(FINGERPRINT, '<fingerprint>')
        .replace(HARDWARE_ADDRESS, '<address>')
        .replace(MAYBE_ADDRESS, (found) =>
          (isIPv4(found) || isIPv6(found)) && !NOBODYS.test(found) ? '<address>' : found,
        ),
    );
}
