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
 * Sends packets in order, each from a socket of its own, as spknock does.
 *
 * @param address an IP address
 * @param delay milliseconds between two packets
 * @param whenSent called after each, with its number from 1
 * @throws Failure `unreachable`: the system cannot send one
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
 * Begins a connection and drops it. connect(2) has handed the SYN to the network when it returns; a
 * closed socket answers nothing and repeats no SYN.
 */
async function sendSyn(address: string, port: number): Promise<void> {
  const socket = connect({ host: address, port });
  try {
    // By then Node has called connect(2), and has emitted its error, if there was one.
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
 * Waits until a TCP port accepts a connection, which is closed at once. The system repeats a SYN that
 * a firewall dropped only after a second, so there is a new attempt twice a second, and the first one
 * that is answered counts.
 *
 * @returns whether the port answered in time
 */
export async function answers(address: string, { port, wait }: ExpectedPort): Promise<boolean> {
  const attempts: Socket[] = [];
  const over = new AbortController();
  const end = sleep(wait, false, { signal: over.signal });
  const first = new Promise<true>((settle) => {
    const tryOnce = (): void => {
      const socket = connect({ host: address, port }, () => settle(true));
      socket.on('error', () => undefined); // refused or unreachable: the next attempt may succeed
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
