import { isIPv4 } from 'node:net';
import type { Service } from '../access/service';
import type { Knock } from '../knock/knocks';

/** A service that a knock opens: the port that the client asks for and connects to. */
export interface PublishedService extends Service {
  /** Where the router sends them; undefined for a service of the router itself. */
  readonly inside: { readonly host: string; readonly port: number } | undefined;
}

/** Doors on the router itself that open to knocks, without fwknopd. */
export type Fallback = {
  /** Single addresses, ranges and prefixes of IPv4 that need no knock. */
  readonly always: readonly string[];
} & (
  | { readonly kind: 'sequence'; readonly knocks: readonly Knock[] }
  | {
      readonly kind: 'payload';
      readonly knock: Knock;
      readonly text: string;
      /** Is the text found by a layer-7 regexp? */
      readonly layer7: boolean;
    }
  | {
      readonly kind: 'secret';
      readonly knocks: readonly Knock[];
      /** SHA-256 in lower-case hex, one a knock. */
      readonly hashes: readonly string[];
    }
);

/** A whole set-up, as `init` was asked for it. */
export interface Setup {
  /** The router as fwknopd's machine reaches it: an IPv4 address or a name. */
  readonly router: string;
  /** The IPv4 address of the machine that runs fwknopd. */
  readonly fwknopd: string;
  /** The router as clients reach it: an IPv4 address or a name. */
  readonly server: string;
  /** At least one; no two for the same protocol and port. */
  readonly services: readonly PublishedService[];
  /** The router's interface list that strangers come from. */
  readonly wan: string;
  /** The UDP port of SPA packets. */
  readonly spaPort: number;
  /** Does every new connection keep the door open? */
  readonly sliding: boolean;
  /** The absolute path of this program on fwknopd's machine. */
  readonly helper: string;
  readonly fallback: Fallback | undefined;
}

/** What nobody else may know. */
export interface Secrets {
  /** The password of the user on the router. */
  readonly password: string;
  /** Rijndael, 32 bytes in base64. */
  readonly key: string;
  /** HMAC-SHA256, 64 bytes in base64. */
  readonly hmacKey: string;
}

/** The longest time that a client may ask for, in seconds. */
export const MAX_TIMEOUT = 3600;

/** The user on the router, its group and its certificate: like nothing that is there already. */
export const OUR_NAME = 'fwknop-mikrotik';

/** Whether it is the IPv4 address of a machine: a router may take 0.0.0.0 for all of them [I]. */
export function isHost(text: string): boolean {
  return isIPv4(text) && !text.startsWith('0.');
}
