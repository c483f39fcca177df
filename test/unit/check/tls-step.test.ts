import { untrustedFailure } from '../../../src/check/tls-step';
import { SessionError } from '../../../src/router/errors';

test('of a subject without end the beginning is shown, and the fingerprint all the same', () => {
  const fingerprint = 'ab'.repeat(32);
  const certificate = {
    subject: `CN=${'x'.repeat(50_000)}`,
    fingerprint,
    validFrom: new Date(0),
    validTo: new Date(0),
  };
  const refusal = new SessionError('untrusted', 'certificate not trusted: self-signed');
  const shown = { protocol: 'TLSv1.2', certificate, untrusted: refusal, madeFor: undefined };
  const [fault] = untrustedFailure(shown, refusal, 'check --pin').faults;
  expect(fault?.what).toMatch(/^certificate not trusted: self-signed; TLSv1\.2, CN=x{74}\.\.\., /);
  expect(fault?.what.endsWith(`fingerprint ${fingerprint}`)).toBe(true);
});
