import { basename, resolve } from 'node:path';
import { parseAccessRequest } from '../access-request';
import { parseCommandLine } from '../cli';
import { DEFAULT_CONFIG_FILE } from '../config';
import { collectFaults, Failure, type Fault } from '../failure';
import { shellWord, showPath } from '../trusted-file';
import type { Setting, Stanza } from './access-conf';
import type { Finding } from './marks';

// Limits of fwknopd 2.6.10: CMD_CYCLE_BUFSIZE less its end (access.h), and what extcmd.c splits.
const LONGEST_COMMAND = 255;
const MOST_ARGUMENTS = 27;
const LONGEST_TIMER = 131072; // seconds, RCHK_MAX_CMD_CYCLE_TIMER

/** What stands for each of our four words: fwknopd's variable, another name, and a value for it. */
const SLOTS = [
  { word: '<src>', variable: '$SRC', also: '$IP', sample: '203.0.113.9', longest: 15 },
  { word: '<proto>', variable: '$PROTO', also: undefined, sample: '6', longest: 2 },
  { word: '<port>', variable: '$PORT', also: undefined, sample: '22', longest: 5 },
  { word: '<timeout>', variable: '$CLIENT_TIMEOUT', also: undefined, sample: '30', longest: 6 },
] as const;
const USUAL = SLOTS.map(({ variable }) => variable).join(' ');

/** What is without effect where a command opens (incoming_spa.c). */
const WITHOUT_EFFECT = [
  'OPEN_PORTS',
  'RESTRICT_PORTS',
  'FW_ACCESS_TIMEOUT',
  'MAX_FW_TIMEOUT',
  'CMD_EXEC_USER',
];

/** A CMD_CYCLE_OPEN line that runs this program. */
export interface Command {
  readonly place: string;
  /** What comes before the program's own arguments: an interpreter perhaps, and the program. */
  readonly head: readonly string[];
  /** The configuration that it reads, absolute. */
  readonly config: string;
}

/** The words of a stanza's CMD_CYCLE_OPEN that stand before our arguments; undefined if it is not ours. */
function headOf(open: Setting | undefined): readonly string[] | undefined {
  const words = wordsOf(open?.value ?? '');
  const ours = words.findIndex((word) => basename(word).startsWith('fwknop-mikrotik'));
  return ours < 0 ? undefined : words.slice(0, ours + 1);
}

/** fwknopd knows no quotes: it splits at white space. */
function wordsOf(value: string): readonly string[] {
  return value.trim().split(/\s+/);
}

export function isOurs(stanza: Stanza): boolean {
  return headOf(stanza.settings.get('CMD_CYCLE_OPEN')) !== undefined;
}

/** Judges a stanza that runs this program, as far as its text goes. */
export async function judgeStanza(
  stanza: Stanza,
): Promise<{ command: Command; findings: readonly Finding[] }> {
  const open = stanza.settings.get('CMD_CYCLE_OPEN') ?? stanza.source;
  const head = headOf(open) ?? [];
  const { config, findings } = await judgeCommand(open, head);
  const others = [judgeClose(stanza), judgeTimer(stanza), judgeSource(stanza)];
  return {
    command: { place: open.place, head, config },
    findings: [...findings, ...others, ...judgeUseless(stanza)],
  };
}

