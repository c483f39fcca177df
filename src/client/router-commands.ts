import { DEFAULT_COMMENT, DEFAULT_LIST } from '../config/config';
import { type FileSettings, noConfigFile } from '../config/config-file';
import { quoteText } from '../router/console';

const LISTS = '/ip/firewall/address-list';

/** The commands for the router's terminal, with a heading. @param settings undefined: the defaults */
export function routerCommands(
  settings: FileSettings | undefined,
  clients: readonly string[],
): string {
  const lists = listsOf(settings);
  const comment = settings?.comment ?? DEFAULT_COMMENT;
  const removals = removeCommands(lists, comment, clients).map((command) => `  ${command}\n`);
  return `The router prints the entries that are open, and removes those of a client, by
  ${printCommand(lists)}
${removals.join('')}`;
}

/** The templates of all list names. */
function listsOf(settings: FileSettings | undefined): readonly string[] {
  const { list: common = DEFAULT_LIST, clients } = settings ?? noConfigFile();
  return [common, ...[...clients.values()].flatMap(({ list: own }) => own ?? [])];
}

/** The command that prints the entries that are open on the router. @param templates of their lists */
export function printCommand(templates: readonly string[]): string {
  return `${LISTS}/print where ${listFilter(templates)}`;
}

/**
 * The commands that remove the open entries of clients, one a line.
 *
 * @param comment the template of the entries' comment; without {client} in it the router cannot tell
 *   the entries of clients apart, and there is no such command
 */
export function removeCommands(
  templates: readonly string[],
  comment: string,
  clients: readonly string[],
): readonly string[] {
  if (!comment.includes('{client}')) return [];
  return clients.map((client) => {
    const text = quoteText(comment.replaceAll('{client}', client));
    return `${LISTS}/remove [find where ${listFilter(templates)} and comment=${text}]`;
  });
}

/** Finds the lists by the part of their names that is the same for all services. */
function listFilter(templates: readonly string[]): string {
  const beginnings = templates.map((template) => template.replace(/_?\{.*$/, ''));
  const patterns = [...new Set(beginnings)].map((text) =>
    text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&'),
  );
  return `list~${quoteText(patterns.join('|'))}`;
}
