import { existsSync } from 'node:fs';
import { isatty } from 'node:tty';
import { run as check } from '../check/check';
import { type Finding, Output, type Section } from '../check/output';
import { runProgram } from '../check/run-program';
import { print } from '../cli/report';
import { isContainer } from '../common/container';
import { EXIT } from '../common/failure';
import { DEFAULT_ACCESS_CONF } from '../common/fwknopd';
import { ownPath } from '../common/own-path';
import { requireRoot } from '../common/root';
import { showPath } from '../common/trusted-file';
import { DEFAULT_CONFIG_FILE } from '../config/config';
import {
  hasStanza,
  mergeStanzas,
  spaPortOf,
  stanzasOf,
  withHelper,
  withStanzas,
} from './access-conf';
import { applyChanges, backupOf, describeChange, type Plan, readTarget } from './change';
import { FWKNOPD_CONF } from './config-test';
import { mergeConfiguration } from './configuration';
import { listenLines } from './fwknopd-conf';
import { serve } from './fwknopd-service';
import { splitAtMarkers, withMarked, withoutMarked } from './markers';
import { planMigration } from './migrate';
import { type InstallOptions, readOptions } from './options';
import { readSetupDirectory, type SetupText } from './setup-directory';
import { USAGE } from './usage';

/**
 * `fwknop-mikrotik install`: puts init's files in place, restarts fwknopd, pins and checks.
 *
 * @param argv the command line that follows `install`
 * @returns the exit status
 * @throws Failure `usage`; `config`, and then no file is changed
 */
export async function run(argv: readonly string[]): Promise<number> {
  const options = await readOptions(argv);
  if (options.verb === 'help') {
    print(USAGE);
    return EXIT.open.status;
  }
  requireRoot('install', argv);
  const output = new Output(print, isatty(1) && !process.env.NO_COLOR);
  const section = output.about('install');
  if (options.verb === 'undo') {
    await undo(options, section);
    return output.status;
  }
  const plan =
    options.verb === 'migrate' ? await planMigration(options.force) : planInstall(options);
  const isChanged = carryOut(plan, options.dryRun, section);
  if (options.filesOnly || options.dryRun) return output.status;
  if (isChanged) await serve('restart', section);
  await warmUp();
  const status = await check(options.pin);
  return output.status === EXIT.open.status ? status : output.status;
}

/** Plans the changes that the setup in a directory makes in /etc/fwknop. */
function planInstall({ directory, force }: InstallOptions): Plan {
  const setup = readSetupDirectory(directory);
  const [configuration, accessConf, fwknopdConf] = [
    readTarget(DEFAULT_CONFIG_FILE),
    readTarget(DEFAULT_ACCESS_CONF),
    readTarget(FWKNOPD_CONF),
  ];
  // A container's files are copies of those in the directory, made at each start.
  const isCopy = isContainer();
  const merged = mergeConfiguration(
    setup.configuration,
    { name: DEFAULT_CONFIG_FILE, text: configuration.text },
    force || isCopy,
  );
  const access = isCopy
    ? { text: withHelper(setup.accessConf.text, existsSync, ownPath), isKept: false }
    : accessText(setup.accessConf, accessConf.text ?? '', force);
  const listen = listenLines(spaPortOf(access.text));
  const kept = [
    ...(merged.isKept ? [staysAsIs(DEFAULT_CONFIG_FILE, setup.configuration.name)] : []),
    ...(access.isKept ? [staysAsIs(DEFAULT_ACCESS_CONF, setup.accessConf.name)] : []),
  ];
  return {
    changes: [
      { target: configuration, text: merged.text },
      { target: accessConf, text: access.text },
      { target: fwknopdConf, text: withMarked(fwknopdConf.text ?? '', FWKNOPD_CONF, listen) },
    ],
    findings: kept,
  };
}

/** The text that access.conf gets, and whether its stanzas stay though the setup's differ. */
function accessText(
  setup: SetupText,
  old: string,
  force: boolean,
): { readonly text: string; readonly isKept: boolean } {
  const wanted = stanzasOf(setup.text, setup.name);
  const installed = splitAtMarkers(old, DEFAULT_ACCESS_CONF).marked;
  const { marked, isKept } = mergeStanzas(force ? undefined : installed, wanted);
  const stanzas = withHelper(marked, existsSync, ownPath);
  return { text: withStanzas(old, DEFAULT_ACCESS_CONF, stanzas), isKept };
}

function staysAsIs(path: string, setup: string): Finding {
  const what = `it differs from ${setup}, and stays as it is`;
  return { status: 'warn', step: path, what, hint: 'replace it by --force' };
}

/** Carries a plan out, or prints it. @returns whether it changes anything */
function carryOut(plan: Plan, isDryRun: boolean, section: Section): boolean {
  const changes = plan.changes.filter(({ target, text }) => target.text !== text);
  const backups = isDryRun ? new Set() : applyChanges(changes);
  for (const change of plan.changes) {
    const { path } = change.target;
    const backup = backupOf(change.target);
    if (!changes.includes(change)) section.ok(path, 'unchanged');
    else if (isDryRun) print(`${path} would change:\n${describeChange(change)}`);
    else section.ok(path, backups.has(backup) ? `written; the old one is ${backup}` : 'written');
  }
  section.addAll(plan.findings);
  return changes.length > 0;
}

/** Takes out the lines between the markers. */
async function undo({ dryRun }: InstallOptions, section: Section): Promise<void> {
  const changes = [DEFAULT_ACCESS_CONF, FWKNOPD_CONF].flatMap((path) => {
    const target = readTarget(path);
    if (target.text === undefined) return [];
    return [{ target, text: withoutMarked(target.text, showPath(path)) }];
  });
  const isChanged = carryOut({ changes, findings: [] }, dryRun, section);
  if (existsSync(DEFAULT_CONFIG_FILE)) {
    section.ok(DEFAULT_CONFIG_FILE, 'stays: it holds the password of the router user');
  }
  if (!isChanged) {
    const hint = 'a line of install --migrate is undone by the backup, access.conf~';
    section.warn('markers', 'there are no lines between them', hint);
  }
  if (!isChanged || dryRun) return;
  const isUsed = changes.some(({ text }) => hasStanza(text));
  await serve(isUsed ? 'restart' : 'stop', section);
}

/**
 * Makes the code cache now: an opening as root makes none, and without it each takes longer. A run that
 * opens uses more of the code than --version does.
 */
async function warmUp(): Promise<void> {
  const run = (...args: string[]) => runProgram(process.argv[1] ?? '', args, 10);
  const opening = await run('--syslog', 'off', '--dry-run', '192.0.2.1', 'tcp', '22', '30');
  if (!opening.isFine) await run('--version');
}
