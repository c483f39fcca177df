/**
 * A router for tests, the demo and the benchmark: the RouterOS API over real TCP and TLS.
 *
 *     const router = await startRouter({ users: [{ name: 'fwknop', … }] });
 *     … a client connects to router.host, router.port …
 *     expect(router.lists.v4.entries()).toEqual([…]);
 *     await router.close();
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { type Fault, Faults, type Stage } from '../faults';
import { AddressList } from './address-lists';
import type { Family, Ipv6Form } from './addresses';
import { encodeSentences, type Sentence } from './codec';
import type { Mail, RouterState } from './commands';
import { deliver, type Line, serve } from './connection';
import { covers, Login, type LoginStyle, type User } from './users';

/**
 * `anonymous` is RouterOS's api-ssl with certificate=none: anonymous Diffie-Hellman only [C], which
 * clients refuse unless they ask for it (`ciphers: 'ADH:@SECLEVEL=0'`).
 */
export type Transport = 'plain' | 'anonymous' | { key: string; cert: string };

export interface RouterOptions {
  /** `plain` (RouterOS's port 8728) if left out; PEM texts for TLS (8729). */
  transport?: Transport;
  /** RouterOS speaks TLS up to 1.2 [C]; this lets 1.3 through as well. */
  tls13?: boolean;
  /** 127.0.0.1 if left out. */
  host?: string;
  /** A free one if left out. */
  port?: number;
  /** USERS if left out. */
  users?: User[];
  /** The networks that its service lets in, with commas between; any, if left out or empty. */
  availableFrom?: string;
  /** How one logs in: `plain` (6.43 and later) if left out. */
  login?: LoginStyle;
  /** The answer to a print that finds nothing: `empty and done` if left out. */
  emptyPrint?: RouterState['emptyPrint'];
  /** The answer to a print without the policy `read`: `trap` if left out. */
  readRefusal?: RouterState['readRefusal'];
  /** How a single IPv6 address is stored: `prefixed` (as /128 [C]) if left out. */
  ipv6Form?: Ipv6Form;
  /** More connections at once are closed unserved [? too-many-sessions]; no bound if left out. */
  maxSessions?: number;
  /** Milliseconds from a command to the first byte of its reply; they do not add up. */
  replyDelay?: number;
  /** Further menus that can be printed, such as `/ip/service`; none if left out. */
  menus?: RouterState['menus'];
  /** None if left out; see faults.ts. */
  faults?: Fault[];
}

/** A user as the project recommends one, one who may read as well, and one who may send e-mail too. */
export const usersWith = (password: string): User[] => [
  { name: 'fwknop', password, policies: ['api', 'write'] },
  { name: 'reader', password, policies: ['api', 'write', 'read'] },
  { name: 'admin', password, policies: ['api', 'write', 'read', 'test'] },
];
export const USERS = usersWith('secret');

export interface TestRouter {
  readonly host: string;
  readonly port: number;
  /** The two address-list menus; `entries()` of each is what is open now. */
  readonly lists: Record<Family, AddressList>;
  /** Mails sent, oldest first. */
  readonly mails: Mail[];
  /** Every sentence received, with every word, in order, of all connections. */
  readonly sentences: Sentence[];
  /** TCP connections accepted so far. */
  readonly connections: number;
  /** Bytes of API received so far, without what TLS adds. */
  readonly bytesReceived: number;
  /** `add` sentences received, carried out or not. */
  readonly adds: number;
  /** The faults in force; more may be added at any time. */
  readonly faults: Fault[];
  /**
   * Prepares an entry as somebody else would have made it.
   * @param values as for `add`, for example `{ list: 'x', address: '192.0.2.1', timeout: '1h' }`
   * @returns its id
   */
  addEntry(values: Record<string, string>, family?: Family): string;
  /** Ends all connections; resolves when the port is free again. */
  close(): Promise<void>;
}

