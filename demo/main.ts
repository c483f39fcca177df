/**
 * `npm run demo`: a port of a simulated router opens for the sender of an SPA packet, and closes by itself.
 * Where stock fwknopd and fwknop are installed it plays in namespaces of its own and begins with the packet;
 * elsewhere it begins with the program. The exit status is 1 when a step fails.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import {
  type RouterOptions,
  startRouter,
  type TestRouter,
  usersWith,
} from '../simulator/api/server';
import { certificates } from '../simulator/certificates';
import { guardPort } from '../simulator/firewall/guarded-port';
import type { Addition } from '../simulator/firewall/rules';
import { forkInNamespace, makeDirectory, whyNotIsolated } from '../test/fwknop/isolation';
import { World } from '../test/fwknop/world';
import { run } from '../test/support/run';
import { routerTable } from '../test/support/toml';
import { type Narrator, narrator } from './narrator';
import { CLIENT, PORT, type Scene, SECONDS, tell } from './story';

const ROUTER = '192.0.2.1';
const LOOPBACK = '127.0.0.1';
const API_PORT = 8729;
const PASSWORD = 'only-for-the-demo';
const LIST = `FWKNOP_6_${PORT}`;
const BANNER = 'SSH-2.0-ROSSSH\r\n';

const RULES: readonly Addition[] = [
  {
    chain: 'input',
    action: 'accept',
    protocol: 'tcp',
    'dst-port': String(PORT),
    'src-address-list': LIST,
  },
  { chain: 'input', action: 'drop' },
].map((named) => ({ menu: '/ip/firewall/filter', named }));

const configuration = (host: string, port: number) => `[grant]
services = ["tcp/${PORT}"]

${routerTable({ name: 'home', host, port, user: 'fwknop', password: PASSWORD, fingerprint: certificates().selfSigned.fingerprint })}`;

/** Keeps a router at an address. */
async function routerAt(host: string, port?: number) {
  const options: RouterOptions = {
    host,
    ...(port && { port }),
    users: usersWith(PASSWORD),
  };
  const { selfSigned, leaf } = certificates();
  let current: TestRouter = await startRouter({ ...options, transport: selfSigned });
  const { port: apiPort, lists } = current;
  return {
    apiPort,
    lists,
    scene: {
      list: lists.v4,
      connections: () => current.connections,
      logins: () => current.sentences.filter(([command]) => command === '/login').length,
    },
    replace: async () => {
      await current.close();
      current = await startRouter({ ...options, port: apiPort, transport: leaf });
    },
    close: () => current.close(),
  };
}

/** Plays in namespaces of its own, from the packet on; this process is in them. */
async function playFromThePacket(directory: string, narrate: Narrator): Promise<void> {
  for (const address of [ROUTER, CLIENT]) {
    execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
  }
  const router = await routerAt(ROUTER, API_PORT);
  guardPort({ host: ROUTER, port: PORT, banner: BANNER, rules: RULES, lists: router.lists });
  const world = new World(directory);
  await world.start({ files: { 'mikrotik.toml': configuration(ROUTER, API_PORT) } });
  let reports = 0;
  let packet = '';
  const scene: Scene = {
    target: { host: ROUTER, port: PORT, localAddress: CLIENT },
    router: router.scene,
    ask: async (service) => {
      narrate.say('client', `$ fwknop -n home -A ${service} -a ${CLIENT} -f ${SECONDS}`);
      packet = await world.knock({ access: service, allow: CLIENT, timeout: SECONDS });
      reports += 1;
      const report = (await world.reports(reports)).at(-1);
      const command =
        world
          .fwknopdLog()
          .match(/CMD_CYCLE_OPEN.*/g)
          ?.at(-1) ?? '';
      narrate.say('fwknopd', `runs fwknop-mikrotik ${command.split(' ').slice(-4).join(' ')}`);
      return report?.text ?? '';
    },
    askAgain: async () => {
      narrate.say('client', 'sends the packet a second time');
      await world.send(packet);
      await world.fwknopdLogs('Replay detected');
      return /Replay detected[^,\n]*/.exec(world.fwknopdLog())?.[0];
    },
    replaceRouter: router.replace,
  };
  await tell(scene, narrate);
}

/** Plays on loopback, without namespaces, from the program on. */
async function playFromTheProgram(narrate: Narrator): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'fwknop-demo-'));
  const router = await routerAt(LOOPBACK);
  const host = '127.0.0.2';
  const port = 2222;
  const rules = RULES.map(({ menu, named }) => ({
    menu,
    named: 'dst-port' in named ? { ...named, 'dst-port': String(port) } : named,
  }));
  const door = { host, port, banner: BANNER, rules, lists: router.lists, sourceOf: () => CLIENT };
  const guarded = guardPort(door);
  const file = join(directory, 'mikrotik.toml');
  writeFileSync(file, configuration(LOOPBACK, router.apiPort), { mode: 0o600 });
  try {
    const scene: Scene = {
      target: { host, port },
      router: router.scene,
      ask: async (service) => {
        const [, number = ''] = service.split('/');
        const words = [CLIENT, '6', number, String(SECONDS)];
        narrate.say('client', `$ fwknop-mikrotik ${words.join(' ')}`);
        const { stderr } = await run(['--config', file, '--syslog', 'off', ...words]);
        return stderr.trim().replace(/^fwknop-mikrotik: /, '');
      },
      askAgain: async () => undefined,
      replaceRouter: router.replace,
    };
    await tell(scene, narrate);
  } finally {
    await guarded.close();
    await router.close();
    rmSync(directory, { recursive: true });
  }
}

/** Runs this program once more, in namespaces of its own. @returns its exit status */
async function playInNamespaces(): Promise<number> {
  const directory = makeDirectory();
  try {
    const child = forkInNamespace(__filename, directory);
    const [status] = await once(child, 'exit');
    return status ?? 1;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function main(directory: string | undefined): Promise<number> {
  const missing = directory === undefined ? whyNotIsolated() : undefined;
  if (directory === undefined && missing === undefined) return playInNamespaces();
  const narrate = narrator(isatty(1) && process.env.NO_COLOR === undefined);
  if (directory !== undefined) {
    narrate.note(`Real: fwknop, fwknopd, fwknop-mikrotik, TCP and TLS. Simulated: the router.`);
    await playFromThePacket(directory, narrate);
  } else {
    narrate.note(`Real: fwknop-mikrotik, TCP and TLS. Simulated: the router.`);
    narrate.note(`Left out: the SPA packet, for want of ${missing}.`);
    narrate.note(`The router takes ${LOOPBACK} for ${CLIENT}, and has its port ${PORT} elsewhere.`);
    await playFromTheProgram(narrate);
  }
  return 0;
}

main(process.argv[2]).then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(`demo: ${error.message}`);
    process.exit(1);
  },
);
