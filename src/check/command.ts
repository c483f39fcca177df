import { basename, resolve } from 'node:path';
import { parseAccessRequest } from '../access/access-request';
import { parseCommandLine } from '../cli/opening';
import { collectFaults, Failure, type Fault } from '../common/failure';
import { LONGEST_COMMAND, MOST_ARGUMENTS } from '../common/fwknopd';
import { shellWord } from '../common/text';
import { showPath } from '../common/trusted-file';
import { DEFAULT_CONFIG_FILE } from '../config/config';
import type { RouterSettings } from '../config/config-file';
import type { Variable } from './access-conf';
import type { Finding } from './output';

/** What stands for each of our four words: fwknopd's variable, another name, and a value for it. */
const ARGUMENTS = [
  { word: '<src>', variable: '$SRC', also: '$IP', sample: '203.0.113.9', longest: 15 },
  { word: '<proto>', variable: '$PROTO', also: undefined, sample: '6', longest: 2 },
  { word: '<port>', variable: '$PORT', also: undefined, sample: '22', longest: 5 },
  { word: '<timeout>', variable: '$CLIENT_TIMEOUT', also: undefined, sample: '30', longest: 7 },
] as const;
const USUAL = ARGUMENTS.map(({ variable }) => variable).join(' ');

/** A CMD_CYCLE_OPEN line that runs this program. */
export interface HelperCommand {
  readonly place: string;
  /** What comes before the program's own arguments: an interpreter perhaps, and the program. */
  readonly program: readonly string[];
  /** The configuration that it reads, absolute. */
  readonly config: string;
}

/** The words of a stanza's CMD_CYCLE_OPEN that stand before our arguments; undefined if it is not ours. */
export function programOf(open: Variable | undefined): readonly string[] | undefined {
  const words = wordsOf(open?.value ?? '');
  const ours = words.findIndex((word) => basename(word).startsWith('fwknop-mikrotik'));
  return ours < 0 ? undefined : words.slice(0, ours + 1);
}

/** fwknopd knows no quotes: it splits at white space. */
function wordsOf(value: string): readonly string[] {
  return value.trim().split(/\s+/);
}

/** Checks the text of a CMD_CYCLE_OPEN line. @param head see `program` of HelperCommand */
export async function checkCommand(
  { value, place }: Variable,
  head: readonly string[],
): Promise<{ config: string; findings: readonly Finding[] }> {
  const words = wordsOf(value);
  const length = Math.max(value.length, longestExpansion(value));
  const judged = await checkArguments(words.slice(head.length));
  const faults = [...checkLimits(length, words.length - 1), ...judged.faults];
  const finding = (status: Finding['status'], { what, hint }: Fault): Finding => ({
    status,
    step: 'CMD_CYCLE_OPEN',
    what: `${place}: ${what}`,
    hint,
  });
  const what = `${length} of ${LONGEST_COMMAND} characters, ${words.length - 1} of ${MOST_ARGUMENTS} arguments`;
  return {
    config: judged.config,
    findings: [
      ...(faults.length === 0 ? [finding('ok', { what })] : []),
      ...faults.map((fault) => finding('FAIL', fault)),
      ...judged.warnings.map((fault) => finding('warn', fault)),
    ],
  };
}

function checkLimits(length: number, count: number): readonly Fault[] {
  const hint = 'move the options into the configuration file';
  const faults: Fault[] = [];
  if (length > LONGEST_COMMAND) {
    faults.push({ what: `${length} characters: fwknopd takes ${LONGEST_COMMAND}`, hint });
  }
  if (count > MOST_ARGUMENTS) {
    faults.push({ what: `${count} arguments: fwknopd passes ${MOST_ARGUMENTS}`, hint });
  }
  return faults;
}

/** Judges our own arguments, by the reader that an opening reads them with. */
async function checkArguments(
  argv: readonly string[],
): Promise<{ config: string; faults: readonly Fault[]; warnings: readonly Fault[] }> {
  try {
    const invocation = await parseCommandLine(argv);
    if (invocation.verb !== 'open') {
      const what = `--${invocation.verb} opens nothing`;
      return { config: DEFAULT_CONFIG_FILE, faults: [{ what, hint: 'take it out' }], warnings: [] };
    }
    const { positionals: words, overrides, dryRun } = invocation;
    const faults = [...checkWords(words)];
    if (dryRun) faults.push({ what: '--dry-run opens nothing', hint: 'take it out' });
    const config = resolve('/', overrides.config ?? DEFAULT_CONFIG_FILE); // where fwknopd runs it
    return { config, faults, warnings: checkRouterOptions(overrides.router) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { config: DEFAULT_CONFIG_FILE, faults: error.faults, warnings: [] };
  }
}

function checkRouterOptions(router: RouterSettings): readonly Fault[] {
  const warnings: Fault[] = [];
  if (router.password !== undefined) {
    const hint = 'use password-file in the configuration';
    warnings.push({ what: 'fwknopd logs --routerpass on every knock', hint });
  }
  if (Object.values(router).some((setting) => setting !== undefined)) {
    warnings.push({
      what: 'has router options, which win over the configuration: they were not tried here',
      hint: 'move them into the configuration file',
    });
  }
  return warnings;
}

/** How long the line is once fwknopd has put the longest values in. It cuts the rest off, silently. */
function longestExpansion(value: string): number {
  return ARGUMENTS.reduce(
    (length, { variable, longest }) =>
      length + (value.split(variable).length - 1) * (longest - variable.length),
    value.length,
  );
}

/** Each of our four words is fwknopd's variable for it, or a value that we take. */
function checkWords(words: readonly string[]): readonly Fault[] {
  const hint = `end the line with ${USUAL}`;
  if (words.includes('$TIMEOUT')) {
    const what = '$TIMEOUT is the time of day at which access ends, no duration';
    return [{ what, hint: 'use $CLIENT_TIMEOUT' }];
  }
  const wrong = words.flatMap((word, index) => {
    const slot = ARGUMENTS[index];
    if (slot === undefined || !word.includes('$')) return [];
    return word === slot.variable || word === slot.also ? [] : [slot.word];
  });
  if (wrong.length > 0) {
    return [{ what: `another variable, or more than one, stands for ${wrong.join(', ')}`, hint }];
  }
  const faults: Fault[] = [];
  const values = words.map((word, index) =>
    word.includes('$') ? (ARGUMENTS[index]?.sample ?? word) : word,
  );
  collectFaults(faults, () => parseAccessRequest(values));
  return faults.map(({ what }) => ({ what, hint }));
}

/** Checks that the commands read the configuration that was checked. */
export function checkConfigs(
  commands: readonly HelperCommand[],
  checked: string,
): readonly Finding[] {
  const step = 'configuration';
  const others = commands.filter(({ config }) => config !== checked);
  if (others.length === 0) {
    return [
      { status: 'ok', step, what: `the command reads ${showPath(checked)}, as checked above` },
    ];
  }
  // With stanzas that read others besides, each wants a check of its own.
  const status = others.length === commands.length ? 'FAIL' : 'warn';
  return others.map(({ place, config }) => ({
    status,
    step,
    what: `${place}: the command reads ${showPath(config)}, which was not checked`,
    hint: `fwknop-mikrotik check --config ${shellWord(config)}`,
  }));
}
