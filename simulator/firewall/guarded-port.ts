/**
 * A TCP port of the router behind its filter rules, for clients that connect. It listens while the rules
 * would accept a connection from an entry of the address lists, so that everybody else is refused by the
 * kernel, as by a rule with action=reject. It asks the rules again for each connection that comes.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Engine } from './engine';
import type { Lists } from './lists';
import type { Addition } from './rules';

export interface GuardedPortOptions {
  readonly host: string;
  readonly port: number;
  /** The first text of the service; then it sends back all that it receives. */
  readonly banner: string;
  /** Filter rules, in the router's order. */
  readonly rules: readonly Addition[];
  readonly lists: Lists;
  /** The address that the rules see for a peer's: its own, if left out. */
  readonly sourceOf?: (address: string) => string;
}

export interface GuardedPort {
  close(): Promise<void>;
}

const POLL_MS = 20;

/** @returns once it follows the lists. */
export function guardPort(options: GuardedPortOptions): GuardedPort {
  const { host, port, banner, rules, lists, sourceOf = (address) => address } = options;
  const sockets = new Set<Socket>();
  let server: Server | undefined;

  const accepts = (src: string, srcPort: number): boolean => {
    const syn = { flags: new Set(['syn'] as const), length: 60, payload: Buffer.alloc(0) };
    const packet = {
      family: 'v4',
      protocol: 'tcp',
      src,
      srcPort,
      dst: host,
      dstPort: port,
    } as const;
    // A new engine has seen no connection yet: this one is new.
    return new Engine(rules, lists).judge({ ...packet, ...syn }).verdict === 'accept';
  };

  const admit = (socket: Socket): void => {
    if (!accepts(sourceOf(socket.remoteAddress ?? ''), socket.remotePort ?? 0)) {
      socket.resetAndDestroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined); // 'close' follows
    socket.write(banner);
    socket.pipe(socket);
  };

  const follow = (): void => {
    const isOpen = lists.v4.entries().some(({ address }) => accepts(address, 0));
    if (isOpen && server === undefined) server = createServer(admit).listen(port, host);
    if (isOpen || server === undefined) return;
    server.close(); // those who are connected stay
    server = undefined;
  };

  const polling = setInterval(follow, POLL_MS);
  return {
    close: async () => {
      clearInterval(polling);
      const closed = server === undefined ? undefined : once(server, 'close');
      server?.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
