import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { isHostName } from '../common/text';
import { SessionError } from './errors';
import { LONGEST_NAME, type Router, type Trust } from './router';

/** The system's CA file on Debian, on Red Hat, and on Alpine, and on the systems derived from them. */
const SYSTEM_CAS = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

const OTHER_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID';

/** Why a certificate is not trusted, by Node's code. Of other codes the words are shown. */
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not valid yet (clock?)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  [OTHER_NAME]: 'made for another name',
  SELF_SIGNED_CERT_IN_CHAIN: 'signed by an unknown CA',
  UNABLE_TO_GET_ISSUER_CERT: 'signed by an unknown CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'signed by an unknown CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'signed by an unknown CA',
  UNSPECIFIED: 'its key or signature is too weak',
};

/** The hints for a handshake that failed, by OpenSSL's reason in words. */
const HANDSHAKE_HINTS: Readonly<Record<string, string>> = {
  'wrong version number': 'is this the api-ssl port (8729)?',
  'dh key too small': 'update RouterOS, or give api-ssl a certificate with a longer key',
  'ee key too small': 'give api-ssl a certificate with a longer key',
  'unsupported protocol': 'set tls-version=only-1.2 on api-ssl, or update RouterOS',
  'protocol version': 'set tls-version=only-1.2 on api-ssl, or update RouterOS',
};

/** A router's side of a finished TLS handshake. */
export interface Presented {
  /** Such as `TLSv1.2`. */
  readonly protocol: string;
  /** As `peerFingerprint` returns it. */
  readonly fingerprint: string | undefined;
  /** The certificate as Node reads it; without fields where there is none. */
  readonly certificate: Partial<PeerCertificate>;
  /** Why the router's trust refuses it; undefined where it accepts it. */
  readonly untrusted: SessionError | undefined;
  /** The host name that it is made for, where that is the reason. */
  readonly madeFor: string | undefined;
}

const prepared = new WeakMap<Router, ConnectionOptions | undefined>();

/**
 * The options for a router's TLS; undefined for the plain API. A second call for the same router reads no file, so
 * it works without the permission to read the CAs.
 *
 * @throws SessionError `untrusted` when the CAs cannot be read, or OpenSSL takes none of them
 */
export function prepareTls(router: Router): ConnectionOptions | undefined {
  if (!prepared.has(router)) prepared.set(router, readTls(router));
  return prepared.get(router);
}

function readTls({ trust, host, serverName }: Router): ConnectionOptions | undefined {
  try {
    const options = tlsOptions(trust, serverName ?? (isIP(host) === 0 ? host : undefined));
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
 * @param servername the name that the certificate must be made for; undefined where it is the
 *   address that Node connects to
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
      // Explicit: NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would change the default.
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
      // RouterOS without a certificate offers anonymous Diffie-Hellman only, which OpenSSL 3 accepts
      // at security level 0 alone. The ciphers of TLS 1.3 are no part of `ciphers`, and would accept
      // any certificate.
      return {
        rejectUnauthorized: false,
        ca: [],
        ciphers: 'ADH:@SECLEVEL=0',
        maxVersion: 'TLSv1.2',
      };
  }
}

const contexts = new Map<string, SecureContext>();

/**
 * Adds the context that Node makes of the CAs and ciphers, one for all routers with the same: to read
 * the system's CAs takes tens of milliseconds.
 */
function withSharedContext(options: ConnectionOptions): ConnectionOptions {
  const key = JSON.stringify([options.ca, options.ciphers]);
  const secureContext = contexts.get(key) ?? createSecureContext(options);
  contexts.set(key, secureContext);
  return { ...options, secureContext };
}

/** The CAs to trust: those given, or the system's. Node's own are never used. */
function certificateAuthorities(given: string | undefined): { ca: string | [] } {
  if (given !== undefined) return { ca: given };
  const file = SYSTEM_CAS.find((path) => existsSync(path));
  // Without a system CA file, trust no CA: otherwise Node would use SSL_CERT_FILE.
  return { ca: file === undefined ? [] : readFileSync(file, 'utf8') };
}

/** The SHA-256 fingerprint of the peer's certificate, 64 lower-case hex digits; undefined without one. */
export function peerFingerprint(socket: TLSSocket): string | undefined {
  return fingerprintOf(certificateOf(socket));
}

