import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { splitCommandLine } from '../cli/arguments';
import { print } from '../cli/report';
import { askSecret, isTerminal } from '../cli/terminal';
import { lastingFile } from '../common/container';
import { collectFaults, EXIT, Failure } from '../common/failure';
import { DEFAULT_ACCESS_CONF } from '../common/fwknopd';
import { requireRoot } from '../common/root';
import { printable, shellWord } from '../common/text';
import { readTrustedFile, showPath } from '../common/trusted-file';
import { BadValue } from '../common/values';
import { type Config, DEFAULT_CONFIG_FILE, DEFAULT_DEADLINE, loadConfig } from '../config/config';
import { fingerprint } from '../config/settings';
import { DEFAULT_SPA_PORT } from '../init/options';
import { labelOf } from '../router/router';
import type { HelperCommand } from './command';
import { checkFwknopd, readLines, runsOpenPorts } from './fwknopd-steps';
import { checkPrefixes } from './grants';
import { type Opening, openingsOf } from './openings';
import { Output } from './output';
import { Pinning, requirePinned } from './pin';
import type { GrantedList, Installation } from './router-side';
import { checkRouter, type Reader, routerSteps } from './router-steps';
import { USAGE } from './usage';

const ASK = 'ask';

interface CheckOptions {
  /** Undefined: the files that the command lines name. */
  readonly config: string | undefined;
  readonly accessConf: string;
  /** A fingerprint, or ASK. */
  readonly pin: string | undefined;
  readonly isQuiet: boolean;
  /** A user who may read, of every router. */
  readonly as: Reader | undefined;
}

/**
 * Checks step by step everything that an opening needs, and prints how to fix what fails.
 *
 * @returns the exit status: that of the first failure
 * @throws Failure `usage`; `config` if another user than root runs it
 */
export async function run(argv: readonly string[]): Promise<number> {
  const options = await readOptions(argv);
  if (options === undefined) {
    print(USAGE);
    return EXIT.open.status;
  }
  requireRoot('check', argv);
  const output = new Output(print, isatty(1) && !process.env.NO_COLOR, options.isQuiet);
  const lines = await readLines(options.accessConf);
  const isOld = lines.commands.length === 0 && runsOpenPorts(lines.conf?.stanzas ?? []);
  const openings = openingsOf(lines.commands, options.config);
  const spaPort = Number(lines.conf?.spaPort?.value ?? DEFAULT_SPA_PORT);
  const configs = new Map<string, Config>();
  const checkedRouters = new Set<string>();
  const pinnings: Pinning[] = [];
  for (const opening of openings) {
    const config = readConfig(opening, isOld, output);
    if (config === undefined) continue;
    configs.set(opening.config, config);
    const installation = { granted: grantedBy(config, opening, lines.commands), spaPort };
    pinnings.push(
      ...(await checkRouters(config, checkedRouters, opening, options, installation, output)),
    );
  }
  try {
    requirePinned(pinnings, options.pin === ASK ? undefined : options.pin);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    output.about('pin').fail('--pin', error);
  }
  const [config] = configs.values();
  const check = {
    accessConf: options.accessConf,
    checked: openings.map((opening) => opening.config),
    configs,
    syslog: config?.syslog,
    deadline: config?.deadline ?? DEFAULT_DEADLINE,
  };
  await checkFwknopd(lines, check, output.about('fwknopd'));
  output.summarise();
  return output.status;
}

/** The options, for the parser and for the completion of bash. */
export const OPTIONS = {
  texts: ['config', 'access-conf', 'pin', 'as', 'password-file'],
  optional: ['pin'],
  switches: ['quiet', 'help'],
  help: 'fwknop-mikrotik check --help',
} as const;

/** @returns undefined where help is asked for */
async function readOptions(argv: readonly string[]): Promise<CheckOptions | undefined> {
  const { positionals, texts, switches } = await splitCommandLine(argv, OPTIONS);
  if (switches.has('help')) return undefined;
  if (positionals.length > 0) {
    const hint = texts.has('pin') ? 'write --pin=HEX' : 'see fwknop-mikrotik check --help';
    throw new Failure('usage', 'check: takes options only', hint);
  }
  const config = texts.get('config')?.[0];
  return {
    config: config === undefined ? undefined : resolve(config),
    accessConf: resolve(texts.get('access-conf')?.[0] ?? DEFAULT_ACCESS_CONF),
    pin: readPin(texts.get('pin')?.[0]),
    isQuiet: switches.has('quiet'),
    as: await readReader(texts.get('as')?.[0], texts.get('password-file')?.[0]),
  };
}

