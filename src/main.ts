import { isatty } from 'node:tty';
import { version } from '../package.json';
import { parseAccessRequest } from './access/access-request';
import { type Grant, permit } from './access/grant';
import { serviceName } from './access/service';
import { parseCommandLine, readSyslogMode } from './cli/opening';
import { type Line, log, print, render, say } from './cli/report';
import { openStderr, write } from './cli/streams';
import { SYNOPSIS, USAGE } from './cli/usage';
import { Deadline } from './common/deadline';
import { formatDuration } from './common/duration';
import { asFailure, EXIT } from './common/failure';
import { giveUpRoot } from './common/root';
import { loadConfig } from './config/config';
import type { SyslogMode } from './config/settings';
import { addAttributes, entryFor, type OpeningEntry } from './router/address-list';
import { consoleWord } from './router/console';
import { type Mail, open } from './router/open';
import { labelOf, type Router } from './router/router';
import { prepareTls } from './router/trust';

/** The outcome of a run, or of one router in it. */
interface Outcome {
  readonly status: number;
  readonly lines: readonly Line[];
}

/**
 * The program: reads what is asked, decides, opens, reports, and exits.
 *
 * It alone owns the exit status, the streams and the clock. The status is a failure until every
 * router has confirmed the address: a promise that never settles must not end as a 0.
 *
 * @param argv the command line without the interpreter and the program's own name
 * @param whenDone called at the end of a run that succeeded, but not of an opening that is still root
 */
export async function main(argv: readonly string[], whenDone: () => void): Promise<void> {
  process.exitCode = EXIT.bug.status;
  // A warning of Node's would take the place of the outcome in the 255 bytes that fwknopd reads.
  process.removeAllListeners('warning');
  if (argv.some((word) => word.startsWith('--routerpass'))) process.title = 'fwknop-mikrotik';

  let syslog: SyslogMode = readSyslogMode(argv) ?? 'auto';
  const finish = ({ status, lines }: Outcome, afterwards?: () => void): never => {
    for (const line of lines) say(render(line));
    if (lines.length > 0 && wantsSyslog(syslog)) {
      giveUpRoot();
      log(lines);
    }
    afterwards?.();
    return process.exit(status);
  };
  process.once('uncaughtException', (error) => finish(failed(error)));

  try {
    if (argv.length === 0 && isatty(2)) {
      write(2, `${SYNOPSIS}\nTry 'fwknop-mikrotik --help'.\n`);
      return finish({ status: EXIT.usage.status, lines: [] });
    }
    const invocation = await parseCommandLine(argv);
    if (invocation.verb !== 'open') {
      print(invocation.verb === 'help' ? USAGE : `${version}\n`);
      return finish({ status: EXIT.open.status, lines: [] }, whenDone);
    }
    const { overrides, positionals: words, dryRun, verbose } = invocation;
    const request = parseAccessRequest(words);
    const config = loadConfig(overrides, (mode) => {
      syslog = mode;
    });
    const grant = permit(request, config.grant);
    const entry = entryFor(grant, config.list, config.comment);
    if (dryRun) {
      for (const router of config.routers) print(`${describe(router)}: ${command(entry)}\n`);
      return finish({ status: EXIT.open.status, lines: [] }, whenDone);
    }
    leaveRoot(config.routers);
    const deadline = new Deadline(config.deadline);
    const outcomes = await Promise.all(
      config.routers.map((router) => openOne(router, grant, entry, deadline, verbose)),
    );
    const warnings = overrides.router.password === undefined ? [] : [PASSWORD_IN_ARGUMENTS];
    const lines = [...outcomes.flatMap((outcome) => outcome.lines), ...warnings];
    const failing = outcomes.find(({ status }) => status !== EXIT.open.status);
    if (failing !== undefined) return finish({ status: failing.status, lines });
    // Where the system lets no root go, a cache by a process that has read replies would run as root next time.
    const isRoot = process.geteuid?.() === 0;
    return finish({ status: EXIT.open.status, lines }, isRoot ? undefined : whenDone);
  } catch (error) {
    return finish(failed(error));
  }
}

const PASSWORD_IN_ARGUMENTS: Line = {
  level: 'warning',
  what: 'fwknopd logs --routerpass, and ps shows it during the start',
  hint: 'use --password-file, or password-file in the configuration',
};

/** Does the last that may need root, and gives it up: nothing that a router replies is read as root. */
function leaveRoot(routers: readonly Router[]): void {
  openStderr();
  for (const router of routers) {
    try {
      prepareTls(router);
    } catch {
      // The session with this router reports it.
    }
  }
  giveUpRoot();
}

async function openOne(
  router: Router,
  grant: Grant,
  entry: OpeningEntry,
  deadline: Deadline,
  verbose: boolean,
): Promise<Outcome> {
  const name = labelOf(router);
  const trace = (text: string): void => {
    if (verbose)
      say(render({ what: `${name}: ${Math.round(process.uptime() * 1000)} ms: ${text}` }));
  };
  try {
    const opening = await open(router, entry, noteOf(grant), deadline, trace);
    const cut = grant.cutFrom === undefined ? '' : ` (asked for ${formatDuration(grant.cutFrom)})`;
    const warnings = [opening.warning, grant.warning].filter((warning) => warning !== undefined);
    const level = warnings.length === 0 ? 'notice' : 'warning';
    const what = [`${name}: ${opening.what}${cut}`, ...warnings].join('; ');
    return { status: EXIT.open.status, lines: [{ level, what }] };
  } catch (error) {
    return failed(error, `${name}: `);
  }
}

/** The note that the router mails, worded as by open_ports.py. */
function noteOf(grant: Grant): Mail {
  const { network, timeout } = grant;
  return {
    subject: 'Router: Port Opened',
    body: `Given IP: ${network} access to ${serviceName(grant)} for ${formatDuration(timeout)}`,
  };
}

function failed(error: unknown, prefix = ''): Outcome {
  const failure = asFailure(error);
  return {
    status: EXIT[failure.kind].status,
    lines: failure.faults.map(({ what, hint }) => ({ level: 'err', what: prefix + what, hint })),
  };
}

function wantsSyslog(mode: SyslogMode): boolean {
  return mode === 'on' || (mode === 'auto' && !isatty(2));
}

function describe({ name, host, port, trust }: Router): string {
  return `${name} (${host} port ${port}, tls ${trust.mode})`;
}

function command(entry: OpeningEntry): string {
  const words = Object.entries(addAttributes(entry)).map(
    ([key, value]) => `${key}=${consoleWord(value)}`,
  );
  return `${entry.menu}/add ${words.join(' ')}`;
}
