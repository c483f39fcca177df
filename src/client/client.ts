import { isatty } from 'node:tty';
import { Output, type Section } from '../check/output';
import { print } from '../cli/report';
import { lastingFile } from '../common/container';
import { EXIT, Failure } from '../common/failure';
import { requireRoot } from '../common/root';
import { DEFAULT_CONFIG_FILE } from '../config/config';
import { clientsOf } from '../install/access-conf';
import { serve } from '../install/fwknopd-service';
import { add } from './add';
import { type Installed, readInstalled, readSettings, replaceMarked } from './installed';
import { list } from './list';
import { readOptions } from './options';
import { routerCommands } from './router-commands';
import { removeStanza } from './stanzas';
import { USAGE } from './usage';

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

async function remove(name: string, installed: Installed, section: Section): Promise<void> {
  const clients = clientsOf(installed.marked);
  if (!clients.includes(name)) {
    const what = `${name}: no such client between the markers of access.conf`;
    throw new Failure('usage', what, `there is ${clients.join(', ') || 'none'}`);
  }
  if (clients.every((client) => client === name)) {
    const what = `${name}: the last client is not removed`;
    throw new Failure('usage', what, 'fwknop-mikrotik install --undo');
  }
  replaceMarked(installed, removeStanza(installed.marked, name));
  section.ok(name, 'removed');
  await serve('restart', section);
  const settings = readSettings();
  if (settings?.clients.has(name)) {
    const path = lastingFile(DEFAULT_CONFIG_FILE);
    section.warn(name, `${path} still has its table [client.${name}]`, 'delete it there');
  }
  print(`Entries of ${name} that are open stay until they expire.
${routerCommands(settings, [name])}`);
}
