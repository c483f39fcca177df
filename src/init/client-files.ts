/**
 * The text of everything that belongs to one client: its stanza of access.conf and its own files.
 * `init` writes them for a new setup, `client add` for one more client.
 */
import { DEFAULT_TIMEOUT } from '../access/grant';
import { type Service, serviceName } from '../access/service';
import { drawSvg, phoneText } from './qr';
import type { ClientKeys, KnockTarget } from './setup';

/** A file that holds a secret. */
export interface SetupFile {
  /** Its path below the directory that is written: `router.rsc`, `phone/fwknoprc`. */
  readonly name: string;
  readonly text: string;
}

/** Names of services that are easier to type than their ports. */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  ['tcp/22', 'ssh'],
  ['tcp/80', 'http'],
  ['tcp/443', 'https'],
  ['tcp/3389', 'rdp'],
  ['tcp/8291', 'winbox'],
  ['udp/1194', 'openvpn'],
  ['udp/51820', 'wireguard'],
]);

/**
 * The value of CMD_CYCLE_OPEN. fwknopd takes at most LONGEST_COMMAND characters.
 *
 * @param helper the absolute path of this program on the fwknopd host
 */
export function openCommand(helper: string, client: string): string {
  return `${helper} --client ${client} $SRC $PROTO $PORT $CLIENT_TIMEOUT`;
}

/** The comments of access.conf from which `client add` knows what clients need. */
export function targetLines({ server, spaPort, services, name }: KnockTarget): string {
  return `# server ${server}
# spa-port ${spaPort}
# services ${services.map(serviceName).join(' ')}
${name === undefined ? '' : `# name ${name}\n`}`;
}

/** A client's stanza of access.conf, with the comment line that names the client. */
export function accessStanza(client: string, { key, hmacKey }: ClientKeys, helper: string): string {
  return `# client ${client}
SOURCE                   ANY
KEY_BASE64               ${key}
HMAC_KEY_BASE64          ${hmacKey}
REQUIRE_SOURCE_ADDRESS   Y
CMD_CYCLE_OPEN           ${openCommand(helper, client)}
CMD_CYCLE_CLOSE          NONE
CMD_CYCLE_TIMER          ${DEFAULT_TIMEOUT}
`;
}

/** A client's own files, in a directory of the client's name. */
export function clientFiles(
  client: string,
  keys: ClientKeys,
  target: KnockTarget,
): readonly SetupFile[] {
  return [
    { name: `${client}/fwknoprc`, text: fwknoprc(keys, target) },
    { name: `${client}/phone.svg`, text: drawSvg(phoneText(keys)) },
  ];
}

/** The name of the client's stanza for a service: `fwknop -n NAME` knocks for it. */
export function stanzaName({ server, name }: KnockTarget, service: Service): string {
  const full = serviceName(service);
  const port = full.replace('/', '');
  return name === undefined ? `${server}-${port}` : `${name}-${SHORT_NAMES.get(full) ?? port}`;
}

function fwknoprc({ key, hmacKey }: ClientKeys, target: KnockTarget): string {
  const stanzas = target.services.map(
    (service) => `
[${stanzaName(target, service)}]
SPA_SERVER               ${target.server}
SPA_SERVER_PORT          ${target.spaPort}
SPA_SERVER_PROTO         udp
ACCESS                   ${serviceName(service)}
ALLOW_IP                 resolve
KEY_BASE64               ${key}
HMAC_KEY_BASE64          ${hmacKey}
USE_HMAC                 Y
`,
  );
  return `# Stanzas for ~/.fwknoprc (mode 600), by fwknop-mikrotik. Each knocks for one service:
#
#   fwknop -n ${target.services.map((service) => stanzaName(target, service))[0]}
#
# \`resolve\` asks a web service for your public address; fwknop -a ADDRESS names it, and -f SECONDS
# asks for longer than ${DEFAULT_TIMEOUT} s. Settings that you have under [default] still apply.
${stanzas.join('')}`;
}