/** Starts a router and waits until it listens; rejects if it cannot. */
export async function startRouter(options: RouterOptions = {}): Promise<TestRouter> {
  const form = options.ipv6Form ?? 'prefixed';
  const state: RouterState = {
    lists: { v4: new AddressList('v4', form), v6: new AddressList('v6', form) },
    mails: [],
    users: options.users ?? USERS,
    emptyPrint: options.emptyPrint ?? 'empty and done',
    readRefusal: options.readRefusal ?? 'trap',
    menus: options.menus ?? {},
  };
  const secureContext = contextFor(options.transport ?? 'plain', options.tls13 ?? false);
  const faults = new Faults([...(options.faults ?? [])]);
  const sentences: Sentence[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  let bytesReceived = 0;

  async function accept(tcp: Socket): Promise<void> {
    connections += 1;
    open.add(tcp);
    const controller = new AbortController();
    const over = controller.signal;
    tcp.on('close', () => {
      open.delete(tcp);
      controller.abort();
    });
    tcp.on('error', () => undefined); // A reset by the client; 'close' follows.

    // Another address is accepted and then closed unserved [C].
    if (!covers(options.availableFrom ?? '', tcp.remoteAddress ?? '')) {
      tcp.end();
      tcp.resume(); // So that the client's FIN is seen.
      return;
    }
    if (open.size > (options.maxSessions ?? Number.POSITIVE_INFINITY)) {
      tcp.destroy();
      return;
    }
    const bare: Line = { stream: tcp, tcp, over };
    if (!(await passes(bare, 'connect'))) return;
    let stream = tcp;
    if (secureContext) {
      if (!(await passes(bare, 'tls'))) return;
      stream = new TLSSocket(tcp, { isServer: true, secureContext });
      stream.on('error', () => tcp.destroy()); // A failed handshake, or the client went away.
    }
    serve(
      { stream, tcp, over },
      {
        state,
        faults,
        login: new Login(options.users ?? USERS, options.login ?? 'plain', tcp.remoteAddress),
        replyDelay: options.replyDelay ?? 0,
        onBytes: (count) => {
          bytesReceived += count;
        },
        onSentence: (words) => {
          sentences.push(words);
        },
      },
    );
  }

  /** Lets the fault of a stage below the API happen, if there is one; is the client served then? */
  async function passes(line: Line, stage: Stage): Promise<boolean> {
    const how = faults.at(stage);
    if (!how) return true;
    // 'readable' leaves the bytes where they are, for the TLS that may follow.
    if (stage === 'tls') await once(line.tcp, 'readable', { signal: line.over });
    await deliver(line, how, { healthy: [], password: '', frame: encodeSentences });
    const served = how.carriedOut && !how.ending;
    if (!served) line.tcp.resume(); // So that the client's FIN is seen.
    return served;
  }

  const server = createServer({ noDelay: true }, (tcp) => {
    accept(tcp).catch(() => tcp.destroy()); // The client went away in the middle of a fault.
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { address, port } = server.address() as AddressInfo;

  return {
    host: address,
    port,
    lists: state.lists,
    mails: state.mails,
    sentences,
    get connections() {
      return connections;
    },
    get bytesReceived() {
      return bytesReceived;
    },
    get adds() {
      return sentences.filter(([path]) => path?.endsWith('/address-list/add')).length;
    },
    faults: faults.list,
    addEntry: (values, family = 'v4') => state.lists[family].add(new Map(Object.entries(values))),
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const tcp of open) tcp.destroy();
      await closed;
    },
  };
}

function contextFor(transport: Transport, tls13: boolean): SecureContext | undefined {
  if (transport === 'plain') return undefined;
  return createSecureContext({
    maxVersion: tls13 ? 'TLSv1.3' : 'TLSv1.2',
    ...(transport === 'anonymous' ? { ciphers: 'ADH:@SECLEVEL=0', dhparam: 'auto' } : transport),
  });
}
