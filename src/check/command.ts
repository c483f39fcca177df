import { basename, resolve } from 'node:path';
import { parseAccessRequest } from '../access/access-request';
import { parsePort, parseProtocol, type Service } from '../access/service';
import { parseCommandLine } from '../cli/opening';
import { collectFaults, Failure, type Fault } from '../common/failure';
import { LONGEST_COMMAND, MOST_ARGUMENTS } from '../common/fwknopd';
import { shellWord } from '../common/text';
import { showPath } from '../common/trusted-file';
import { type Config, DEFAULT_CONFIG_FILE, type Overrides } from '../config/config';
import type { Variable } from './access-conf';
import type { Finding } from './output';
import { readWrapper, type Wrapper } from './wrapper';

/** The four arguments: fwknopd's variable for each, another name of it, and a value in its place. */
const ARGUMENTS = [
  { word: '<src>', variable: '$SRC', also: '$IP', sample: '203.0.113.9', longest: 15 },
  { word: '<proto>', variable: '$PROTO', also: undefined, sample: '6', longest: 2 },
  { word: '<port>', variable: '$PORT', also: undefined, sample: '22', longest: 5 },
  { word: '<timeout>', variable: '$CLIENT_TIMEOUT', also: undefined, sample: '30', longest: 7 },
] as const;
const USUAL = ARGUMENTS.map(({ variable }) => variable).join(' ');

/** The variables of build_cmd (cmd_cycle.c), which compares as many characters as each has. */
const FWKNOPD_VARIABLES = ['IP', 'SRC', 'PKT_SRC', 'DST', 'PORT', 'PROTO', 'TIMEOUT'];
FWKNOPD_VARIABLES.push('CLIENT_TIMEOUT');

/** A CMD_CYCLE_OPEN line that runs this program. */
export interface HelperCommand {
  readonly place: string;
  /** The line up to the program: perhaps an interpreter, and the program. */
  readonly program: readonly string[];
  /** The script that runs it, absolute; undefined where the line itself does. */
  readonly wrapper: string | undefined;
  /** The configuration file that it reads, absolute. */
  readonly config: string;
  /** The options of the line, with absolute paths; undefined where they cannot be read. */
  readonly overrides: Overrides | undefined;
  /** The service that the line names; undefined where the client names one. */
  readonly service: Service | undefined;
}

/** The program of a line, its arguments, and the script between fwknopd and it. */
type Called = Omit<Wrapper, 'script'> & { readonly script?: string };

/**
 * Finds this program in a CMD_CYCLE_OPEN line, or in the script that the line runs.
 *
 * @returns the path of the script where it cannot be understood; undefined where another program runs
 */
export function findCall({ value }: Variable): Called | string | undefined {
  const words = wordsOf(value);
  const ours = words.findIndex((word) => basename(word).startsWith('fwknop-mikrotik'));
  if (ours < 0) return readWrapper(words);
  return { program: words.slice(0, ours + 1), args: words.slice(ours + 1) };
}

/** fwknopd knows no quotes: it splits at white space. */
function wordsOf(value: string): readonly string[] {
  return value.trim().split(/\s+/);
}

