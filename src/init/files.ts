import { DEFAULT_TIMEOUT } from '../access/grant';
import { serviceName } from '../access/service';
import { formatDuration } from '../common/duration';
import { drawSvg, phoneText } from './qr';
import { routerScript } from './router-script';
import { MAX_TIMEOUT, OUR_NAME, type Secrets, type Setup } from './setup';

/** A file of the set-up. */
export interface SetupFile {
  readonly name: string;
  readonly text: string;
}

/** The line of access.conf that runs us, without its name. fwknopd takes at most 255 characters. */
export function openCommand(helper: string): string {
  return `${helper} $SRC $PROTO $PORT $CLIENT_TIMEOUT`;
}

/** All files of a set-up. Every one of them holds a secret. */
export function setupFiles(setup: Setup, secrets: Secrets): readonly SetupFile[] {
  return [
    { name: 'router.rsc', text: routerScript(setup, secrets) },
    { name: 'mikrotik.toml', text: configuration(setup, secrets) },
    { name: 'access.conf', text: accessConf(setup, secrets) },
    { name: 'fwknoprc', text: fwknoprc(setup, secrets) },
    { name: 'phone.svg', text: drawSvg(phoneText(secrets)) },
  ];
}

/** What the client calls a door: `fwknop -n NAME` knocks for it. */
export function stanzaName({ server }: Setup, door: Setup['services'][number]): string {
  return `${server}-${serviceName(door).replace('/', '')}`;
}

function configuration({ router, services: doors }: Setup, { password }: Secrets): string {
  const services = doors.map((door) => toml(serviceName(door))).join(', ');
  return `# /etc/fwknop/mikrotik.toml (mode 600, owner root), by fwknop-mikrotik init.
# mikrotik.toml.example has the other settings.

# fwknopd enforces neither a port list nor a ceiling for CMD_CYCLE_OPEN: this does.
[grant]
services        = [${services}]
max-timeout     = ${toml(formatDuration(MAX_TIMEOUT))}    # longer requests are cut to it
default-timeout = ${toml(formatDuration(DEFAULT_TIMEOUT))}   # when the client asks for none

[[router]]
host     = ${toml(router)}
user     = ${toml(OUR_NAME)}
password = ${toml(password)}
# The router's certificate signs itself: nothing opens without its fingerprint, which router.rsc
# prints. fwknop-mikrotik check --pin=FINGERPRINT writes it here.
tls      = "verify"
`;
}

function accessConf({ helper }: Setup, { key, hmacKey }: Secrets): string {
  return `# A stanza for /etc/fwknop/access.conf (mode 600, owner root), by fwknop-mikrotik init.
# access.conf.example says what each line is for. To check the file:
#
#   fwknopd --exit-parse-config -a /etc/fwknop/access.conf

SOURCE                   ANY
KEY_BASE64               ${key}
HMAC_KEY_BASE64          ${hmacKey}
REQUIRE_SOURCE_ADDRESS   Y

# Ports and times are limited by [grant] in /etc/fwknop/mikrotik.toml, not here.
CMD_CYCLE_OPEN           ${openCommand(helper)}
CMD_CYCLE_CLOSE          NONE
CMD_CYCLE_TIMER          ${DEFAULT_TIMEOUT}
`;
}

function fwknoprc(setup: Setup, { key, hmacKey }: Secrets): string {
  const stanzas = setup.services.map(
    (door) => `
[${stanzaName(setup, door)}]
SPA_SERVER               ${setup.server}
SPA_SERVER_PORT          ${setup.spaPort}
SPA_SERVER_PROTO         udp
ACCESS                   ${serviceName(door)}
ALLOW_IP                 resolve
KEY_BASE64               ${key}
HMAC_KEY_BASE64          ${hmacKey}
USE_HMAC                 Y
`,
  );
  return `# Stanzas for ~/.fwknoprc (mode 600), by fwknop-mikrotik init. Each knocks for one service:
#
#   fwknop -n ${setup.services.map((door) => stanzaName(setup, door))[0]}
#
# \`resolve\` asks a web service for your public address; fwknop -a ADDRESS names it, and -f SECONDS
# asks for longer than ${DEFAULT_TIMEOUT} s. Whatever you have under [default] still applies.
${stanzas.join('')}`;
}

/** A string of TOML; of printable ASCII JSON writes the same. */
function toml(text: string): string {
  return JSON.stringify(text);
}
