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
 * What a certificate that is not trusted comes to: with the fingerprint in full, and the command that
 * pins it.
 */
export function untrustedFailure(
  shown: Presented,
  refusal: SessionError,
  pinCommand: string,
): Failure {
  if (shown.certificate === undefined) return toFailure(refusal);
  const { fingerprint } = shown.certificate;
  return new Failure(
    'denied',
    `${refusal.message}; ${describe(shown, shown.certificate)}`,
    `if /certificate/print detail on the router shows the same: ${pinCommand}=${fingerprint}`,
  );
}

function describe({ protocol }: Presented, { subject, fingerprint, validTo }: Certificate): string {
  const days = daysUntil(validTo);
  const left = days < 0 ? `ended ${count(-days)} ago` : `${count(days)} left`;
  return `${protocol}, ${clip(subject, LONGEST_SUBJECT)}, ${left}, fingerprint ${fingerprint}`;
}

/**
 * Says what is behind a handshake that was taken, and how far it can be trusted.
 *
 * @param pinCommand the command that asks whether to pin
 */
export function tellTls(
  { mode }: Trust,
  shown: Presented,
  pinCommand: string,
  section: Section,
): void {
  const { certificate } = shown;
  if (certificate === undefined) {
    const what = `${shown.protocol}, no certificate: whoever answers gets the password`;
    section.warn('TLS', what, 'give api-ssl a certificate, and pin it');
    return;
  }
  const text = describe(shown, certificate);
  if (mode === 'insecure') {
    const what = `${text}; not looked at (tls = "insecure"): whoever answers gets the password`;
    section.warn('TLS', what, `pin it: ${pinCommand}`);
    return;
  }
  const how = mode === 'pinned' ? 'pinned' : 'trusted';
  // A pin is taken whatever the dates say; a CA is not.
  if (certificate.validFrom.getTime() > Date.now()) {
    section.warn('TLS', `${how}: ${text}; not valid yet`, 'is the clock of this machine right?');
  } else if (daysUntil(certificate.validTo) < FEW_DAYS) {
    const what = mode === 'pinned' ? `${text}; the pin is taken all the same` : text;
    section.warn('TLS', `${how}: ${what}`, 'make a new certificate on the router, and pin it');
  } else section.ok('TLS', `${how}: ${text}`);
}

function count(days: number): string {
  const whole = Math.floor(days);
  return whole === 1 ? '1 day' : `${whole} days`;
}

function daysUntil(date: Date): number {
  return (date.getTime() - Date.now()) / DAY_MS;
}