/** Gets the password of --as: from a file, from stdin (`-`), or from the terminal. */
async function readReader(
  user: string | undefined,
  file: string | undefined,
): Promise<Reader | undefined> {
  if (user === undefined) {
    if (file === undefined) return undefined;
    throw new Failure('usage', '--password-file: is for --as', 'write --as=USER too');
  }
  if (file === undefined && !isTerminal()) {
    const hint = 'write --password-file=FILE, or --password-file=- for stdin';
    throw new Failure('usage', '--as: there is no terminal to ask on', hint);
  }
  const text =
    file === undefined
      ? await askSecret(`Password of ${printable(user)} on the router: `)
      : readSecret(file);
  const [password = ''] = text.split(/\r?\n/);
  if (password === '') throw new Failure('usage', '--as: the password is empty');
  return { user, password };
}

function readSecret(file: string): string {
  if (file === '-') return readFileSync(0, 'utf8');
  const { text, requireSecrecy } = readTrustedFile(file, '--password-file');
  requireSecrecy();
  return text;
}

/** Reads the value of --pin: a fingerprint, or `ask` where it is empty. @throws Failure `usage` */
export function readPin(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (value === '') {
    if (isTerminal()) return ASK;
    const hint = 'name the fingerprint: --pin=HEX';
    throw new Failure('usage', '--pin: there is no terminal to ask on', hint);
  }
  try {
    return fingerprint(value);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new Failure('usage', `--pin: ${error.message}`);
  }
}

/** @param isOld whether fwknopd runs open_ports.py, whose options make a configuration */
function readConfig(opening: Opening, isOld: boolean, output: Output): Config | undefined {
  const { overrides, config: file, place } = opening;
  const section = output.about('configuration');
  try {
    const config = loadConfig(overrides);
    const count = config.routers.length;
    const isAbsent = overrides.router.host !== undefined && !existsSync(file);
    const origins = isAbsent ? [] : [showPath(file)];
    if (place !== undefined) origins.push(`the options of ${place}`);
    const routers = count === 1 ? 'router' : 'routers';
    section.ok('file', `${origins.join(', ')}, ${count} ${routers}`);
    section.addAll(checkPrefixes(config));
    return config;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const what = `${showPath(file)}: no such file, and fwknopd runs open_ports.py`;
    const toMigrate = new Failure('config', what, 'fwknop-mikrotik install --migrate');
    section.fail('file', isOld && !existsSync(file) ? toMigrate : error);
    output.about('router').skip(routerSteps({ email: undefined }), 'no configuration');
    return undefined;
  }
}

/** The lists that the clients of a configuration open by, and their services. */
function grantedBy(
  config: Config,
  { config: file }: Opening,
  commands: readonly HelperCommand[],
): readonly GrantedList[] {
  const own = commands.flatMap(({ config: read, overrides }) => {
    if (read !== file || overrides === undefined) return [];
    return collectFaults([], () => loadConfig(overrides)) ?? [];
  });
  return (own.length === 0 ? [config] : own).map(({ list, grant }) => ({
    list,
    services: grant.services?.flatMap(({ protocol, firstPort, lastPort }) =>
      [...new Set([firstPort, lastPort])].map((port) => ({ protocol, port })),
    ),
  }));
}

/**
 * @param checked the routers that were checked before, as texts
 * @returns what pinned, or would have
 */
async function checkRouters(
  { routers, deadline }: Config,
  checked: Set<string>,
  opening: Opening,
  { pin, as }: CheckOptions,
  installation: Omit<Installation, 'isOnlyRouter'>,
  output: Output,
): Promise<readonly Pinning[]> {
  const { files, command: pinCommand } = pinTarget(opening);
  const wanted = pin === ASK ? undefined : pin;
  const pinning =
    pin === undefined ? undefined : new Pinning(files, pinCommand, wanted, routers.length === 1);
  const all = { ...installation, isOnlyRouter: routers.length === 1 };
  const keys = routers.map((router) => JSON.stringify(router));
  for (const [index, router] of routers.entries()) {
    if (checked.has(keys[index] ?? '')) continue;
    const section = output.about(labelOf(router));
    const check = { deadline, pinning, pinCommand, as, installation: all };
    await checkRouter(router, index, check, section);
  }
  for (const key of keys) checked.add(key);
  return pinning === undefined ? [] : [pinning];
}

/** Where a pin goes: into the file, unless the options of a line decide whom to trust. */
function pinTarget({ config, overrides, place }: Opening): {
  files: readonly string[];
  command: string;
} {
  const { host, tls, caFile, fingerprint: pinned } = overrides.router;
  const isOfLine = [host, tls, caFile, pinned].some((option) => option !== undefined);
  if (isOfLine && place !== undefined) {
    const instead = tls === undefined ? '' : ', in place of --tls,';
    return { files: [], command: `write into ${place}${instead} --fingerprint` };
  }
  const named = config === DEFAULT_CONFIG_FILE ? '' : ` --config ${shellWord(config)}`;
  // The lasting one first: where it cannot be written, nothing changes.
  const files = [...new Set([lastingFile(config), config])];
  return { files, command: `fwknop-mikrotik check${named} --pin` };
}
