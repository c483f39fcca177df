/**
 * The firewall of a router, at work on real packets:
 *
 *     const network = await startNetwork();
 *     const firewall = await startFirewall({ network, rules, lists: router.lists });
 *     …anything in the network sends packets to ROUTER…
 *     await firewall.settled();
 *     expect(router.lists.v4.entries()).toEqual([…]);
 *     await firewall.close();
 *     await network.close();
 *
 * It sees what tcpdump sees on lo. The kernel there answers for closed ports, which a router with a
 * drop rule would not: no rule depends on it.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressList } from '../api/address-lists';
import type { Family } from '../api/addresses';
import { Engine, type Judgement } from './engine';
import { type Network, ROUTER } from './network';
import { decodePacket, type Packet } from './packet';
import { PcapReader } from './pcap';
import type { Addition } from './rules';

export interface FirewallOptions {
  readonly network: Network;
  /** The additions of the router's script, in the router's order. */
  readonly rules: readonly Addition[];
  readonly lists: Record<Family, AddressList>;
  /** The router's own addresses; ROUTER's, if left out. Nothing else is judged. */
  readonly addresses?: readonly string[];
  /** The interface lists that packets come through: WAN alone, if left out. */
  readonly interfaceLists?: readonly string[];
}

export interface Firewall {
  /** Every packet to the router so far, and the verdict. */
  readonly journal: readonly (Judgement & { readonly packet: Packet })[];
  /** Waits until everything that was sent before has been judged. Rejects with a rule's error. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const MARKER_PORT = 65535;
const RESEND_MS = 300;
const STEP_MS = 20;
const PATIENCE_MS = 20_000; // far beyond what it takes, also on a busy machine

/** @returns once it sees packets */
export async function startFirewall(options: FirewallOptions): Promise<Firewall> {
  const { network, rules, lists, addresses = Object.values(ROUTER), interfaceLists } = options;
  const engine = new Engine(rules, lists, interfaceLists);
  const journal: (Judgement & { packet: Packet })[] = [];
  const markers = new Set<string>();
  const reader = new PcapReader();
  let failure: Error | undefined;

  const sought = [...addresses.map((address) => `dst host ${address}`), `udp port ${MARKER_PORT}`];
  // The kernel keeps a slot of the snapshot length for each packet: a short one lets a scan fit in.
  const [program, ...words] = network.command(
    ...['tcpdump', '-i', 'lo', '--immediate-mode', '-U', '-s', '2048', '-B', '16384'],
    ...['-Z', 'root', '-w', '-', sought.join(' or ')],
  );
  const tcpdump = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  tcpdump.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const ended = once(tcpdump, 'close');

  const take = (packet: Packet): void => {
    if (packet.protocol === 'udp' && packet.dstPort === MARKER_PORT) {
      markers.add(packet.payload.toString());
    } else if (addresses.includes(packet.dst)) journal.push({ ...engine.judge(packet), packet });
  };
  tcpdump.stdout.on('data', (chunk: Buffer) => {
    try {
      for (const bytes of reader.push(chunk)) {
        const packet = decodePacket(bytes);
        if (packet !== undefined) take(packet);
      }
    } catch (error) {
      failure = error as Error;
    }
  });

  const sendMarker = (marker: string): void => {
    const send = `printf %s ${marker} >/dev/udp/127.0.0.1/${MARKER_PORT}`;
    const [shell, ...args] = network.command('bash', '-c', send);
    spawn(shell, args, { stdio: 'ignore' });
  };

  /** Packets come in the order in which they were sent: one of our own tells that all are here. */
  const settled = async (): Promise<void> => {
    const sent: string[] = [];
    const start = Date.now();
    while (!sent.some((marker) => markers.has(marker))) {
      if (failure !== undefined) throw failure;
      const waited = Date.now() - start;
      if (waited > PATIENCE_MS) throw new Error(`the firewall saw no packet for ${waited} ms`);
      if (waited >= sent.length * RESEND_MS) {
        // tcpdump may not have been there for the first
        sent.push(randomUUID());
        sendMarker(sent.at(-1)!);
      }
      await sleep(STEP_MS);
    }
  };

  await settled();
  return {
    journal,
    settled,
    close: async () => {
      tcpdump.kill('SIGTERM');
      await ended;
      if (!/^0 packets dropped by kernel$/m.test(said)) throw new Error(`packets lost: ${said}`);
    },
  };
}
