/** Real ports of this machine that note what reaches them, in the order in which it does. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** An arrival at a port: a connection, or the text of a datagram. */
export interface Arrival {
  /** As on the command line: `tcp/40001`. */
  readonly knock: string;
  readonly payload: string;
  /** Milliseconds, on the clock of `performance`. */
  readonly at: number;
}

export interface Ports {
  /** The knocks that lead to the ports, one a protocol that was asked for. */
  readonly knocks: readonly string[];
  readonly arrivals: readonly Arrival[];
  close(): Promise<void>;
}

/** Listens at ports that the system chooses. */
export async function listen(
  host: '127.0.0.1' | '::1',
  ...protocols: readonly ('tcp' | 'udp')[]
): Promise<Ports> {
  const arrivals: Arrival[] = [];
  const closers: (() => Promise<unknown>)[] = [];
  const knocks: string[] = [];
  for (const protocol of protocols) {
    const arrive = (payload: string): void => {
      arrivals.push({ knock: `${protocol}/${port}`, payload, at: performance.now() });
    };
    const { port, close } = await (protocol === 'tcp' ? tcpPort : udpPort)(host, arrive);
    knocks.push(`${protocol}/${port}`);
    closers.push(close);
  }
  return {
    knocks,
    arrivals,
    close: async () => void (await Promise.all(closers.map((close) => close()))),
  };
}

interface Port {
  readonly port: number;
  readonly close: () => Promise<unknown>;
}

async function tcpPort(host: string, arrive: (payload: string) => void): Promise<Port> {
  const server: Server = createServer((socket) => {
    arrive('');
    socket.on('error', () => undefined).resume();
  });
  await once(server.listen(0, host), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, close: () => once(server.close(), 'close') };
}

async function udpPort(host: string, arrive: (payload: string) => void): Promise<Port> {
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
  socket.on('message', (message) => arrive(message.toString('latin1')));
  socket.bind(0, host);
  await once(socket, 'listening');
  return { port: socket.address().port, close: () => once(socket.close(), 'close') };
}
