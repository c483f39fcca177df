import type { Connection } from '../router/connection';
import type { SessionError } from '../router/errors';
import type { Router } from '../router/router';
import { prepareTls } from '../router/trust';

/** The identity that a router presents before the login. */
export interface Presented {
  /** Such as `TLSv1.2`. */
  readonly protocol: string;
  /** Undefined where the router has no certificate. */
  readonly certificate: Certificate | undefined;
  /** Why the router's `trust` refuses the certificate; undefined where it accepts it. */
  readonly untrusted: SessionError | undefined;
  /** The host name that it is made for, where that is the reason. */
  readonly madeFor: string | undefined;
}

export interface Certificate {
  /** `CN=…`, as the certificate has it: anything. */
  readonly subject: string;
  /** SHA-256, 64 lower-case hex digits. */
  readonly fingerprint: string;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/**
 * Looks at the certificate of a router over a connection, trusted or not; sends nothing but the
 * handshake, and closes the connection.
 *
 * @throws SessionError `lost`, `deadline`, or `untrusted` where the CAs are of no use
 */
export async function inspectCertificate(
  router: Router,
  connection: Connection,
): Promise<Presented> {
  try {
    const options = prepareTls(router) ?? {};
    const shown = await connection.startTls(options, router.trust);
    const { fingerprint, certificate } = shown;
    const { subject, valid_from: validFrom, valid_to: validTo } = certificate;
    return {
      ...shown,
      certificate:
        fingerprint === undefined
          ? undefined
          : {
              subject: `CN=${subject?.CN ?? ''}`,
              fingerprint,
              validFrom: new Date(validFrom ?? 0),
              validTo: new Date(validTo ?? 0),
            },
    };
  } finally {
    connection.close();
  }
}
