import { lchownSync, lstatSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { covers } from '../access/grant';
import { type Service, serviceName } from '../access/service';
import type { Finding, Section } from '../check/output';
import { print } from '../cli/report';
import { CONTAINER_DIRECTORY, isContainer } from '../common/container';
import { Failure } from '../common/failure';
import { LONGEST_COMMAND } from '../common/fwknopd';
import { ownPath } from '../common/own-path';
import { showPath } from '../common/trusted-file';
import type { FileSettings } from '../config/config-file';
import { accessStanza, clientFiles, openCommand, stanzaName } from '../init/client-files';
import { drawText, phoneText } from '../init/qr';
import { makeClientKeys } from '../init/setup';
import { writeFiles } from '../init/write';
import { serve } from '../install/fwknopd-service';
import { sudoCaller } from '../install/setup-directory';
import { type Installed, readSettings, replaceMarked } from './installed';
import type { ClientOptions } from './options';
import { addStanza, hasClient, helperIn, targetOf } from './stanzas';

/**
 * Makes keys for one more client: its files, and its stanza.
 *
 * @throws Failure `usage`; `config`, and then nothing is written
 */
export async function add(
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
  section.addAll(grantFindings(readSettings(), name, knocks.services));
  await serve('restart', section);
  const [service] = knocks.services;
  const knock = service === undefined ? '' : `fwknop -n ${stanzaName(knocks, service)}`;
  print(`On the client: append fwknoprc to ~/.fwknoprc (mode 600) and knock by
  ${knock}
or scan the QR code in phone.svg with the Fwknop2 app. Then delete ${directory}.
`);
}

/** Compares the services that a new client knocks for with those that it is granted. */
function grantFindings(
  settings: FileSettings | undefined,
  name: string,
  services: readonly Service[],
): readonly Finding[] {
  if (settings === undefined) return []; // check reports its faults
  const { grant, clients } = settings;
  const own = clients.get(name);
  const warn = (what: string, hint: string): Finding => ({
    status: 'warn',
    step: name,
    what,
    hint,
  });
  const granted = own?.services ?? grant.services;
  const denied = services.filter(
    (service) => granted?.some((one) => covers(one, service)) === false,
  );
  const findings = denied.map((service) =>
    warn(`${serviceName(service)} is not granted`, 'add it to services in mikrotik.toml'),
  );
  if (own !== undefined || clients.size === 0) return findings;
  const what = 'mikrotik.toml has tables for other clients: this one gets all of [grant]';
  return [...findings, warn(what, `to narrow it, add a table [client.${name}]`)];
}

/** The files are for the person who called sudo to pass on. */
function giveToCaller(paths: readonly string[]): void {
  const caller = sudoCaller();
  if (caller === undefined) return;
  for (const path of paths) lchownSync(path, caller, -1);
}
