import { readdirSync, statSync } from 'node:fs';
import { isContainer } from '../common/container';
import { collectFaults, Failure, type Fault } from '../common/failure';
import { clip, printable } from '../common/text';
import { readTrustedFile, showPath } from '../common/trusted-file';
import type { Config } from '../config/config';
import type { SyslogMode } from '../config/settings';
import { type AccessConf, readAccessConf, type Stanza } from './access-conf';
import { checkClients, checkConfigs, type HelperCommand } from './command';
import { type FwknopdSettings, passesEnvironment, readFwknopdConfig } from './fwknopd-config';
import { checkServices } from './grants';
import { checkAppArmor, checkClock, checkIdentity, checkSandbox } from './host';
import { checkCapture, checkDestinations, checkRunning } from './listening';
import type { Finding, Section } from './output';
import { type FwknopdProcess, findFwknopd } from './process';
import { type Caller, checkProgram } from './program';
import { DEFAULT_PATH } from './program-path';
import { runProgram } from './run-program';
import { checkStanza, whyClosed, whyNotReached } from './stanza';

const LONGEST_QUOTE = 80; // characters of another program's words
const STANZA_STEPS = ['CMD_CYCLE_OPEN', 'program'];
const FWKNOPD_STEPS = ['config test', 'capture', 'running', 'identity', 'clock'];

/** access.conf and the commands in it. */
export interface Lines {
  readonly conf: AccessConf | undefined;
  /** Why fwknopd refuses the file, or does not use all of it. */
  readonly faults: readonly Fault[];
  readonly commands: readonly HelperCommand[];
  /** The findings on the stanzas of these commands. */
  readonly findings: readonly Finding[];
}

/** The facts that fwknopd's side must fit. */
export interface FwknopdCheck {
  readonly accessConf: string;
  /** The paths of the configurations that were checked, and those that could be read. */
  readonly checked: readonly string[];
  readonly configs: ReadonlyMap<string, Config>;
  /** The setting; undefined where the configuration cannot be read. */
  readonly syslog: SyslogMode | undefined;
  /** Seconds for each program that is run. */
  readonly deadline: number;
}

/**
 * Reads access.conf with the files that it includes; each must be closed to others, as it holds keys.
 *
 * @param path absolute
 */
export async function readLines(path: string): Promise<Lines> {
  const faults: Fault[] = [];
  const conf = collectFaults(faults, () =>
    readAccessConf(path, {
      read(file) {
        const { text, requireSecrecy } = readTrustedFile(file);
        collectFaults(faults, requireSecrecy);
        return text;
      },
      list(directory) {
        try {
          return readdirSync(directory);
        } catch {
          throw new Failure('config', `${showPath(directory)}: cannot be read`);
        }
      },
    }),
  );
  const commands: HelperCommand[] = [];
  const findings: Finding[] = [];
  const closed: (readonly Finding[])[] = [];
  const stanzas = conf?.stanzas ?? [];
  const now = new Date();
  for (const [index, stanza] of stanzas.entries()) {
    const checked = await checkStanza(stanza);
    findings.push(...checked.findings);
    if (checked.command === undefined) continue;
    commands.push(checked.command);
    const earlier = stanzas.slice(0, index);
    closed.push([...whyClosed(stanza, now), ...whyNotReached(stanza, earlier, now)]);
  }
  // One closed stanza beside an open one is a client that shall not knock any more.
  const status = closed.some((reasons) => reasons.length === 0) ? 'warn' : 'FAIL';
  findings.push(...closed.flat().map((finding) => ({ ...finding, status }) as const));
  return { conf, faults: [...faults, ...(conf?.faults ?? [])], commands, findings };
}

/** Checks what fwknopd needs to hear a knock and to run the program, and the system's log. */
export async function checkFwknopd(
  lines: Lines,
  check: FwknopdCheck,
  section: Section,
): Promise<void> {
  const { conf, faults } = lines;
  const path = showPath(check.accessConf);
  if (faults.length > 0) section.fail('access.conf', new Failure('config', faults));
  else if (conf !== undefined) {
    const count = conf.stanzas.length;
    section.ok('access.conf', `${path}, ${count} ${count === 1 ? 'stanza' : 'stanzas'}`);
  }
  if (conf === undefined) {
    section.skip([...STANZA_STEPS, ...FWKNOPD_STEPS], `${path} could not be read`);
  } else {
    const running = findFwknopd(check.accessConf);
    const caller = {
      path: running?.environment.PATH?.split(':') ?? DEFAULT_PATH,
      environment: (await passesEnvironment(check.deadline)) ? (running?.environment ?? {}) : {},
    };
    await checkStanzas(conf, lines, check, caller, section);
    await checkDaemon(conf, lines, check, running, section);
  }
  await checkSyslog(check, section);
}

