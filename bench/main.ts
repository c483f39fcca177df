/**
 * `npm run bench`: what an opening takes, as a multiple of `node -e 0` in the same round.
 *
 *     npm run bench -- [--rounds N] [--node PATH]... [--json FILE] [--check]
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Commands } from './commands';
import { type Load, loads } from './load';
import { type Figure, measure, median, peakMemory, ratio } from './measure';

const MARGIN = 1.15; // what --check allows beyond a target: machines are shared and noisy

/** `figure` may take at most `most` times as long as `base`. */
interface Target {
  readonly figure: string;
  readonly base: string;
  readonly most: number;
  /** The first major version of Node that it is meant for. */
  readonly since?: number;
}

const TARGETS: readonly Target[] = [
  { figure: 'fwknop-mikrotik, plain', base: 'node -e 0', most: 1.45, since: 20 },
  { figure: 'fwknop-mikrotik, pinned', base: 'node -e 0', most: 1.65, since: 20 },
  { figure: 'fwknop-mikrotik, plain', base: 'bare Node, plain', most: 1.15 },
  { figure: 'fwknop-mikrotik, pinned', base: 'bare Node, pinned', most: 1.15 },
  { figure: 'fwknop-mikrotik, CA file', base: 'node -e 0', most: 1.9, since: 22 },
  { figure: 'fwknop-mikrotik, pinned', base: 'open_ports.py, tls', most: 0.38 },
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '30' },
      knocks: { type: 'string', default: '1000' },
      node: { type: 'string', multiple: true, default: [process.execPath] },
      json: { type: 'string', default: 'bench.json' },
      check: { type: 'boolean', default: false },
    },
  });
  const results: Result[] = [];
  for (const node of values.node) {
    const result = await bench(node, Number(values.rounds), Number(values.knocks));
    console.log(table(result));
    results.push(result);
  }
  writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
  const missed = results.flatMap(missedTargets);
  for (const line of missed) console.log(line);
  if (values.check && missed.length > 0) process.exitCode = 1;
}

interface Result {
  readonly node: string;
  readonly machine: string;
  readonly rounds: number;
  readonly figures: readonly Figure[];
  /** Peak resident memory as a multiple of that of `node -e 0`. */
  readonly memory: number;
  readonly loads: readonly Load[];
}

async function bench(node: string, rounds: number, knocks: number): Promise<Result> {
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const withPython = spawnSync('/usr/bin/python3', ['-c', 'import librouteros']).status === 0;
  if (!withPython)
    console.warn('no open_ports.py, for want of the Debian package python3-librouteros');
  const commands = new Commands(node);
  try {
    const all = await commands.all(withPython);
    const figures = await measure(all, rounds);
    const peak = async (name: string) => {
      const peaks: number[] = [];
      for (const command of all.filter((candidate) => candidate.name === name)) {
        while (peaks.length < 5) peaks.push(await peakMemory(command));
      }
      return median(peaks);
    };
    return {
      node: version,
      machine: `${cpus().length} x ${cpus()[0]?.model}`,
      rounds,
      figures,
      memory: (await peak('fwknop-mikrotik, pinned')) / (await peak('node -e 0')),
      loads: await loads(node, knocks),
    };
  } finally {
    await commands.close();
  }
}

function table({ node, machine, rounds, figures, memory, loads }: Result): string {
  const [base] = figures;
  const rows = figures.map((figure) => {
    const multiple = base === undefined ? Number.NaN : ratio(figure, base);
    return `| ${figure.name} | ${median(figure.times).toFixed(1)} | ${multiple.toFixed(2)} |`;
  });
  return [
    `Node ${node}, ${machine}, medians of ${rounds} rounds`,
    '',
    '| | ms | x node -e 0 |',
    '|---|---|---|',
    ...rows,
    `| peak memory, pinned | | ${memory.toFixed(2)} |`,
    '',
    ...loads.map(({ name, result }) => `- ${name}: ${result}`),
    '',
  ].join('\n');
}

function missedTargets({ node, figures, memory, loads }: Result): readonly string[] {
  const named = (name: string) => figures.find((figure) => figure.name === name);
  const major = Number.parseInt(node.slice(1), 10);
  const seen = TARGETS.filter(({ since = 0 }) => major >= since).flatMap(
    ({ figure, base, most }) => {
      const [one, other] = [named(figure), named(base)];
      if (one === undefined || other === undefined) return [];
      return [{ what: `${figure} / ${base}`, value: ratio(one, other), most }];
    },
  );
  seen.push({ what: 'peak memory', value: memory, most: 1.25 });
  for (const { name, target } of loads)
    if (target !== undefined) seen.push({ what: name, ...target });
  return seen
    .filter(({ value, most }) => !(value <= most * MARGIN))
    .map(({ what, value, most }) => `${node}: ${what}: ${value.toFixed(2)}, more than ${most}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
