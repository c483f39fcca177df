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
  /** How messages call it. */
  readonly name: string;
  /** An IP address or a host name. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly trust: Trust;
  /** Whom the router tells of an opening, through its own e-mail tool. */
  readonly email: string | undefined;
}

/** A router's name for a message; a host name in its place may be long. */
export function labelOf({ name }: Router): string {
  return clip(name, LONGEST_NAME);
}
