import { randomBytes } from 'node:crypto';
import type { Secrets } from './setup';

/** Makes fresh keys of the sizes that `fwknop --key-gen` makes, and a password of 256 bits. */
export function makeSecrets(): Secrets {
  return {
    password: randomBytes(32).toString('base64url'),
    key: randomBytes(32).toString('base64'),
    hmacKey: randomBytes(64).toString('base64'),
  };
}
