import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceName } from '../access/service';
import { Failure } from '../common/failure';
import type { Packet } from './packets';
import type { ExpectedPort } from './request';

const NEXT_ATTEMPT = 500; // ms

/**
 * Sends packets in their order, each from a socket of its own, as spknock does.
 *
 * @param address an IP address
 * @param delay milliseconds between two packets
 * @param whenSent called after each, with its number from 1
 * @throws Failure `unreachable` when the system has no way to send one
 */
export async function sendKnocks(
  address: string,
  packets: readonly Packet[],
  delay: number,
  whenSent: (packet: Packet, number: number) => void,
): Promise<void> {
  for (const [index, packet] of packets.entries()) {
    if (index > 0) await sleep(delay);
    const { protocol, port } = packet.knock;
    try {
      if (protocol === 'tcp') await sendSyn(address, port);
      else await sendDatagram(address, port, packet.payload);
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      throw new Failure(
        'unreachable',
        `${serviceName(packet.knock)} at ${address}: not sent: ${why}`,
      );
    }
    whenSent(packet, index + 1);
  }
}

/**
 * Begins a connection and leaves it at that. connect(2) has handed the SYN to the network before it
 * returns; a socket that is gone answers nothing and sends no SYN again.
 */
async function sendSyn(address: string, port: number): Promise<void> {
  const socket = connect({ host: address, port });
  try {
    // Node calls connect(2) before that, and has told by then that there was no way to send.
    await new Promise((settle, fail) => {
      socket.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNREFUSED' ? settle(undefined) : fail(error),
      );
      setImmediate(settle);
    });
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

async function sendDatagram(address: string, port: number, payload: Buffer): Promise<void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((settle, fail) => {
      socket.once('error', fail);
      socket.send(payload, port, address, (error) => (error === null ? settle() : fail(error)));
    });
  } finally {
    socket.close();
  }
}

/**
 * Waits until a TCP port takes a connection, which is closed at once. A SYN that a closed door
 * dropped comes again after a second only: so there is a new attempt twice a second, and the first
 * that is answered counts.
 *
 * @returns whether it did in time
 */
export async function answers(address: string, { port, wait }: ExpectedPort): Promise<boolean> {
  const attempts: Socket[] = [];
  const over = new AbortController();
  const end = sleep(wait, false, { signal: over.signal });
  const first = new Promise<true>((settle) => {
    const tryOnce = (): void => {
      const socket = connect({ host: address, port }, () => settle(true));
      socket.on('error', () => undefined); // refused, or no way yet: the next attempt may do better
      attempts.push(socket);
    };
    tryOnce();
    const timer = setInterval(tryOnce, NEXT_ATTEMPT);
    once(over.signal, 'abort').then(() => clearInterval(timer));
  });
  try {
    return await Promise.race([first, end]);
  } finally {
    end.catch(() => undefined);
    over.abort();
    for (const socket of attempts) socket.destroy();
  }
}
