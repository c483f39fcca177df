import { DEFAULT_TIMEOUT } from '../access/grant';
import { serviceName } from '../access/service';
import { formatDuration } from '../common/duration';
import { MARKER_BEGIN, MARKER_END } from '../common/fwknopd';
import { accessStanza, clientFiles, type SetupFile, targetLines } from './client-files';
import { routerScript } from './router-script';
import { ONE_LIST } from './rules';
import { MAX_TIMEOUT, OUR_NAME, type Secrets, type Setup } from './setup';

/** All files of a setup. Every one of them holds a secret. */
export function setupFiles(setup: Setup, secrets: Secrets): readonly SetupFile[] {
  return [
    { name: 'router.rsc', text: routerScript(setup, secrets) },
    { name: 'mikrotik.toml', text: configuration(setup, secrets) },
    { name: 'access.conf', text: accessConf(setup, secrets) },
    ...[...secrets.clients].flatMap(([client, keys]) => clientFiles(client, keys, setup)),
  ];
}

function configuration({ router, services, oneList }: Setup, { password }: Secrets): string {
  const names = services.map((service) => toml(serviceName(service))).join(', ');
  const list = oneList
    ? `# One list for all services: a knock for one of them opens all of them.\nlist = ${toml(ONE_LIST)}\n\n`
    : '';
  return `# /etc/fwknop/mikrotik.toml (mode 600, owner root), by fwknop-mikrotik init.
# mikrotik.toml.example has the other settings.

${list}# fwknopd enforces neither a port list nor a ceiling for CMD_CYCLE_OPEN: this does. A table
# [client.NAME] changes it for one client.
[grant]
services        = [${names}]
max-timeout     = ${toml(formatDuration(MAX_TIMEOUT))}    # longer requests are cut to it
default-timeout = ${toml(formatDuration(DEFAULT_TIMEOUT))}   # when the client asks for none

[[router]]
host     = ${toml(router)}
user     = ${toml(OUR_NAME)}
password = ${toml(password)}
# The router's certificate is self-signed: nothing opens without its fingerprint, which router.rsc
# prints. fwknop-mikrotik check --pin=FINGERPRINT writes it here.
tls      = "verify"
`;
}

function accessConf(setup: Setup, { clients }: Secrets): string {
  const stanzas = [...clients].map(
    ([client, keys]) => `\n${accessStanza(client, keys, setup.helper)}`,
  );
  return `# Stanzas for /etc/fwknop/access.conf (mode 600, owner root), by fwknop-mikrotik init.
# access.conf.example explains each line. [grant] in /etc/fwknop/mikrotik.toml limits ports and times.
# This command checks the file:
#
#   fwknopd --exit-parse-config -a /etc/fwknop/access.conf

${MARKER_BEGIN}
${targetLines(setup)}${stanzas.join('')}${MARKER_END}
`;
}

/** A string of TOML; for printable ASCII, JSON writes the same. */
function toml(text: string): string {
  return JSON.stringify(text);
}
