/** A certificate that is not trusted ends it before any login, and the message shows its pin. */
import { existsSync, readFileSync } from 'node:fs';
import { type Certificate, certificates } from '../../simulator/certificates';
import { leftOut } from '../support/left-out';
import { flags, OPENED, ourRouter, ownFile } from '../support/router';
import { line, run, WORDS } from '../support/run';
import { fileInPlaceOf, inNamespace, testInNamespace } from './namespace';

interface Case {
  readonly name: string;
  readonly has: () => Certificate;
  readonly trusts: () => readonly string[];
  readonly why: string;
  /** The hint where it is not the pin. */
  readonly hint?: string;
}

const caFile = () => ['--ca-file', certificates().ca.certPath];

const UNTRUSTED: readonly Case[] = [
  {
    name: 'self-signed, against a CA file',
    has: () => certificates().selfSigned,
    trusts: caFile,
    why: 'self-signed',
  },
  {
    name: "signed by a CA that is none of the system's",
    has: () => certificates().leaf,
    trusts: () => [],
    why: 'signed by an unknown CA',
  },
  {
    name: 'made for another name',
    has: () => certificates().wrongName,
    trusts: caFile,
    why: 'made for router.example',
    hint: 'server-name = "router.example" if it is the router\'s; or fwknop-mikrotik check --pin',
  },
  { name: 'expired', has: () => certificates().expired, trusts: caFile, why: 'expired' },
  {
    name: 'not the pinned one',
    has: () => certificates().leaf,
    trusts: () => ['--fingerprint', certificates().selfSigned.fingerprint],
    why: 'not the pinned one',
  },
];

/** An environment that makes other programs trust anybody. */
const CAREFREE = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };

describe.each(UNTRUSTED)('$name', ({ has, trusts, why, hint }) => {
  const refusal = (fingerprint: string) =>
    line(
      `127.0.0.1: certificate not trusted: ${why}; hint: ${hint ?? `if it is the router's: fingerprint = "${fingerprint}"`}`,
    );

  test.concurrent.each([
    ['TLS 1.2', false, {}],
    ['TLS 1.3', true, {}],
    ['TLS 1.2, NODE_TLS_REJECT_UNAUTHORIZED=0', false, CAREFREE],
    ['TLS 1.3, NODE_TLS_REJECT_UNAUTHORIZED=0', true, CAREFREE],
  ] as const)('is refused before the login: %s', async (_, tls13, env) => {
    const router = await ourRouter({ transport: has(), tls13 });
    const result = await run([...flags(router), ...trusts(), ...WORDS], { env });
    expect(result).toMatchObject({
      status: 77,
      stdout: '',
      stderr: refusal(has().fingerprint),
    });
    expect(result.stderr.length).toBeLessThanOrEqual(200);
    expect(router).toMatchObject({ connections: 1, bytesReceived: 0 });
  });

  test.concurrent('opens with the setting of the message', async () => {
    const router = await ourRouter({ transport: has() });
    const refused = await run([...flags(router), ...trusts(), ...WORDS]);
    const [, setting = '', value = ''] = /([a-z-]+) = "([^"]*)"/.exec(refused.stderr) ?? [];
    const others = setting === 'fingerprint' ? [] : trusts();
    const result = await run([...flags(router), ...others, `--${setting}`, value, ...WORDS]);
    expect(result).toMatchObject({ status: 0 });
    expect(router.lists.v4.entries()).toMatchObject([OPENED]);
  });
});

test.concurrent('a pin may be upper case with colons, as Node and openssl write it', async () => {
  const { selfSigned } = certificates();
  const router = await ourRouter({ transport: selfSigned });
  const pin = selfSigned.fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:');
  expect(await run([...flags(router), '--fingerprint', pin, ...WORDS])).toMatchObject({
    status: 0,
  });
});

test.concurrent('a host name is compared with the names of the certificate', async () => {
  const { leaf, wrongName } = certificates();
  const good = await ourRouter({ transport: leaf });
  const bad = await ourRouter({ transport: wrongName });
  const knock = ({ port }: { port: number }) =>
    run([...flags({ host: 'localhost', port }), ...caFile(), ...WORDS]);
  expect(await knock(good)).toMatchObject({ status: 0 });
  expect(await knock(bad)).toMatchObject({ status: 77 });
  expect(bad.bytesReceived).toBe(0);
});

/** Where Debian keeps what `update-ca-certificates` was given. */
const SYSTEM_CAS = '/etc/ssl/certs/ca-certificates.crt';
const withSystemCas = existsSync(SYSTEM_CAS)
  ? testInNamespace("the test of the system's CAs")
  : leftOut("the test of the system's CAs", 'ca-certificates');

withSystemCas("the system's CAs are trusted where no other is named", async () => {
  const { ca, leaf } = certificates();
  const router = await ourRouter({ transport: leaf });
  const cas = ownFile('ca-certificates.crt', readFileSync(SYSTEM_CAS, 'latin1') + ca.cert, 0o644);
  const result = await run([...flags(router), ...WORDS], {
    command: inNamespace([fileInPlaceOf(SYSTEM_CAS, cas)]),
  });
  expect(result).toMatchObject({ status: 0 });
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
});

test.concurrent.each(['verify', 'insecure'])(
  '--tls %s to a router without a certificate hints at that',
  async (mode) => {
    const router = await ourRouter({ transport: 'anonymous' });
    const result = await run([...flags(router), '--tls', mode, ...WORDS]);
    expect(result).toMatchObject({
      status: 69,
      stderr: line(
        '127.0.0.1: TLS handshake failed: no cipher in common; hint: api-ssl may have no certificate: give it one, or set tls = "anonymous"',
      ),
    });
    expect(router.bytesReceived).toBe(0);
  },
);

test.concurrent('the plain port, spoken to with TLS, gets no login', async () => {
  const router = await ourRouter();
  const result = await run([...flags(router), '--tls', 'insecure', '--deadline', '2', ...WORDS]);
  expect(result.status).toBe(69);
  expect(router.sentences.flat()).not.toContain('/login');
});
