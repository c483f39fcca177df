/** Load: many routers at once, many helpers at once, many knocks in a row. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { RouterOptions, TestRouter } from '../simulator/api/server';
import { certificates } from '../simulator/certificates';
import { whyNotIsolated } from '../test/fwknop/isolation';
import { closeWorlds, startWorld } from '../test/fwknop/remote';
import { CONFIG_FILE } from '../test/fwknop/world';
import { routerTable } from '../test/support/toml';
import { type Command, Commands } from './commands';
import { median, runOnce } from './measure';

export interface Load {
  readonly name: string;
  /** The measurement, with its unit. */
  readonly result: string;
  /** Milliseconds, and how many of them there may be. */
  readonly target?: { readonly value: number; readonly most: number };
}

const MANY_ROUTERS = 200;
const MANY_HELPERS = 50;
const TRIES = 5;
const REPLY_DELAY = 5; // ms
const WAITS = 100;

/**
 * Puts the program under load.
 *
 * @param knocks how many go through stock fwknopd
 * @throws when anything that should be open is not
 */
export async function loads(node: string, knocks: number): Promise<readonly Load[]> {
  const commands = new Commands(node);
  try {
    const { selfSigned } = certificates();
    const pin = `fingerprint = "${selfSigned.fingerprint}"`;
    return [
      await furtherRouters(commands, 'plain', {}, 'tls = "off"', 2),
      await furtherRouters(commands, 'TLS, pinned', { transport: selfSigned }, pin, 5),
      await waiting(commands),
      await manyHelpers(commands),
      ...(await manyKnocks(node, knocks)),
    ];
  } finally {
    await commands.close();
  }
}

/** Measures how much longer an opening takes for each further router. */
async function furtherRouters(
  commands: Commands,
  name: string,
  options: RouterOptions,
  trust: string,
  most: number,
): Promise<Load> {
  const routers: TestRouter[] = [];
  for (let count = 0; count < MANY_ROUTERS; count += 1)
    routers.push(await commands.router(options));
  const [first] = routers;
  if (first === undefined) throw new Error('no router');
  const one = commands.ours('one', first, commands.configuration('one', [first], trust));
  const all = commands.ours('many', first, commands.configuration('many', routers, trust));
  const [single, many] = [await medianOf(one), await medianOf(all)];
  for (const router of routers) {
    if (router.adds < TRIES) throw new Error('a router was left out');
  }
  const value = (many - single) / (MANY_ROUTERS - 1);
  const result = `${value.toFixed(2)} ms each, ${many.toFixed(0)} ms for ${MANY_ROUTERS}`;
  return { name: `a further router, ${name}`, result, target: { value, most } };
}

/**
 * How much longer a router waits for the program's commands than for those of bare Node, which sends each
 * one in a piece, as soon as it may.
 */
async function waiting(commands: Commands): Promise<Load> {
  const router = await commands.router({ replyDelay: REPLY_DELAY });
  const relay = await startRelay(router);
  const file = commands.configuration('relayed', [relay], 'tls = "off"');
  const ours = commands.ours('relayed', router, file);
  const bare: Command = { name: 'bare', line: commands.floor('plain', relay, '').line };
  const waits: Record<'ours' | 'bare', number[]> = { ours: [], bare: [] };
  try {
    for (let round = 0; round < WAITS; round += 1) {
      await runOnce(ours);
      waits.ours.push(await relay.waited());
      await runOnce(bare);
      waits.bare.push(await relay.waited());
    }
  } finally {
    relay.close();
  }
  const value = median(waits.ours) - median(waits.bare);
  const result = `${value.toFixed(2)} ms more than for bare Node, with replies after ${REPLY_DELAY} ms`;
  return { name: 'how long a router waits for a command', result, target: { value, most: 1 } };
}

interface Relay {
  readonly host: string;
  readonly port: number;
  /** Milliseconds in which the router of the last connection waited for commands. */
  waited(): Promise<number>;
  close(): void;
}

/** Stands between programs and a router, and measures how long it waits for them. */
async function startRelay({ host, port }: TestRouter): Promise<Relay> {
  let waited: Promise<number> | undefined;
  const server = createServer((program) => {
    const router = connect({ host, port, noDelay: true });
    let free = performance.now();
    let asked = free;
    let total = 0;
    program.on('data', (bytes) => {
      asked = performance.now();
      router.write(bytes);
    });
    router.on('data', (bytes) => {
      total += asked - free;
      free = performance.now();
      program.write(bytes);
    });
    // A program ends without a word to the router.
    program.on('error', () => undefined);
    router.on('error', () => undefined);
    waited = new Promise((settle) => {
      program.on('close', () => {
        router.destroy();
        settle(total);
      });
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    host,
    port: (server.address() as AddressInfo).port,
    waited: () => waited ?? Promise.reject(new Error('nothing was sent')),
    close: () => server.close(),
  };
}

/** Helpers that start at the same moment. */
async function manyHelpers(commands: Commands): Promise<Load> {
  const router = await commands.router({});
  const file = commands.configuration('at-once', [router], 'tls = "off"');
  const helper: Command = { name: 'at once', line: commands.ours('at once', router, file).line };
  const started = performance.now();
  await Promise.all(Array.from({ length: MANY_HELPERS }, () => runOnce(helper)));
  const took = performance.now() - started;
  const open = router.lists.v4.entries().length;
  if (open !== MANY_HELPERS) throw new Error(`${open} entries for ${MANY_HELPERS} helpers`);
  return {
    name: `${MANY_HELPERS} helpers at once`,
    result: `all open after ${took.toFixed(0)} ms`,
  };
}

/** SPA packets in a row through stock fwknopd, where it is installed. */
async function manyKnocks(node: string, count: number): Promise<readonly Load[]> {
  const missing = whyNotIsolated();
  if (missing !== undefined) {
    console.warn(`no knocks through fwknopd, for want of ${missing}`);
    return [];
  }
  try {
    const port = 8728;
    const command = `${node} {dir}/fwknop-mikrotik --config ${CONFIG_FILE}`;
    const world = await startWorld({
      stanza: { CMD_CYCLE_OPEN: `${command} $SRC $PROTO $PORT $CLIENT_TIMEOUT` },
      router: { port },
      files: {
        'mikrotik.toml': routerTable({
          host: '127.0.0.1',
          tls: 'off',
          user: 'fwknop',
          password: 'secret',
        }),
      },
    });
    const times: number[] = [];
    let before = 0;
    for (let knock = 0; knock < count; knock += 1) {
      const started = performance.now();
      await world.knock({ access: `tcp/${1024 + knock}`, allow: '203.0.113.9', timeout: 3600 });
      await world.opened(knock + 1);
      times.push(performance.now() - started);
      // The first ones fill its caches.
      if (knock === Math.min(10, count - 1)) before = await world.fwknopdMemory();
    }
    const growth = (await world.fwknopdMemory()) - before;
    const result = `all open, ${median(times).toFixed(0)} ms each; fwknopd grew by ${growth} KiB`;
    return [{ name: `${count} knocks through fwknopd`, result }];
  } finally {
    await closeWorlds();
  }
}

async function medianOf(command: Command): Promise<number> {
  const times: number[] = [];
  for (let tries = 0; tries < TRIES; tries += 1) times.push(await runOnce(command));
  return median(times);
}
