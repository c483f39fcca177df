import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { SessionError } from '../../../src/router/errors';
import type { Trust } from '../../../src/router/router';
import { handshakeFailed, notPinned, tlsOptions, untrusted } from '../../../src/router/trust';
import { lineOf } from '../../support/refusals';

const PIN = '0123456789abcdef'.repeat(4);
const VERIFY: Trust = { mode: 'verify', ca: undefined };

const errorOf = (code: string | undefined, message = 'some words of OpenSSL') =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

/** The CA bundle that update-ca-certificates writes, on the systems that CI runs on. */
const SYSTEM_FILE = '/etc/ssl/certs/ca-certificates.crt';
const SYSTEM_CAS = existsSync(SYSTEM_FILE) ? { ca: readFileSync(SYSTEM_FILE, 'utf8') } : {};

describe('the TLS options', () => {
  test.each<[string, Trust, string | undefined, object | undefined]>([
    [
      'the system’s CAs',
      VERIFY,
      'r.example',
      { servername: 'r.example', rejectUnauthorized: true, ...SYSTEM_CAS },
    ],
    ['an address', VERIFY, undefined, { rejectUnauthorized: true, ...SYSTEM_CAS }],
    [
      'a CA of one’s own',
      { mode: 'verify', ca: 'PEM' },
      'r.example',
      { servername: 'r.example', rejectUnauthorized: true, ca: 'PEM' },
    ],
    [
      'a pin',
      { mode: 'pinned', fingerprint: PIN },
      'r.example',
      { servername: 'r.example', rejectUnauthorized: false, ca: [] },
    ],
    [
      'no check at all',
      { mode: 'insecure' },
      'r.example',
      { servername: 'r.example', rejectUnauthorized: false, ca: [] },
    ],
    [
      'no certificate',
      { mode: 'anonymous' },
      'r.example',
      { rejectUnauthorized: false, ca: [], ciphers: 'ADH:@SECLEVEL=0', maxVersion: 'TLSv1.2' },
    ],
    ['no TLS', { mode: 'off' }, 'r.example', undefined],
  ])('for %s', (_, trust, servername, options) => {
    expect(tlsOptions(trust, servername)).toEqual(options);
  });

  test('are all known to Node', () => {
    const trusts: Trust[] = [
      VERIFY,
      { mode: 'pinned', fingerprint: PIN },
      { mode: 'insecure' },
      { mode: 'anonymous' },
    ];
    for (const trust of trusts) {
      // To a port where nothing listens: the options are read before the connection is made.
      const socket = connect({ host: '127.0.0.1', port: 1, ...tlsOptions(trust, 'r.example') });
      socket.on('error', () => undefined);
      socket.destroy();
    }
  });
});

/** The line about a router, as main puts it together. */
const line = ({ message, hint }: SessionError, router = 'home') =>
  lineOf({ what: `${router}: ${message}`, hint });

describe('a certificate that is not trusted', () => {
  const PINS = `; hint: if it is the router's: fingerprint = "${PIN}"`;

  test.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'signed by an unknown CA'],
    ['UNABLE_TO_GET_ISSUER_CERT', 'signed by an unknown CA'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'signed by an unknown CA'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'signed by an unknown CA'],
    ['CERT_HAS_EXPIRED', 'expired'],
    ['CERT_NOT_YET_VALID', 'not valid yet (clock?)'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'made for another name'],
    ['CERT_REVOKED', 'cert revoked'],
    ['UNSPECIFIED', 'its key or signature is too weak'],
  ])('because of %s', (code, reason) => {
    const broken = untrusted(code, PIN);
    expect(broken).toBeInstanceOf(SessionError);
    expect(broken.cause).toBe('untrusted');
    expect(broken.isTransient).toBe(false);
    expect(line(broken)).toBe(`home: certificate not trusted: ${reason}${PINS}`);
  });

  test('without a certificate to pin', () => {
    expect(line(untrusted('CERT_HAS_EXPIRED', undefined))).toBe(
      'home: certificate not trusted: expired',
    );
    expect(line(notPinned(undefined))).toBe('home: certificate not trusted: not the pinned one');
  });

  test('because it is not the pinned one', () => {
    const broken = notPinned(PIN);
    expect(broken.cause).toBe('untrusted');
    expect(line(broken)).toBe(`home: certificate not trusted: not the pinned one${PINS}`);
  });

  test('shows the fingerprint whole, and the reason, for a host by its usual name', () => {
    for (const router of ['192.168.100.100', 'router.example.com', 'router-1.office.example.com']) {
      for (const code of ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_NOT_YET_VALID']) {
        const text = line(untrusted(code, PIN), router);
        expect(text).toContain(`fingerprint = "${PIN}"`);
        expect(text).toMatch(/self-signed|not valid yet/);
      }
    }
  });
});

describe('a handshake that failed', () => {
  const NO_CERTIFICATE =
    'home: TLS handshake failed: no cipher in common; hint: api-ssl may have no certificate: give it one, or set tls = "anonymous"';

  test.each<[string, Trust, string]>([
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', VERIFY, NO_CERTIFICATE],
    [
      'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
      { mode: 'pinned', fingerprint: PIN },
      NO_CERTIFICATE,
    ],
    ['ERR_SSL_TLSV1_ALERT_HANDSHAKE_FAILURE', { mode: 'insecure' }, NO_CERTIFICATE],
    [
      'ERR_SSL_WRONG_VERSION_NUMBER',
      VERIFY,
      'home: TLS handshake failed: the port does not speak TLS; hint: is this the api-ssl port (8729)?',
    ],
    [
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      VERIFY,
      'home: TLS handshake failed: alert from the router: protocol version; hint: set tls-version=only-1.2 on api-ssl, or update RouterOS',
    ],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      VERIFY,
      'home: TLS handshake failed: alert from the router: certificate required',
    ],
    [
      'ERR_SSL_UNSUPPORTED_PROTOCOL',
      VERIFY,
      'home: TLS handshake failed: unsupported protocol; hint: set tls-version=only-1.2 on api-ssl, or update RouterOS',
    ],
    [
      'ERR_SSL_DH_KEY_TOO_SMALL',
      VERIFY,
      'home: TLS handshake failed: dh key too small; hint: update RouterOS, or give api-ssl a certificate with a longer key',
    ],
  ])('with %s', (code, trust, text) => {
    const broken = handshakeFailed(errorOf(code), trust);
    expect(broken.cause).toBe('lost');
    expect(line(broken)).toBe(text);
  });

  test('without a certificate on purpose does not ask for one', () => {
    const broken = handshakeFailed(errorOf('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'), {
      mode: 'anonymous',
    });
    expect(line(broken)).toBe(
      'home: TLS handshake failed: no cipher in common; hint: api-ssl may have a certificate: take out tls = "anonymous", and pin it',
    );
  });

  test('for a reason without a code', () => {
    expect(line(handshakeFailed(errorOf(undefined, 'odd'), VERIFY))).toBe(
      'home: TLS handshake failed: odd',
    );
  });
});
