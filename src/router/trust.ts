import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { SessionError } from './errors';
import type { Router, Trust } from './router';

/** Where Debian and its like, Red Hat's, and Alpine keep what update-ca-certificates writes. */
const SYSTEM_CAS = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not valid yet (clock?)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'made for another name',
  SELF_SIGNED_CERT_IN_CHAIN: 'signed by an unknown CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'signed by an unknown CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'signed by an unknown CA',
};

/** What a router presents in the TLS handshake. */
export interface Presented {
  /** Such as `TLSv1.2`. */
  readonly protocol: string;
  /** As `peerFingerprint` returns it. */
  readonly fingerprint: string | undefined;
  /** The certificate as Node reads it; without fields where there is none. */
  readonly certificate: Partial<PeerCertificate>;
  /** Why the router's trust refuses it; undefined where it does not. */
  readonly untrusted: SessionError | undefined;
}

/**
 * The options for a router's TLS; undefined for the plain API.
 *
 * @throws SessionError `untrusted` when the CAs cannot be read, or OpenSSL takes none of them
 */
export function prepareTls({ trust, host }: Router): ConnectionOptions | undefined {
  try {
    const options = tlsOptions(trust, isIP(host) === 0 ? host : undefined);
    // Where there is no name, Node compares the certificate with the address.
    return options && { host, ...withSharedContext(options) };
  } catch (error) {
    const isGiven = trust.mode === 'verify' && trust.ca !== undefined;
    const hint = isGiven ? 'check ca-file' : 'name the CAs in ca-file, or pin the certificate';
    throw new SessionError('untrusted', `TLS settings: ${(error as Error).message}`, hint);
  }
}

/**
 * The TLS options that make Node check a router's identity as its trust says; undefined for the
 * plain API. A pin is not among them: the caller compares `peerFingerprint`.
 *
 * @param servername the name that the certificate must be made for; undefined where the router is
 *   known by its address, which Node then takes
 */
export function tlsOptions(
  trust: Trust,
  servername: string | undefined,
): ConnectionOptions | undefined {
  const name = servername === undefined ? {} : { servername };
  switch (trust.mode) {
    case 'off':
      return undefined;
    case 'verify':
      // Said outright: NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would change the default.
      return {
        ...name,
        rejectUnauthorized: true,
        ...certificateAuthorities(trust.ca),
      };
    case 'pinned':
    case 'insecure':
      // With no CA to load, Node starts about 60 ms faster.
      return { ...name, rejectUnauthorized: false, ca: [] };
    case 'anonymous':
      // RouterOS without a certificate offers anonymous Diffie-Hellman only, which OpenSSL 3 takes
      // at security level 0 alone.
      return { rejectUnauthorized: false, ca: [], ciphers: 'ADH:@SECLEVEL=0' };
  }
}

const contexts = new Map<string, SecureContext>();

/**
 * Adds what Node makes of the CAs and ciphers, once for all routers: to read a bundle of CAs takes
 * tens of milliseconds.
 */
function withSharedContext(options: ConnectionOptions): ConnectionOptions {
  const key = JSON.stringify([options.ca, options.ciphers]);
  const secureContext = contexts.get(key) ?? createSecureContext(options);
  contexts.set(key, secureContext);
  return { ...options, secureContext };
}

/** The CAs to trust: those given, or the system's, which are not the ones that Node brings along. */
function certificateAuthorities(given: string | undefined): { ca: string | [] } {
  if (given !== undefined) return { ca: given };
  const file = SYSTEM_CAS.find((path) => existsSync(path));
  // None are trusted where there are none: SSL_CERT_FILE in the environment would name others.
  return { ca: file === undefined ? [] : readFileSync(file, 'utf8') };
}

/**
 * The SHA-256 fingerprint of the peer's certificate, 64 lower-case hex digits; undefined when it
 * showed none.
 */
export function peerFingerprint(socket: TLSSocket): string | undefined {
  return fingerprintOf(certificateOf(socket));
}

/** Reads what a finished handshake shows, and whether a router's trust accepts it. */
export function presented(socket: TLSSocket, trust: Trust): Presented {
  const certificate = certificateOf(socket);
  const fingerprint = fingerprintOf(certificate);
  let refusal: SessionError | undefined;
  if (trust.mode === 'verify' && !socket.authorized) {
    // Node's own type says Error; it is the error's code.
    refusal = untrusted(socket.authorizationError as unknown as string, fingerprint);
  } else if (trust.mode === 'pinned' && trust.fingerprint !== fingerprint) {
    refusal = notPinned(fingerprint);
  }
  return { protocol: socket.getProtocol() ?? 'TLS', fingerprint, certificate, untrusted: refusal };
}

/** Of a peer without a certificate Node returns {}, or null once the socket is destroyed. */
function certificateOf(socket: TLSSocket): Partial<PeerCertificate> {
  return socket.getPeerCertificate() ?? {};
}

function fingerprintOf({ fingerprint256 }: Partial<PeerCertificate>): string | undefined {
  return fingerprint256?.replaceAll(':', '').toLowerCase();
}

/** What to say of a certificate that is not trusted, with the value that would pin it. */
export function untrusted(code: string, fingerprint: string | undefined): SessionError {
  const reason = REASONS[code] ?? code;
  return new SessionError('untrusted', `certificate not trusted: ${reason}`, pinHint(fingerprint));
}

/** What to say of a certificate that is not the pinned one. */
export function notPinned(fingerprint: string | undefined): SessionError {
  return new SessionError(
    'untrusted',
    'certificate not trusted: not the pinned one',
    pinHint(fingerprint),
  );
}

/** What to say of a handshake that failed. */
export function handshakeFailed(error: NodeJS.ErrnoException, trust: Trust): SessionError {
  const code = error.code ?? '';
  if (/HANDSHAKE_FAILURE/.test(code)) {
    return new SessionError(
      'lost',
      'TLS handshake failed: no cipher in common',
      trust.mode === 'anonymous'
        ? 'api-ssl may have a certificate: take out tls = "anonymous", and pin it'
        : 'api-ssl may have no certificate: give it one, or set tls = "anonymous"',
    );
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return new SessionError(
      'lost',
      'TLS handshake failed: no TLS there',
      'is this the api-ssl port (8729)?',
    );
  }
  return new SessionError('lost', `TLS handshake failed: ${code || error.message}`);
}

function pinHint(fingerprint: string | undefined): string | undefined {
  return fingerprint === undefined
    ? undefined
    : `if it is the router's: fingerprint = "${fingerprint}"`;
}
