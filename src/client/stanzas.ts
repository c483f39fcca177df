import { Failure, type Fault } from '../common/failure';
import { MARKER_END } from '../common/fwknopd';
import { readValue } from '../common/values';
import { DEFAULT_SPA_PORT, READERS } from '../init/options';
import type { KnockTarget } from '../init/setup';
import { clientsOf } from '../install/access-conf';

/** The options of `client add` that win over the comments between the markers. */
export interface TargetOverrides {
  readonly server: string | undefined;
  readonly services: KnockTarget['services'] | undefined;
}

/**
 * Reads from the comments between the markers where clients knock, and for which services.
 *
 * @param marked with its marker lines
 * @throws Failure `usage` where a comment is missing or wrong and no option replaces it
 */
export function targetOf(marked: string, overrides: TargetOverrides): KnockTarget {
  const faults: Fault[] = [];
  const read = <T>(
    name: string,
    reader: (values: readonly string[]) => T,
    option?: string,
  ): T | undefined => {
    const line = new RegExp(`^# ${name} (.*\\S)\\s*$`, 'm').exec(marked)?.[1];
    if (line !== undefined) return readValue(faults, `"# ${name}"`, line.split(/\s+/), reader);
    if (option !== undefined) {
      const what = `no line "# ${name} ..." between the markers of access.conf`;
      faults.push({ what, hint: `say ${option}` });
    }
    return undefined;
  };
  const server = overrides.server ?? read('server', READERS.server, '--server HOST');
  const services = overrides.services ?? read('services', READERS.service, '--service SERVICE');
  const spaPort = read('spa-port', READERS['spa-port']);
  const name = read('name', READERS.name);
  if (faults.length > 0 || server === undefined || services === undefined) {
    throw new Failure('usage', faults);
  }
  return { server, services, spaPort: spaPort ?? DEFAULT_SPA_PORT, name };
}

/** Puts a stanza behind the others. @param stanza with its `# client` line */
export function addStanza(marked: string, stanza: string): string {
  const end = marked.lastIndexOf(MARKER_END);
  return `${marked.slice(0, end)}\n${stanza}${marked.slice(end)}`;
}

/** The path of the program that the stanzas run; undefined where they run none. */
export function helperIn(marked: string): string | undefined {
  return /^\s*CMD_CYCLE_OPEN\s+(\S*fwknop-mikrotik\S*)/m.exec(marked)?.[1];
}

/** Whether the text of an access.conf has a stanza of a client, between the markers or elsewhere. */
export function hasClient(text: string, name: string): boolean {
  const isNamed = new RegExp(`^\\s*CMD_CYCLE_OPEN\\s.*\\s--client[ =]${name}\\s`, 'm').test(text);
  return isNamed || clientsOf(text).includes(name);
}

/**
 * Takes the stanzas of a client out: from its `# client` line to the one of the next client.
 *
 * @throws Failure `config` where a stanza without such a line stands among them: it may be another's
 */
export function removeStanza(marked: string, name: string): string {
  const [head = '', ...parts] = marked.split(/^(?=# client )/m);
  const others: string[] = [head];
  let tail = '';
  for (const part of parts) {
    if (clientsOf(part)[0] !== name) {
      others.push(part);
      continue;
    }
    if ((part.match(/^\s*SOURCE\s/gm) ?? []).length > 1) {
      const what = `the stanzas of ${name} hold another one without a line "# client NAME"`;
      throw new Failure('config', what, 'put such a line before each stanza in access.conf');
    }
    const end = part.indexOf(MARKER_END);
    if (end >= 0) tail = part.slice(end);
  }
  const rest = others.join('');
  return tail === '' ? rest : rest.replace(/\n\n$/, '\n') + tail;
}
