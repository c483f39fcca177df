/** Runs commands in turn and tells how long they took. */
import { execFile, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from './commands';

export interface Figure {
  readonly name: string;
  /** Milliseconds of wall time, one for each round that it took part in. */
  readonly times: readonly number[];
}

const run = promisify(execFile);

const SLOW_ROUNDS = 3;

let doors = 1023;

/** A port that no run before had opened: each opening must be a new entry. */
export function nextDoor(): number {
  doors += 1;
  return doors;
}

/**
 * Runs every command once a round, in a new random order each time, so that whatever else the
 * machine does hits all of them alike.
 *
 * @throws when a run fails, or leaves no entry on its router
 */
export async function measure(
  commands: readonly Command[],
  rounds: number,
): Promise<readonly Figure[]> {
  const times = new Map<string, number[]>(commands.map(({ name }) => [name, []]));
  // A first run of each, not counted: it fills the system's caches.
  for (const command of commands) await runOnce(command);
  for (let round = 0; round < rounds; round += 1) {
    const due = commands.filter(({ isSlow }) => !isSlow || round < SLOW_ROUNDS);
    for (const command of shuffled(due)) times.get(command.name)?.push(await runOnce(command));
  }
  return commands.map(({ name }) => ({ name, times: times.get(name) ?? [] }));
}

/** Runs a command once. @returns milliseconds from the start of the process to its end */
export async function runOnce({ name, line, env = {}, router, prepare }: Command): Promise<number> {
  prepare?.();
  const adds = router?.adds ?? 0;
  const [program = '', ...args] = line(nextDoor());
  const started = performance.now();
  // An environment as empty as fwknopd's: NODE_EXTRA_CA_CERTS alone would add 85 ms.
  const child = spawn(program, args, { env, cwd: '/', stdio: 'ignore' });
  const status = await new Promise((settle) => child.on('close', settle));
  const took = performance.now() - started;
  if (status !== 0) throw new Error(`${name}: exit status ${status}`);
  if (router !== undefined && router.adds !== adds + 1) throw new Error(`${name}: no entry`);
  return took;
}

/**
 * The peak of a command's resident memory, in KiB.
 *
 * @throws when it fails
 */
export async function peakMemory({ line, env = {} }: Command): Promise<number> {
  const script = resolve(__dirname, 'max-rss.py');
  const options = { env, cwd: '/' };
  // Not waited for by blocking: the router that it opens is in this process.
  const { stdout } = await run('/usr/bin/python3', [script, ...line(nextDoor())], options);
  return Number(stdout);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The median over all rounds of one figure's time as a multiple of another's in the same round. */
export function ratio(figure: Figure, base: Figure): number {
  return median(figure.times.map((time, round) => time / (base.times[round] ?? Number.NaN)));
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
