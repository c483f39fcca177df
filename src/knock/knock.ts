import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { serviceName } from '../access/service';
import { print, say } from '../cli/report';
import { askSecret, isTerminal } from '../cli/terminal';
import { Deadline } from '../common/deadline';
import { EXIT, Failure, faultText } from '../common/failure';
import { quote } from '../common/text';
import { SessionError } from '../router/errors';
import { resolve } from '../router/resolve';
import type { Knock } from './knocks';
import {
  emptyPackets,
  hashOf,
  type Packet,
  passphrasesIn,
  secretPackets,
  textPackets,
} from './packets';
import { passphraseFile, passphrasesFor } from './passphrases';
import { type KnockRequest, readRequest } from './request';
import { answers, sendKnocks } from './send';
import { changeTargetFile, readTargetFile, targetsPath } from './target-file';
import { parseTargets, type Target, type Targets, withoutTarget, withTarget } from './targets';
import { USAGE } from './usage';

const LOOKUP = 10; // seconds for the lookup of a name

/**
 * `fwknop-mikrotik knock`.
 *
 * @param argv the command line after `knock`
 * @returns the exit status
 * @throws Failure `usage`, `unreachable` or `config`
 */
export async function run(argv: readonly string[]): Promise<number> {
  const request = await readRequest(argv);
  switch (request.verb) {
    case 'help':
      print(USAGE);
      break;
    case 'list':
      print(loadTargets().targets.map(describe).join(''));
      break;
    case 'add':
      await add(request.target);
      break;
    case 'remove':
      await remove(request.name);
      break;
    case 'hash':
      for (const passphrase of await passphrasesToHash(request.file)) {
        print(`${hashOf(passphrase)}\n`);
      }
      break;
    case 'knock':
      await knock(request);
      break;
  }
  return EXIT.open.status;
}

async function knock(request: KnockRequest): Promise<void> {
  const target = request.knocks.length > 0 ? undefined : findTarget(request.to);
  const { host, knocks } = target ?? { host: request.to, knocks: request.knocks };
  const packets = await packetsFor(knocks, request.payload ?? (target?.secret ? ASKED : undefined));
  const address = await addressOf(host);
  const isWatched = isatty(2);
  await sendKnocks(address, packets, request.delay, (packet, number) => {
    if (isWatched) {
      say(`knock ${number} of ${packets.length}: ${serviceName(packet.knock)} at ${address}`);
    }
  });
  if (request.expectedPort === undefined) return;
  // An attempt that overtook the last knock would meet a closed port, and routers penalise that.
  await sleep(request.delay);
  const service = `tcp/${request.expectedPort.port} at ${address}`;
  if (!(await answers(address, request.expectedPort))) {
    const what = `${service}: no answer in ${request.expectedPort.wait / 1000} s`;
    throw new Failure('unreachable', what, 'knock again, perhaps with a longer --delay');
  }
  print(`${service} answers\n`);
}

const ASKED = { kind: 'secret', file: undefined } as const;

async function packetsFor(
  knocks: readonly Knock[],
  payload: KnockRequest['payload'],
): Promise<readonly Packet[]> {
  if (payload === undefined) return emptyPackets(knocks);
  if (payload.kind === 'payload') return textPackets(knocks, payload.text);
  return secretPackets(knocks, await passphrasesFor(knocks, payload.file));
}

async function passphrasesToHash(file: string | undefined): Promise<readonly string[]> {
  const passphrases = await passphrasesFrom(file);
  if (passphrases.length === 0 || passphrases.includes('')) {
    throw new Failure('usage', '--hash: an empty passphrase');
  }
  return passphrases;
}

async function passphrasesFrom(file: string | undefined): Promise<readonly string[]> {
  if (file !== undefined) return passphraseFile(file);
  if (isTerminal()) return [await askSecret('passphrase: ')];
  return passphrasesIn(await text(process.stdin), 'stdin');
}

/** The first address of a host in the system's order, which other programs try first as well. */
async function addressOf(host: string): Promise<string> {
  // A deadline counts from the start of the process, and the passphrases may have taken time since.
  const deadline = new Deadline(process.uptime() + LOOKUP);
  try {
    const [address] = await resolve(host, deadline);
    return address;
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    throw new Failure('unreachable', `${host}: ${error.message}`, error.hint);
  } finally {
    deadline.cancel();
  }
}

/** Reads the targets, and says which lines of the file cannot be read. */
function loadTargets(file = readTargetFile(targetsPath())): Targets {
  for (const fault of file.insecure?.faults ?? []) say(faultText(fault));
  const targets = parseTargets(file.text);
  for (const { number, why } of targets.unreadable) say(`${targetsPath()}, line ${number}: ${why}`);
  return targets;
}

function findTarget(name: string): Target {
  const { targets, unreadable } = loadTargets();
  const named = [...targets, ...unreadable].filter((known) => known.name === name);
  const [target, ...others] = named;
  if (target === undefined) {
    const hint = 'give its knocks, or add it by --add';
    throw new Failure('usage', `no target ${quote(name)}`, hint);
  }
  if (others.length > 0) {
    throw new Failure('usage', `more than one target ${quote(name)}`, 'give the knocks');
  }
  if ('why' in target) {
    const hint = `correct line ${target.number}, or knock --remove ${name} and add it again`;
    throw new Failure('config', `target ${quote(name)}: one of its knocks is unreadable`, hint);
  }
  return target;
}

async function add(target: Target): Promise<void> {
  await changeTargetFile(targetsPath(), (file) => {
    if (hasTarget(loadTargets(file), target.name)) {
      const hint = `knock --remove ${target.name}`;
      throw new Failure('usage', `there is a target ${quote(target.name)}`, hint);
    }
    return withTarget(file.text, target);
  });
}

async function remove(name: string): Promise<void> {
  await changeTargetFile(targetsPath(), (file) => {
    if (!hasTarget(loadTargets(file), name)) {
      throw new Failure('usage', `no target ${quote(name)}`, 'see knock --list');
    }
    return withoutTarget(file.text, name);
  });
}

function hasTarget({ targets, unreadable }: Targets, name: string): boolean {
  return [...targets, ...unreadable].some((known) => known.name === name);
}

function describe({ name, host, knocks, secret }: Target): string {
  const kind = secret ? 'secret' : 'sequence';
  return `${[name, host, kind, ...knocks.map(serviceName)].join(' ')}\n`;
}
