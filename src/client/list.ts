import { serviceName } from '../access/service';
import { print } from '../cli/report';
import { formatDuration } from '../common/duration';
import { printable } from '../common/text';
import type { FileSettings } from '../config/config-file';
import { clientsOf } from '../install/access-conf';
import { type Installed, readSettings } from './installed';
import { lastOpenings, readLog } from './last-openings';
import { routerCommands } from './router-commands';

/** Prints each client with its grant and its last opening, then the commands for the router. */
export async function list({ marked }: Installed): Promise<void> {
  const settings = readSettings();
  const log = await readLog();
  const openings = log === undefined ? undefined : lastOpenings(log);
  const clients = [...new Set(clientsOf(marked))];
  const rows = clients.map((client) => {
    const last = openings?.get(client);
    const unknown = openings === undefined ? 'the log cannot be read' : 'not in the log';
    const when = last === undefined ? unknown : `${last.time} ${printable(last.what)}`;
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

/** The services and the longest time that are granted to a client. */
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
