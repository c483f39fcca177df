import { lchownSync, lstatSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { serviceName } from '../access/service';
import { Output, type Section } from '../check/output';
import { print } from '../cli/report';
import { CONTAINER_DIRECTORY, isContainer, lastingFile } from '../common/container';
import { formatDuration } from '../common/duration';
import { collectFaults, EXIT, Failure } from '../common/failure';
import { DEFAULT_ACCESS_CONF, LONGEST_COMMAND } from '../common/fwknopd';
import { ownPath } from '../common/own-path';
import { showPath } from '../common/trusted-file';
import { DEFAULT_COMMENT, DEFAULT_CONFIG_FILE, DEFAULT_LIST } from '../config/config';
import { type FileSettings, noConfigFile, readConfigText } from '../config/config-file';
import { accessStanza, clientFiles, openCommand, stanzaName } from '../init/client-files';
import { drawText, phoneText } from '../init/qr';
import { makeClientKeys } from '../init/setup';
import { writeFiles } from '../init/write';
import { clientsOf } from '../install/access-conf';
import { applyChanges, readTarget, type Target } from '../install/change';
import { serve } from '../install/fwknopd-service';
import { splitAtMarkers } from '../install/markers';
import { requireRoot } from '../install/options';
import { sudoCaller } from '../install/setup-directory';
import { printCommand, removeCommands } from './entries';
import { lastOpenings, readLog } from './last-openings';
import { type ClientOptions, readOptions } from './options';
import { addStanza, hasClient, helperIn, removeStanza, targetOf } from './stanzas';
import { USAGE } from './usage';

/** The installed access.conf, cut at the markers. */
interface Installed {
  readonly target: Target;
  readonly before: string;
  readonly marked: string;
  readonly after: string;
}

/**
 * `fwknop-mikrotik client`: adds, lists and removes clients of the installed access.conf.
 *
 * @param argv the command line that follows `client`
 * @returns the exit status
 * @throws Failure `usage`; `config`, and then no file is changed
 */
export async function run(argv: readonly string[]): Promise<number> {
  const options = await readOptions(argv);
  if (options.verb === 'help') {
    print(USAGE);
    return EXIT.open.status;
  }
  requireRoot('client', argv);
  const output = new Output(print, isatty(1) && !process.env.NO_COLOR);
  const section = output.about('client');
  const installed = readInstalled();
  if (options.verb === 'list') await list(installed);
  else if (options.verb === 'add') await add(options, installed, section);
  else await remove(options.name, installed, section);
  return output.status;
}

/** @throws Failure `config` where install has not put its stanzas in place */
function readInstalled(): Installed {
  const path = lastingFile(DEFAULT_ACCESS_CONF);
  const target = readTarget(path, isContainer());
  const { before, marked, after } = splitAtMarkers(target.text ?? '', showPath(path));
  if (marked !== undefined) return { target, before, marked, after };
  const what = `${showPath(path)}: has no lines between fwknop-mikrotik's markers`;
  throw new Failure('config', what, 'fwknop-mikrotik install writes them');
}

function replaceMarked({ target, before, after }: Installed, marked: string): void {
  applyChanges([{ target, text: before + marked + after }]);
}

async function add(
  { name, overrides, out }: Extract<ClientOptions, { verb: 'add' }>,
  installed: Installed,
  section: Section,
): Promise<void> {
  const { target, marked } = installed;
  if (hasClient(target.text ?? '', name)) {
    throw new Failure('usage', `${name}: this client exists`, 'choose another name');
  }
  const knocks = targetOf(marked, overrides);
  const helper = helperIn(marked) ?? ownPath();
  if (openCommand(helper, name).length > LONGEST_COMMAND) {
    const what = `CMD_CYCLE_OPEN: longer than the ${LONGEST_COMMAND} characters that fwknopd takes`;
    throw new Failure('config', what, 'choose a shorter name');
  }
  const keys = makeClientKeys();
  const directory = resolve(out ?? (isContainer() ? join(CONTAINER_DIRECTORY, name) : name));
  if (lstatSync(directory, { throwIfNoEntry: false }) !== undefined) {
    throw new Failure(
      'config',
      `${showPath(directory)}: exists already`,
      'name another: --out DIR',
    );
  }
  // The directory is the client's own.
  const files = clientFiles(name, keys, knocks).map((file) => ({
    ...file,
    name: file.name.slice(name.length + 1),
  }));
  writeFiles(directory, files, false);
  try {
    replaceMarked(installed, addStanza(marked, accessStanza(name, keys, helper)));
  } catch (error) {
    rmSync(directory, { recursive: true });
    throw error;
  }
  giveToCaller([...files.map((file) => join(directory, file.name)), directory]);
  section.ok(name, `added; its keys are in ${directory} and nowhere else`);
  if (isatty(1)) print(drawText(phoneText(keys), true));
  await serve('restart', section);
  const [service] = knocks.services;
  const knock = service === undefined ? '' : `fwknop -n ${stanzaName(knocks, service)}`;
  print(`On the client: append fwknoprc to ~/.fwknoprc (mode 600) and knock by
  ${knock}
or scan the QR code in phone.svg with the Fwknop2 app. Then delete ${directory}.
`);
}

/** The files are for the person who called sudo to pass on. */
function giveToCaller(paths: readonly string[]): void {
  const caller = sudoCaller();
  if (caller === undefined) return;
  for (const path of paths) lchownSync(path, caller, -1);
}

async function remove(name: string, installed: Installed, section: Section): Promise<void> {
  const clients = clientsOf(installed.marked);
  if (!clients.includes(name)) {
    const what = `${name}: no such client between the markers of access.conf`;
    throw new Failure('usage', what, `there is ${clients.join(', ') || 'none'}`);
  }
  if (clients.every((client) => client === name)) {
    const what = `${name}: the last client: without a stanza fwknopd does not start`;
    throw new Failure('usage', what, 'fwknop-mikrotik install --undo');
  }
  replaceMarked(installed, removeStanza(installed.marked, name));
  section.ok(name, 'removed: its keys open nothing any more');
  await serve('restart', section);
  const settings = readSettings();
  if (settings?.clients.has(name)) {
    const path = lastingFile(DEFAULT_CONFIG_FILE);
    section.warn(name, `${path} still has its table [client.${name}]`, 'delete it there');
  }
  print(`Entries of ${name} that are open stay until they expire.
${routerCommands(settings, [name])}`);
}

async function list({ marked }: Installed): Promise<void> {
  const settings = readSettings();
  const log = await readLog();
  const openings = log === undefined ? undefined : lastOpenings(log);
  const clients = [...new Set(clientsOf(marked))];
  const rows = clients.map((client) => {
    const last = openings?.get(client);
    const unknown = openings === undefined ? 'the log cannot be read' : 'never, by the log';
    const when = last === undefined ? unknown : `${last.time} ${last.what}`;
    return [client, grantOf(settings, client), when];
  });
  const widths = [0, 1].map((column) =>
    Math.max(0, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  for (const cells of rows) {
    print(`${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`);
  }
  print(`\n${routerCommands(settings, clients)}`);
}

/** The commands for the router's terminal, with a heading. */
function routerCommands(settings: FileSettings | undefined, clients: readonly string[]): string {
  const lists = listsOf(settings);
  const comment = settings?.comment ?? DEFAULT_COMMENT;
  const removals = removeCommands(lists, comment, clients).map((command) => `  ${command}\n`);
  return `The router prints the entries that are open, and removes those of a client, by
  ${printCommand(lists)}
${removals.join('')}`;
}

/** The configuration as far as it can be read: it is `check` that says what is wrong with it. */
function readSettings(): FileSettings | undefined {
  const path = lastingFile(DEFAULT_CONFIG_FILE);
  const read = () => readConfigText(readTarget(path, isContainer()).text ?? '', path, [], []);
  return collectFaults([], read);
}

/** What a client may open, and for how long. */
function grantOf(settings: FileSettings | undefined, client: string): string {
  if (settings === undefined) return 'mikrotik.toml cannot be read';
  const { grant, clients } = settings;
  const own = clients.get(client);
  const services = own?.services ?? grant.services;
  const longest = own?.maxTimeout ?? grant.maxTimeout;
  const names = services?.map(({ protocol, firstPort, lastPort }) =>
    firstPort === lastPort
      ? serviceName({ protocol, port: firstPort })
      : `${protocol}/${firstPort}-${lastPort}`,
  );
  const limit = longest === undefined ? 'for any time' : `up to ${formatDuration(longest)}`;
  return `${names?.join(', ') ?? 'any service'} ${limit}`;
}

/** The templates of all list names. */
function listsOf(settings: FileSettings | undefined): readonly string[] {
  const { list: common = DEFAULT_LIST, clients } = settings ?? noConfigFile();
  return [common, ...[...clients.values()].flatMap(({ list: own }) => own ?? [])];
}