async function checkStanzas(
  { stanzas, services }: AccessConf,
  { commands, findings }: Lines,
  { accessConf, checked, configs, deadline }: FwknopdCheck,
  caller: Caller,
  section: Section,
): Promise<void> {
  section.addAll(findings);
  if (commands.length === 0) {
    if (findings.length === 0) section.fail('CMD_CYCLE_OPEN', noCommand(stanzas, accessConf));
    section.skip(['program'], 'there is no command');
    return;
  }
  const programs = new Map(
    commands.map((command) => [[command.wrapper, ...command.program].join(' '), command]),
  );
  for (const { program, wrapper } of programs.values()) {
    section.addAll(await checkProgram(program, wrapper, caller, deadline));
  }
  section.addAll(checkConfigs(commands, checked));
  section.addAll(checkClients(commands, configs));
  section.addAll(checkServices(commands, services));
  const ordinary = stanzas.filter(({ variables: settings }) => !settings.has('CMD_CYCLE_OPEN'));
  section.addAll(
    ordinary.map(
      ({ source }): Finding => ({
        status: 'warn',
        step: 'stanza',
        what: `${source.place}: without CMD_CYCLE_OPEN, fwknopd needs a local firewall`,
        hint: 'give the stanza one, or remove the stanza',
      }),
    ),
  );
}

/** Whether a command is open_ports.py, which this program replaces. */
export function runsOpenPorts(stanzas: readonly Stanza[]): boolean {
  return stanzas.some(({ variables }) =>
    /\bopen_ports\.py\b/.test(variables.get('CMD_CYCLE_OPEN')?.value ?? ''),
  );
}

function noCommand(stanzas: readonly Stanza[], accessConf: string): Failure {
  const what = `no line of ${showPath(accessConf)} runs fwknop-mikrotik`;
  const hint = runsOpenPorts(stanzas)
    ? 'fwknop-mikrotik install --migrate puts it in the place of open_ports.py'
    : 'CMD_CYCLE_OPEN /usr/bin/fwknop-mikrotik $SRC $PROTO $PORT $CLIENT_TIMEOUT; see access.conf.example';
  return new Failure('config', what, hint);
}

/** Checks fwknopd itself: its settings, and the process. */
async function checkDaemon(
  conf: AccessConf,
  { commands }: Lines,
  { accessConf, deadline }: FwknopdCheck,
  running: FwknopdProcess | undefined,
  section: Section,
): Promise<void> {
  let settings: FwknopdSettings | undefined;
  try {
    settings = await readFwknopdConfig(accessConf, running, deadline);
    section.ok('config test', 'fwknopd accepts its configuration');
    section.addAll(checkCapture(settings, conf, running?.pid ?? 'self'));
    section.addAll(checkDestinations(settings, conf));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    section.fail('config test', error);
    section.skip(['capture'], 'config test failed');
  }
  section.addAll(checkRunning(running, settings, accessConf, conf.files));
  section.addAll(await checkSandbox(commands, deadline));
  if (running !== undefined) section.addAll(checkAppArmor(running.pid, commands));
  section.addAll(checkIdentity(running?.pid ?? 'self'));
  section.addAll(await checkClock(__filename, settings, deadline));
}

/** fwknopd drops the program's output: the system's log alone tells of a failed opening. */
async function checkSyslog({ syslog, deadline }: FwknopdCheck, section: Section): Promise<void> {
  if (syslog === 'off') {
    const what = 'off in the configuration: failures will not be logged';
    section.warn('syslog', what, 'syslog = "auto"');
    return;
  }
  const fail = (what: string, hint: string) =>
    section.fail('syslog', new Failure('config', `${what}: failures will not be logged`, hint));
  // util-linux's logger and busybox's understand these options.
  const words = ['-t', 'fwknop-mikrotik', '-p', 'daemon.debug', 'check: the system log is reached'];
  // Only util-linux's says by its status whether somebody listens; busybox's refuses the option.
  const strict = await runProgram('logger', ['--socket-errors=on', ...words], deadline);
  const isBusybox = /(?:unrecognized|invalid) option/.test(strict.stderr);
  const result = isBusybox ? await runProgram('logger', words, deadline) : strict;
  const start = 'start the system log, or say syslog = "off"';
  if (result.isMissing) fail('logger is in neither /usr/bin nor /bin', 'apt-get install bsdutils');
  else if (!hasLog()) fail('there is no /dev/log', start);
  else if (result.isLate) fail('nobody reads /dev/log', start);
  else if (/\/dev\/log/.test(result.stderr)) fail('nobody listens on /dev/log', start);
  else if (!result.isFine) {
    const [said = ''] = result.stderr.trim().split('\n');
    const why = said === '' ? 'logger fails' : clip(printable(said), LONGEST_QUOTE);
    fail(why, `see why: env -i logger ${words.slice(0, 4).join(' ')} test`);
  } else {
    const where = isContainer() ? "the container's log" : 'journalctl -t fwknop-mikrotik';
    section.ok('syslog', `reached; see ${where}`);
  }
}

/** busybox's logger ends well where there is no log. */
function hasLog(): boolean {
  try {
    return statSync('/dev/log').isSocket();
  } catch {
    return false;
  }
}