/** Reads what a finished handshake shows, and whether a router's trust accepts it. */
export function presented(socket: TLSSocket, trust: Trust): Presented {
  const certificate = certificateOf(socket);
  const fingerprint = fingerprintOf(certificate);
  let refusal: SessionError | undefined;
  let madeFor: string | undefined;
  if (trust.mode === 'verify' && !socket.authorized) {
    // Node's own type says Error; it is the error's code.
    const code = socket.authorizationError as unknown as string;
    madeFor = code === OTHER_NAME ? nameOf(certificate) : undefined;
    refusal = untrusted(code, fingerprint, madeFor);
  } else if (trust.mode === 'pinned' && trust.fingerprint !== fingerprint) {
    refusal = notPinned(fingerprint);
  }
  return {
    protocol: socket.getProtocol() ?? 'TLS',
    fingerprint,
    certificate,
    untrusted: refusal,
    madeFor,
  };
}

/** Of a peer without a certificate Node returns {}, or null once the socket is destroyed. */
function certificateOf(socket: TLSSocket): Partial<PeerCertificate> {
  return socket.getPeerCertificate() ?? {};
}

function fingerprintOf({ fingerprint256 }: Partial<PeerCertificate>): string | undefined {
  return fingerprint256?.replaceAll(':', '').toLowerCase();
}

/**
 * The host name that a certificate is made for, as Node would compare it: the first of its
 * alternative names or, without any, its common name. Undefined where it is no plain host name.
 */
function nameOf({ subject, subjectaltname }: Partial<PeerCertificate>): string | undefined {
  const name =
    subjectaltname === undefined ? subject?.CN : /\bDNS:([^,]*)/.exec(subjectaltname)?.[1];
  return name !== undefined && isHostName(name) && name.length <= LONGEST_NAME ? name : undefined;
}

/**
 * The error for a certificate that is not trusted. The hint has the value that pins it or, where only
 * its name is wrong, the setting for that name: a pin would end with the certificate.
 *
 * @param madeFor the host name that it is made for, where that is the reason
 */
export function untrusted(
  code: string,
  fingerprint: string | undefined,
  madeFor?: string,
): SessionError {
  const reason = madeFor === undefined ? (REASONS[code] ?? inWords(code)) : `made for ${madeFor}`;
  const hint =
    madeFor === undefined
      ? pinHint(fingerprint)
      : `server-name = "${madeFor}" if it is the router's; or fwknop-mikrotik check --pin`;
  return new SessionError('untrusted', `certificate not trusted: ${reason}`, hint);
}

/** The error for a certificate that is not the pinned one. */
export function notPinned(fingerprint: string | undefined): SessionError {
  return new SessionError(
    'untrusted',
    'certificate not trusted: not the pinned one',
    pinHint(fingerprint),
  );
}

/** The error for a handshake that failed. */
export function handshakeFailed(error: NodeJS.ErrnoException, trust: Trust): SessionError {
  const { code = '', message } = error;
  const [, alert, reason = ''] =
    /^ERR_SSL_(?:(?:SSLV3_|TLSV1_|TLSV13_|SSL\/TLS_)(ALERT_))?(.+)$/.exec(code) ?? [];
  const words = inWords(reason || code) || message;
  if (words === 'handshake failure') {
    const hint =
      trust.mode === 'anonymous'
        ? 'api-ssl may have a certificate: take out tls = "anonymous", and pin it'
        : 'api-ssl may have no certificate: give it one, or set tls = "anonymous"';
    return new SessionError('lost', 'TLS handshake failed: no cipher in common', hint);
  }
  const why =
    words === 'wrong version number'
      ? 'the port does not speak TLS'
      : alert === undefined
        ? words
        : `alert from the router: ${words}`;
  return new SessionError('lost', `TLS handshake failed: ${why}`, HANDSHAKE_HINTS[words]);
}

/** The words of a code: `CERT_CHAIN_TOO_LONG` is "cert chain too long". */
function inWords(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}

function pinHint(fingerprint: string | undefined): string | undefined {
  return fingerprint === undefined
    ? undefined
    : `if it is the router's: fingerprint = "${fingerprint}"`;
}
