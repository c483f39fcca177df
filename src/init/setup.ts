import { randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { unfitSource } from '../access/address';
import type { Service } from '../access/service';
import type { Knock } from '../knock/knocks';

/** A service that a knock opens: the port that the client asks for and connects to. */
export interface PublishedService extends Service {
  /** The host behind the router that it is forwarded to; undefined for a service of the router. */
  readonly inside: { readonly host: string; readonly port: number } | undefined;
}

/** Rules by which the router itself watches for knocks, without fwknopd. */
export type Fallback = {
  /** Single IPv4 addresses, ranges and prefixes that need no knock. */
  readonly always: readonly string[];
} & (
  | { readonly kind: 'sequence'; readonly knocks: readonly Knock[] }
  | {
      readonly kind: 'payload';
      readonly knock: Knock;
      readonly text: string;
      /** Whether a layer-7 regexp looks for the text. */
      readonly layer7: boolean;
    }
  | {
      readonly kind: 'secret';
      readonly knocks: readonly Knock[];
      /** SHA-256 in lower-case hex, one for each knock. */
      readonly hashes: readonly string[];
    }
);

/** Where clients send their SPA packets, and for which services. */
export interface KnockTarget {
  /** The router as clients reach it: an IPv4 address or a name. */
  readonly server: string;
  /** The UDP port of SPA packets. */
  readonly spaPort: number;
  /** At least one; no two for the same protocol and port. */
  readonly services: readonly Service[];
  /** How the names of the client's stanzas begin (`home-ssh`); undefined for the server's name. */
  readonly name: string | undefined;
}

/** Everything that `init` was asked for. */
export interface Setup extends KnockTarget {
  readonly services: readonly PublishedService[];
  /** The router as the fwknopd host reaches it: an IPv4 address or a name. */
  readonly router: string;
  /** The IPv4 address of the fwknopd host. */
  readonly fwknopd: string;
  /** At least one; no two the same. Each gets its own keys. */
  readonly clients: readonly string[];
  /** The interface, or the interface list, that leads to the Internet. */
  readonly wan: { readonly kind: 'list' | 'interface'; readonly name: string };
  /** Whether every new connection renews its address's entry. */
  readonly sliding: boolean;
  /** Whether one address list opens all services. */
  readonly oneList: boolean;
  /** The absolute path of this program on the fwknopd host. */
  readonly helper: string;
  readonly fallback: Fallback | undefined;
  /** Whether fwknopd runs in a container on the router; the length of its LAN's prefix then. */
  readonly container: { readonly prefix: number } | undefined;
}

/** The keys that a client shares with fwknopd. */
export interface ClientKeys {
  /** Rijndael, 32 bytes in base64. */
  readonly key: string;
  /** HMAC-SHA256, 64 bytes in base64. */
  readonly hmacKey: string;
}

/** The secrets of a setup. */
export interface Secrets {
  /** The password of the user on the router. */
  readonly password: string;
  /** The keys of each client, by its name. */
  readonly clients: ReadonlyMap<string, ClientKeys>;
}

/** The longest time that a client may ask for, in seconds. */
export const MAX_TIMEOUT = 3600;

/** The name of the user on the router, its group and its certificate. */
export const OUR_NAME = 'fwknop-mikrotik';

/** Makes fresh keys of the sizes that `fwknop --key-gen` makes. */
export function makeClientKeys(): ClientKeys {
  return {
    key: randomBytes(32).toString('base64'),
    hmacKey: randomBytes(64).toString('base64'),
  };
}

/** Makes fresh keys for each client, and a password of 256 bits. */
export function makeSecrets(clients: readonly string[]): Secrets {
  return {
    password: randomBytes(32).toString('base64url'),
    clients: new Map(clients.map((client) => [client, makeClientKeys()])),
  };
}

/**
 * Whether it is the IPv4 address of a host: a router may take 0.0.0.0 for all addresses [I]. A loopback
 * address is one, for a try on a single machine.
 */
export function isHost(text: string): boolean {
  return isIPv4(text) && (text.startsWith('127.') || !unfitSource({ family: 4, text }));
}