async function judgeCommand(
  { value, place }: Setting,
  head: readonly string[],
): Promise<{ config: string; findings: readonly Finding[] }> {
  const step = 'CMD_CYCLE_OPEN';
  const faults: Fault[] = [];
  const warnings: Fault[] = [];
  const words = wordsOf(value);
  const length = Math.max(value.length, longestExpansion(value));
  if (length > LONGEST_COMMAND) {
    const what = `${length} characters: fwknopd takes ${LONGEST_COMMAND}`;
    faults.push({ what, hint: 'move the options into the configuration file' });
  }
  if (words.length - 1 > MOST_ARGUMENTS) {
    const what = `${words.length - 1} arguments: fwknopd passes ${MOST_ARGUMENTS}`;
    faults.push({ what, hint: 'move the options into the configuration file' });
  }
  let config = DEFAULT_CONFIG_FILE;
  try {
    const invocation = await parseCommandLine(words.slice(head.length));
    if (invocation.verb !== 'open') {
      faults.push({ what: `--${invocation.verb} opens nothing`, hint: 'take it out' });
    } else {
      faults.push(...judgeWords(invocation.words));
      const { overrides } = invocation;
      config = resolve('/', overrides.config ?? DEFAULT_CONFIG_FILE);
      if (invocation.dryRun) faults.push({ what: '--dry-run opens nothing', hint: 'take it out' });
      if (overrides.router.password !== undefined) {
        warnings.push({
          what: 'fwknopd logs --routerpass on every knock',
          hint: 'use password-file in the configuration',
        });
      }
      if (Object.values(overrides.router).some((setting) => setting !== undefined)) {
        warnings.push({
          what: 'has router options, which win over the configuration: they were not tried here',
          hint: 'move them into the configuration file',
        });
      }
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    faults.push(...error.faults);
  }
  const at =
    (mark: Finding['mark']) =>
    (fault: Fault): Finding => ({
      mark,
      step,
      what: `${place}: ${fault.what}`,
      hint: fault.hint,
    });
  const findings = [...faults.map(at('FAIL')), ...warnings.map(at('warn'))];
  if (faults.length === 0) {
    const what = `${length} of ${LONGEST_COMMAND} characters, ${words.length - 1} of ${MOST_ARGUMENTS} arguments`;
    findings.unshift(at('ok')({ what }));
  }
  return { config, findings };
}

/** How long the line is once fwknopd has put the longest values in. It cuts the rest off, silently. */
function longestExpansion(value: string): number {
  return SLOTS.reduce(
    (length, { variable, longest }) =>
      length + (value.split(variable).length - 1) * (longest - variable.length),
    value.length,
  );
}

/** Each of our four words is fwknopd's variable for it, or a value that we take. */
function judgeWords(words: readonly string[]): readonly Fault[] {
  const hint = `end the line with ${USUAL}`;
  if (words.includes('$TIMEOUT')) {
    const what = '$TIMEOUT is the time of day at which access ends, no duration';
    return [{ what, hint: 'use $CLIENT_TIMEOUT' }];
  }
  const wrong = words.flatMap((word, index) => {
    const slot = SLOTS[index];
    if (slot === undefined || !word.includes('$')) return [];
    return word === slot.variable || word === slot.also ? [] : [slot.word];
  });
  if (wrong.length > 0) {
    return [{ what: `another variable, or more than one, stands for ${wrong.join(', ')}`, hint }];
  }
  const faults: Fault[] = [];
  const values = words.map((word, index) =>
    word.includes('$') ? (SLOTS[index]?.sample ?? word) : word,
  );
  collectFaults(faults, () => parseAccessRequest(values));
  return faults.map(({ what }) => ({ what, hint }));
}

function judgeClose({ source, settings }: Stanza): Finding {
  const step = 'CMD_CYCLE_CLOSE';
  const close = settings.get(step);
  const hint = `write ${step} NONE: the router's own timer closes`;
  if (close === undefined) {
    const what = `${source.place}: not set: fwknopd does not start without it`;
    return { mark: 'FAIL', step, what, hint };
  }
  // fwknopd compares four characters.
  if (close.value.startsWith('NONE')) return { mark: 'ok', step, what: `${close.place}: NONE` };
  return { mark: 'FAIL', step, what: `${close.place}: fwknopd would run it as a command`, hint };
}

function judgeTimer({ source, settings }: Stanza): Finding {
  const step = 'CMD_CYCLE_TIMER';
  const timer = settings.get(step);
  if (timer === undefined) {
    return {
      mark: 'warn',
      step,
      what: `${source.place}: not set: who asks for no time gets default-timeout`,
      hint: `write ${step} 30`,
    };
  }
  const seconds = Number(timer.value);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_TIMER) {
    const what = `${timer.place}: no number of seconds, 1-${LONGEST_TIMER}`;
    return { mark: 'FAIL', step, what, hint: `write ${step} 30` };
  }
  return { mark: 'ok', step, what: `${timer.place}: ${seconds} s, for who asks for no time` };
}

function judgeSource({ source, settings }: Stanza): Finding {
  const step = 'REQUIRE_SOURCE_ADDRESS';
  const required = settings.get(step);
  if (required !== undefined && /^y/i.test(required.value)) {
    return { mark: 'ok', step, what: `${required.place}: Y` };
  }
  return {
    mark: 'warn',
    step,
    what: `${(required ?? source).place}: not Y: a client may leave its address to the packet, which anybody on the way can change`,
    hint: `write ${step} Y`,
  };
}

function judgeUseless({ settings }: Stanza): readonly Finding[] {
  return WITHOUT_EFFECT.flatMap((step) => {
    const setting = settings.get(step);
    if (setting === undefined) return [];
    const what = `${setting.place}: without effect on a command`;
    const hint = 'set services and max-timeout under [grant] in the configuration';
    return [{ mark: 'warn' as const, step, what, hint }];
  });
}

/** Judges which configuration the commands read, beside the one that was checked. */
export function judgeConfigs(commands: readonly Command[], checked: string): readonly Finding[] {
  const step = 'configuration';
  const others = commands.filter(({ config }) => config !== checked);
  if (others.length === 0) {
    return [{ mark: 'ok', step, what: `the command reads ${showPath(checked)}, as checked above` }];
  }
  // With stanzas that read others besides, each wants a check of its own.
  const mark = others.length === commands.length ? 'FAIL' : 'warn';
  return others.map(({ place, config }) => ({
    mark,
    step,
    what: `${place}: the command reads ${showPath(config)}, which was not checked`,
    hint: `fwknop-mikrotik check --config ${shellWord(config)}`,
  }));
}