/** Checks the text of a CMD_CYCLE_OPEN line. */
export async function checkCommand(
  { value, place }: Variable,
  { program, args, script: wrapper }: Called,
): Promise<{ command: HelperCommand; findings: readonly Finding[] }> {
  const length = Math.max(value.length, longestExpansion(value));
  const count = wordsOf(value).length - 1;
  const unknown = unknownVariables(value);
  const { overrides, service, ...checked } =
    unknown.length === 0 ? await checkArguments(args) : { ...UNREADABLE, faults: unknown };
  const faults = [...checkLimits(length, count), ...checked.faults];
  const finding = (status: Finding['status'], { what, hint }: Fault): Finding => ({
    status,
    step: 'CMD_CYCLE_OPEN',
    what: `${place}: ${what}`,
    hint,
  });
  const what = `${length} of ${LONGEST_COMMAND} characters, ${count} of ${MOST_ARGUMENTS} arguments`;
  const config = overrides?.config ?? DEFAULT_CONFIG_FILE;
  return {
    command: { place, program, wrapper, config, overrides, service },
    findings: [
      ...(faults.length === 0 ? [finding('ok', { what })] : []),
      ...faults.map((fault) => finding('FAIL', fault)),
      ...(overrides === undefined ? [] : warnings(overrides, args)).map((fault) =>
        finding('warn', fault),
      ),
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

/** fwknopd takes the `$` off a variable that it does not know, and passes the rest. */
function unknownVariables(value: string): readonly Fault[] {
  const named = new Set(value.match(/\$[A-Za-z_]\w*/g) ?? []);
  const unknown = [...named].filter(
    (variable) => !FWKNOPD_VARIABLES.some((known) => variable.startsWith(`$${known}`)),
  );
  return unknown.map((variable) => ({
    what: `fwknopd has no variable ${variable}: it passes the text ${variable.slice(1)}`,
    hint: `write the value itself; fwknopd's variables are ${USUAL}`,
  }));
}

const UNREADABLE = { overrides: undefined, service: undefined };

/** Checks the program's own arguments by the reader that an opening uses. */
async function checkArguments(
  argv: readonly string[],
): Promise<Pick<HelperCommand, 'overrides' | 'service'> & { faults: readonly Fault[] }> {
  try {
    const invocation = await parseCommandLine(argv);
    if (invocation.verb !== 'open') {
      const what = `--${invocation.verb} opens nothing`;
      return { ...UNREADABLE, faults: [{ what, hint: 'remove it' }] };
    }
    const { positionals, overrides, dryRun } = invocation;
    const faults = [...checkPositionals(positionals)];
    if (dryRun) faults.push({ what: '--dry-run opens nothing', hint: 'remove it' });
    return { overrides: inRoot(overrides), service: namedService(positionals), faults };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...UNREADABLE, faults: error.faults };
  }
}

function namedService([, proto = '', digits = '']: readonly string[]): Service | undefined {
  const [protocol, port] = [parseProtocol(proto), parsePort(digits)];
  return protocol && port !== undefined ? { protocol, port } : undefined;
}

/** Makes the paths of a line absolute: fwknopd runs it in the directory /. */
function inRoot({ config, router, ...rest }: Overrides): Overrides {
  const absolute = (path: string | undefined) =>
    path === undefined ? undefined : resolve('/', path);
  const { passwordFile, caFile } = router;
  const paths = { passwordFile: absolute(passwordFile), caFile: absolute(caFile) };
  return { ...rest, config: absolute(config), router: { ...router, ...paths } };
}

function warnings({ router }: Overrides, args: readonly string[]): readonly Fault[] {
  const found: Fault[] = [];
  if (router.password !== undefined) {
    const hint = 'use password-file in the configuration';
    found.push({ what: 'fwknopd logs --routerpass on every knock', hint });
  }
  const options = args.slice(0, -ARGUMENTS.length);
  if (options.some((word) => word.includes('$'))) {
    const what = 'a variable in an option: the client that knocks chooses the value';
    found.push({ what, hint: 'write the value itself' });
  }
  return found;
}

/** How long the line is with the longest values. fwknopd cuts the rest off, and does not log it. */
function longestExpansion(value: string): number {
  return ARGUMENTS.reduce(
    (length, { variable, longest }) =>
      length + (value.split(variable).length - 1) * (longest - variable.length),
    value.length,
  );
}

/** Each of the four arguments must be fwknopd's variable for it, or a valid value. */
function checkPositionals(words: readonly string[]): readonly Fault[] {
  const hint = `end the line with ${USUAL}`;
  if (words.includes('$TIMEOUT')) {
    const what = '$TIMEOUT is a Unix timestamp, no duration';
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

/** Names the clients that have no table in a configuration with tables for others. */
export function checkClients(
  commands: readonly HelperCommand[],
  configs: ReadonlyMap<string, Config>,
): readonly Finding[] {
  return commands.flatMap(({ place, config, overrides }) => {
    const clients = configs.get(config)?.clients;
    const client = overrides?.client;
    if (overrides === undefined || clients === undefined || clients.size === 0) return [];
    if (client !== undefined && clients.has(client)) return [];
    const who = client === undefined ? 'no --client' : `--client ${client} has no table`;
    return [
      {
        status: 'warn',
        step: 'client',
        what: `${place}: ${who}: all of [grant] is granted to it, while other clients have tables`,
        hint: `add a table [client.${client ?? 'NAME'}] to ${showPath(config)}`,
      } as const,
    ];
  });
}

/** Names the commands that read a configuration which was not checked. */
export function checkConfigs(
  commands: readonly HelperCommand[],
  checked: readonly string[],
): readonly Finding[] {
  const others = commands.filter(({ config }) => !checked.includes(config));
  // Stanzas that read others besides want a check of their own.
  const status = others.length === commands.length ? 'FAIL' : 'warn';
  return others.map(({ place, config }) => ({
    status,
    step: 'configuration',
    what: `${place}: the command reads ${showPath(config)}, which was not checked`,
    hint: `fwknop-mikrotik check --config ${shellWord(config)}`,
  }));
}
