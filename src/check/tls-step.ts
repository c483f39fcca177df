import { Failure } from '../common/failure';
import { clip } from '../common/text';
import type { SessionError } from '../router/errors';
import { toFailure } from '../router/open';
import type { Trust } from '../router/router';
import type { Certificate, Presented } from './certificate';
import type { Section } from './output';

const LONGEST_SUBJECT = 80; // characters; a certificate may have thousands
const FEW_DAYS = 14;
const DAY_MS = 86_400_000;

/**
 * Refuses to judge a certificate that is not valid yet: a pin would hide that a clock is off, and
 * fwknopd, which compares times with its clients, would refuse their packets.
 *
 * @throws Failure `config`
 */
export function requireClock({ certificate, untrusted }: Presented): void {
  if (certificate === undefined || untrusted === undefined) return;
  const { validFrom } = certificate;
  if (validFrom.getTime() <= Date.now()) return;
  const what = `the certificate begins on ${day(validFrom)}, and the clock of this host says ${day(new Date())}`;
  throw new Failure('config', what, 'set the clock of this host, or that of the router, first');
}

/** The failure for a certificate that is not trusted: with its fingerprint, and how to pin it. */
export function untrustedFailure(
  shown: Presented,
  refusal: SessionError,
  pinCommand: string,
): Failure {
  if (shown.certificate === undefined) return toFailure(refusal);
  const { fingerprint, validTo } = shown.certificate;
  const isOver = validTo.getTime() < Date.now();
  const clock = isOver ? `if today is not ${day(new Date())}, set the clock; ` : '';
  const named =
    shown.madeFor === undefined
      ? ''
      : `server-name = "${shown.madeFor}" if it is the router's; or `;
  return new Failure(
    'denied',
    `${refusal.message}; ${describe(shown, shown.certificate)}`,
    `${clock}${named}if /certificate/print detail on the router shows the same: ${pinCommand}=${fingerprint}`,
  );
}

function describe({ protocol }: Presented, { subject, fingerprint, validTo }: Certificate): string {
  const days = daysUntil(validTo);
  const left = days < 0 ? `ended ${count(-days)} ago` : `${count(days)} left`;
  return `${protocol}, ${clip(subject, LONGEST_SUBJECT)}, ${left}, fingerprint ${fingerprint}`;
}

/**
 * Prints which certificate the router showed, and how far it can be trusted.
 *
 * @param pinCommand the beginning of the words that pin it
 */
export function tellTls(
  { mode }: Trust,
  shown: Presented,
  pinCommand: string,
  section: Section,
): void {
  const { certificate } = shown;
  if (certificate === undefined) {
    const what = `${shown.protocol}, no certificate: any host that answers gets the password`;
    section.warn('TLS', what, 'give api-ssl a certificate, and pin it');
    return;
  }
  const text = describe(shown, certificate);
  if (mode === 'insecure') {
    const what = `${text}; not verified (tls = "insecure"): any host that answers gets the password`;
    section.warn('TLS', what, `pin it: ${pinCommand}`);
    return;
  }
  const how = mode === 'pinned' ? 'pinned' : 'trusted';
  // A pin is accepted outside its dates too; a CA's certificate is not.
  if (certificate.validFrom.getTime() > Date.now()) {
    section.warn('TLS', `${how}: ${text}; not valid yet`, 'is the clock of this host right?');
  } else if (daysUntil(certificate.validTo) < FEW_DAYS) {
    const what = mode === 'pinned' ? `${text}; the pin is accepted all the same` : text;
    section.warn('TLS', `${how}: ${what}`, 'make a new certificate on the router, and pin it');
  } else section.ok('TLS', `${how}: ${text}`);
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function count(days: number): string {
  const whole = Math.floor(days);
  return whole === 1 ? '1 day' : `${whole} days`;
}

function daysUntil(date: Date): number {
  return (date.getTime() - Date.now()) / DAY_MS;
}
