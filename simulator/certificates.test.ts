import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { connect } from 'node:tls';
import { startRouter } from './api/server';
import { type Certificate, certificates } from './certificates';

/** Why a client that trusts `ca` refuses the router; undefined if it does not. */
async function refusal(shown: Certificate, ca: Certificate): Promise<string | undefined> {
  const router = await startRouter({ transport: shown });
  const { host, port } = router;
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect({ host, port, ca: ca.cert }, () => resolve(undefined));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  await router.close();
  return code;
}

test.each([
  ['selfSigned', 'selfSigned', undefined],
  ['leaf', 'ca', undefined],
  ['selfSigned', 'ca', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['leaf', 'selfSigned', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['wrongName', 'ca', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['expired', 'ca', 'CERT_HAS_EXPIRED'],
] as const)('a client meets %s and trusts %s: %s', async (shown, trusted, expected) => {
  expect(await refusal(certificates()[shown], certificates()[trusted])).toBe(expected);
});

test('they are made once, on disk and in memory, with their fingerprints', () => {
  const { leaf } = certificates();
  expect(certificates().leaf).toBe(leaf);
  expect(leaf.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  const { fingerprint256 } = new X509Certificate(leaf.cert);
  expect(fingerprint256.replaceAll(':', '').toLowerCase()).toBe(leaf.fingerprint);
  expect(statSync(leaf.keyPath).mode & 0o077).toBe(0);
});
