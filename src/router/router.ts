import { clip } from '../common/text';

/** How a router proves its identity. */
export type Trust =
  | {
      readonly mode: 'verify';
      /** PEM; undefined for the system's own. */
      readonly ca: string | undefined;
    }
  | {
      readonly mode: 'pinned';
      /** SHA-256, 64 lower-case hex digits. */
      readonly fingerprint: string;
    }
  | { readonly mode: 'insecure' | 'anonymous' | 'off' };

/** Characters of a router's name, in the configuration and in messages. */
export const LONGEST_NAME = 40;

/** A router, and how to log in to its API. */
export interface Router {
  /** Its name in messages. */
  readonly name: string;
  /** An IP address or a host name. */
  readonly host: string;
  readonly port: number;
  /** The host name that the certificate is made for, where it is not `host`. */
  readonly serverName?: string | undefined;
  readonly user: string;
  readonly password: string;
  readonly trust: Trust;
  /** The router's own e-mail tool sends a message here after an opening. */
  readonly email: string | undefined;
}

/** A router's name for a message, clipped: it may be a long host name. */
export function labelOf({ name }: Router): string {
  return clip(name, LONGEST_NAME);
}
