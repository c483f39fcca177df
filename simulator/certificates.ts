/** Certificates for TLS tests, made by the openssl command when they are first asked for. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key: PEM texts, and the files that hold them. */
export interface Certificate {
  key: string;
  cert: string;
  keyPath: string;
  certPath: string;
  /** SHA-256, lower-case hex without colons, as `/certificate/print` shows it [C]. */
  fingerprint: string;
}

export interface Certificates {
  /** Signed by itself; for 127.0.0.1, ::1 and localhost. */
  selfSigned: Certificate;
  ca: Certificate;
  /** Signed by the CA; for 127.0.0.1, ::1 and localhost. */
  leaf: Certificate;
  /** Signed by the CA; for another host. */
  wrongName: Certificate;
  /** Signed by the CA; for 127.0.0.1, ::1 and localhost, but its time is over. */
  expired: Certificate;
  /** Signed by the CA; for 127.0.0.1, ::1 and localhost, but its time has not begun. */
  early: Certificate;
}

const HERE = 'IP:127.0.0.1,IP:::1,DNS:localhost';
const ELSEWHERE = 'IP:192.0.2.1,DNS:router.example';

/** The configuration of `openssl ca`; unlike `req` and `x509` it takes dates in the past. */
const CA_CONFIG = `[ca]
default_ca = ours
[ours]
database = index.txt
new_certs_dir = .
default_md = sha256
rand_serial = yes
unique_subject = no
policy = any
copy_extensions = copy
[any]
commonName = supplied
`;

let made: Certificates | undefined;
let directory: string | undefined;

// A test file is given a `process` that never says 'exit', so there jest's own hook cleans up.
if (typeof afterAll === 'function') afterAll(removeDirectory);
else process.on('exit', removeDirectory);

function removeDirectory(): void {
  if (directory) rmSync(directory, { recursive: true, force: true });
}

/**
 * The certificates of this process or test file: made once, with EC keys, in a new temporary
 * directory that is removed at its end. Needs the openssl command, 1.1.1 or later.
 */
export function certificates(): Certificates {
  directory ??= mkdtempSync(join(tmpdir(), 'test-router-'));
  made ??= make(directory);
  return made;
}

/** The arguments of `/certificate/add`. */
export interface Wanted {
  commonName: string;
  /** As openssl takes it too: `IP:192.0.2.1` or `DNS:router.example`. */
  alternativeName: string;
  days: number;
}

/** A new certificate, signed by itself, as a router makes one. */
export function makeSelfSigned({ commonName, alternativeName, days }: Wanted): Certificate {
  directory ??= mkdtempSync(join(tmpdir(), 'test-router-'));
  count += 1;
  const name = `made-${count}`;
  const key = newKey(name, alternativeName, commonName);
  openssl(directory, 'req', '-x509', '-days', String(days), '-out', `${name}.crt`, ...key);
  return read(directory, name);
}

let count = 0;

function openssl(directory: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
}

function newKey(name: string, alternativeNames: string, commonName = name): string[] {
  return `-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${name}.key`
    .split(' ')
    .concat('-subj', `/CN=${commonName}`, '-addext', `subjectAltName=${alternativeNames}`);
}

function read(directory: string, name: string): Certificate {
  const [keyPath, certPath] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  const [key, cert] = [readFileSync(keyPath, 'utf8'), readFileSync(certPath, 'utf8')];
  const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
  return { key, cert, keyPath, certPath, fingerprint };
}

function make(directory: string): Certificates {
  writeFileSync(join(directory, 'ca.cnf'), CA_CONFIG);
  writeFileSync(join(directory, 'index.txt'), '');

  const signedByItself = (name: string) => {
    openssl(directory, 'req', '-x509', '-days', '30', '-out', `${name}.crt`, ...newKey(name, HERE));
    return read(directory, name);
  };
  const signedByCa = (name: string, alternativeNames: string, from: Date, until: Date) => {
    openssl(directory, 'req', '-new', '-out', `${name}.csr`, ...newKey(name, alternativeNames));
    const ca = '-batch -notext -config ca.cnf -cert ca.crt -keyfile ca.key'.split(' ');
    const dates = ['-startdate', asn1Time(from), '-enddate', asn1Time(until)];
    openssl(directory, 'ca', ...ca, ...dates, '-in', `${name}.csr`, '-out', `${name}.crt`);
    return read(directory, name);
  };

  const daysFromNow = (days: number) => new Date(Date.now() + days * 86_400_000);
  return {
    selfSigned: signedByItself('self-signed'),
    ca: signedByItself('ca'),
    leaf: signedByCa('leaf', HERE, daysFromNow(-1), daysFromNow(30)),
    wrongName: signedByCa('wrong-name', ELSEWHERE, daysFromNow(-1), daysFromNow(30)),
    expired: signedByCa('expired', HERE, daysFromNow(-30), daysFromNow(-1)),
    early: signedByCa('early', HERE, daysFromNow(10), daysFromNow(30)),
  };
}

/** `20260131235959Z` */
function asn1Time(date: Date): string {
  return `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
}
