import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { collectFaults, Failure, type Fault } from '../common/failure';
import { shellWord } from '../common/text';
import { readTrustedFile, showPath } from '../common/trusted-file';
import type { SyslogMode } from '../config/settings';
import { type AccessConf, readAccessConf } from './access-conf';
import { checkConfigs } from './command';
import type { Finding, Section } from './output';
import { checkProgram } from './program';
import { runProgram } from './run-program';
import { checkStanza, isOurs } from './stanza';

const FWKNOPD = '/usr/sbin/fwknopd';
const STANZA_STEPS = ['CMD_CYCLE lines', 'program', 'verdict'];

/** What fwknopd's side is compared with. */
export interface FwknopdCheck {
  readonly accessConf: string;
  /** The configuration that was checked. */
  readonly config: string;
  /** What it says of syslog; undefined where it cannot be read. */
  readonly syslog: SyslogMode | undefined;
  /** Seconds for each program that is run. */
  readonly deadline: number;
}

/** Goes through what fwknopd needs in order to run us, and what it takes to be told of it. */
export async function checkFwknopd(check: FwknopdCheck, section: Section): Promise<void> {
  const conf = readFiles(check.accessConf, section);
  if (conf === undefined) {
    section.skip(STANZA_STEPS, `${showPath(check.accessConf)} could not be read`);
  } else {
    await checkStanzas(conf, check, section);
    await checkVerdict(check, section);
  }
  await checkSyslog(check, section);
}

/** Reads access.conf with all that it includes; each must be closed to others, as it holds keys. */
function readFiles(path: string, section: Section): AccessConf | undefined {
  const faults: Fault[] = [];
  const conf = collectFaults(faults, () =>
    readAccessConf(resolve(path), {
      read(file) {
        const { text, requireSecrecy } = readTrustedFile(file);
        collectFaults(faults, requireSecrecy);
        return text;
      },
      list(folder) {
        try {
          return readdirSync(folder);
        } catch {
          throw new Failure('config', `${showPath(folder)}: cannot be looked into`);
        }
      },
    }),
  );
  faults.push(...(conf?.faults ?? []));
  if (faults.length > 0) section.fail('access.conf', new Failure('config', faults));
  else if (conf !== undefined) {
    const count = conf.stanzas.length;
    section.ok('access.conf', `${showPath(path)}, ${count} ${count === 1 ? 'stanza' : 'stanzas'}`);
  }
  return conf;
}

async function checkStanzas(
  { stanzas }: AccessConf,
  { accessConf, config, deadline }: FwknopdCheck,
  section: Section,
): Promise<void> {
  const ours = stanzas.filter(isOurs);
  if (ours.length === 0) {
    const what = `no line of ${showPath(accessConf)} runs fwknop-mikrotik`;
    const hint =
      'CMD_CYCLE_OPEN /usr/bin/fwknop-mikrotik $SRC $PROTO $PORT $CLIENT_TIMEOUT; see access.conf.example';
    section.fail('CMD_CYCLE_OPEN', new Failure('config', what, hint));
    section.skip(['program'], 'there is no command');
    return;
  }
  const judged = await Promise.all(ours.map(checkStanza));
  for (const { findings } of judged) section.addAll(findings);
  const commands = judged.map(({ command }) => command);
  const heads = new Map(commands.map(({ program: head }) => [head.join(' '), head]));
  for (const head of heads.values()) section.addAll(await checkProgram(head, deadline));
  section.addAll(checkConfigs(commands, config));
  const ordinary = stanzas.filter(({ variables: settings }) => !settings.has('CMD_CYCLE_OPEN'));
  section.addAll(
    ordinary.map(
      ({ source }): Finding => ({
        status: 'warn',
        step: 'stanza',
        what: `${source.place}: has no CMD_CYCLE_OPEN: for its sake fwknopd wants a firewall of this machine`,
        hint: 'give it one, or take the stanza out',
      }),
    ),
  );
}

/** Asks fwknopd itself. What it prints may hold a key, and is not repeated. */
async function checkVerdict(check: FwknopdCheck, section: Section): Promise<void> {
  if (process.geteuid?.() !== 0) {
    section.skip(['verdict'], "fwknopd's own files are for root to read");
    return;
  }
  const args = ['--exit-parse-config', '-f', '-a', resolve(check.accessConf)];
  const result = await runProgram(FWKNOPD, args, check.deadline);
  if (result.isMissing) {
    section.warn('verdict', `${FWKNOPD} is not there`, 'apt-get install fwknop-server');
  } else if (result.isFine) section.ok('verdict', 'fwknopd takes its configuration');
  else {
    const what = result.isLate
      ? 'fwknopd gives none on its configuration in time'
      : 'fwknopd refuses its configuration';
    const hint = `see why: ${FWKNOPD} ${args.map(shellWord).join(' ')}`;
    section.fail('verdict', new Failure('config', what, hint));
  }
}

/** fwknopd throws our output away: a failed opening is told of in the system's log alone. */
async function checkSyslog({ syslog, deadline }: FwknopdCheck, section: Section): Promise<void> {
  if (syslog === 'off') {
    const what = 'off in the configuration: a failed opening will be told of nowhere';
    section.warn('syslog', what, 'syslog = "auto"');
    return;
  }
  const text = 'check: the system log is reached';
  // As the opening calls it, but that it says whether it could.
  const args = [
    '--socket-errors=on',
    '--tag',
    'fwknop-mikrotik',
    '--priority',
    'daemon.debug',
    text,
  ];
  const result = await runProgram('logger', args, deadline);
  if (result.isFine) section.ok('syslog', 'reached; see journalctl -t fwknop-mikrotik');
  else if (result.isMissing) {
    const what = 'logger is in neither /usr/bin nor /bin: a failed opening will be told of nowhere';
    section.fail('syslog', new Failure('config', what, 'apt-get install bsdutils'));
  } else {
    const what = 'not reached: a failed opening will be told of nowhere';
    const hint = 'start the system log (/dev/log), or say syslog = "off"';
    section.fail('syslog', new Failure('config', what, hint));
  }
}
