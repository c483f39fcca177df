/**
 * `npm run demo`: the real executable opens a door on a router of our own, which closes by itself.
 * Where stock fwknopd and fwknop are installed, it starts from the SPA packet.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNotIsolated } from '../test/fwknop/isolation';
import { closeWorlds, startWorld } from '../test/fwknop/remote';
import { run } from '../test/support/run';
import type { Entry } from './api/address-lists';
import { type RouterOptions, startRouter } from './api/server';
import { certificates } from './certificates';

const PASSWORD = 'only-for-the-demo';
const ADDRESS = '203.0.113.9';
const SECONDS = 5;
const PORT = 8729;

const { key, cert, fingerprint } = certificates().selfSigned;
const ROUTER: RouterOptions = {
  transport: { key, cert },
  users: [{ name: 'fwknop', password: PASSWORD, policies: ['api', 'write'] }],
};

/** The configuration of a router that listens on a port here. */
const configuration = (port: number) => `[[router]]
name = "demo"
host = "127.0.0.1"
port = ${port}
user = "fwknop"
password = "${PASSWORD}"
fingerprint = "${fingerprint}"
`;

const say = (text: string) => console.log(text);

async function main(): Promise<void> {
  say('A router of our own: RouterOS API over TLS, a user who may write and not read.');
  const missing = whyNotIsolated();
  if (missing === undefined) {
    await fromThePacket();
  } else {
    say(`(From the helper on, for want of ${missing}.)`);
    await fromTheHelper();
  }
}

async function fromThePacket(): Promise<void> {
  try {
    const world = await startWorld({
      router: { ...ROUTER, port: PORT },
      files: { 'mikrotik.toml': configuration(PORT) },
    });
    await show('before', await world.entries());
    say(
      `\n$ fwknop -A tcp/22 -a ${ADDRESS} -f ${SECONDS}      (one encrypted packet, then silence)`,
    );
    await world.knock({ access: 'tcp/22', allow: ADDRESS, timeout: SECONDS });
    const [report] = await world.reports(1);
    const [command = ''] = /CMD_CYCLE_OPEN.*/.exec(await world.fwknopdLog()) ?? [];
    say(`  fwknopd runs:     fwknop-mikrotik ${command.split(' ').slice(-4).join(' ')}`);
    say(`  fwknop-mikrotik:  ${report?.text}`);
    await watch(() => world.entries());
  } finally {
    await closeWorlds();
  }
}

async function fromTheHelper(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fwknop-mikrotik-'));
  const router = await startRouter(ROUTER);
  try {
    const file = join(folder, 'mikrotik.toml');
    writeFileSync(file, configuration(router.port), { mode: 0o600 });
    const entries = async () => router.lists.v4.entries();
    await show('before', await entries());
    say(`\n$ fwknop-mikrotik --config mikrotik.toml ${ADDRESS} 6 22 ${SECONDS}`);
    const { status, stderr } = await run(['--config', file, ADDRESS, '6', '22', String(SECONDS)]);
    say(`  ${stderr.trim()}\n  exit status ${status}`);
    await watch(entries);
  } finally {
    await router.close();
    rmSync(folder, { recursive: true });
  }
}

async function show(when: string, entries: readonly Entry[]): Promise<void> {
  say(`\nOn the router, ${when}:`);
  if (entries.length === 0) say('  (no entry: every door is closed)');
  for (const { list, address, secondsLeft = 0 } of entries) {
    say(`  ${list}  ${address}  ${Math.ceil(secondsLeft)} s left`);
  }
}

/** Shows the list until it is empty again. */
async function watch(entries: () => Promise<readonly Entry[]>): Promise<void> {
  let open = await entries();
  if (open.length === 0) throw new Error('nothing was opened');
  await show('after', open);
  for (;;) {
    await sleep(1000);
    open = await entries();
    if (open.length === 0) break;
    const left = open.map(({ secondsLeft = 0 }) => `${Math.ceil(secondsLeft)} s left`);
    say(`               ${ADDRESS}  ${left.join()}`);
  }
  await show('at the end', open);
  say('\nThe router closed the door by its own timer. Nothing else had to remember it.');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
