import { networkInterfaces } from 'node:os';
import { isPrivate, parseAddress, unfitSource } from '../access/address';
import { PROTOCOL_NUMBER, type Service, serviceName } from '../access/service';
import { isContainer } from '../common/container';
import { Trap } from '../router/errors';
import type { Router } from '../router/router';
import type { Session } from '../router/session';
import { type Fate, follow, type Packet, type Rule } from './firewall';
import type { Finding } from './output';

const FILTER = '/ip/firewall/filter';
const NAT = '/ip/firewall/nat';
const DEFAULT_WAN = 'WAN';
/** The word for a list of any protocol or port, in a template. */
const PLACES = { proto: '(\\d+)', port: '(\\d+)' };

/** A list that openings write to, and the services that they open by it; undefined for all. */
export interface GrantedList {
  /** With {proto} and {port} in it. */
  readonly list: string;
  readonly services: readonly Service[] | undefined;
}

/** The rest of an installation that the router's side must fit. */
export interface Installation {
  readonly granted: readonly GrantedList[];
  readonly spaPort: number;
  /** Whether this is the only router: then SPA packets come by it. */
  readonly isOnlyRouter: boolean;
}

/**
 * Checks on the router what an opening cannot see: whom the service and the user let in, and where the
 * firewall sends the packets of a knock and of an opened service.
 *
 * @param session of a user who may read; a menu that the router does not show is skipped
 * @throws SessionError
 */
export async function checkRouterSide(
  session: Session,
  router: Router,
  installation: Installation,
): Promise<readonly Finding[]> {
  const rows = (menu: string, query: readonly string[] = []) => readRows(session, menu, query);
  const service = router.trust.mode === 'off' ? 'api' : 'api-ssl';
  const services = await rows('/ip/service', [`?name=${service}`]);
  const users = await rows('/user', [`?name=${router.user}`]);
  const filter = await rows(FILTER);
  const nat = await rows(NAT);
  const mail = router.email === undefined ? [] : checkMail(await readMail(rows));
  return [
    ...checkService(services, service),
    ...checkUser(users, router.user),
    ...(filter === undefined || nat === undefined ? [] : checkFirewall(filter, nat, installation)),
    ...mail,
  ];
}

/** @returns undefined where the router refuses */
async function readRows(
  session: Session,
  menu: string,
  query: readonly string[],
): Promise<readonly Rule[] | undefined> {
  try {
    return (await session.print(menu, [], query)) as readonly Rule[];
  } catch (error) {
    if (error instanceof Trap) return undefined;
    throw error;
  }
}

/** Since 7.19 /ip/service lists connections too, before or after the services [C]. */
function checkService(rows: readonly Rule[] | undefined, name: string): readonly Finding[] {
  const service = rows?.find((row) => row.name === name && row.connection !== 'true');
  if (service === undefined) return [];
  // 7.24 calls it available-from [C].
  const networks = service['available-from'] ?? service.address ?? '';
  const hint = `/ip/service/set [find name=${name} !dynamic] address=<this host>/32`;
  return [openTo('service', `${name} is open to`, 'Available From', networks, hint)];
}

function checkUser(rows: readonly Rule[] | undefined, name: string): readonly Finding[] {
  const user = rows?.find((row) => row.name === name);
  if (user === undefined) return [];
  const isPlain = /^[\w.-]+$/.test(name);
  const hint = `/user/set [find name=${isPlain ? name : '<its name>'}] address=<this host>/32`;
  const networks = user.address ?? '';
  return [openTo('user', 'may log in from', 'Allowed Address', networks, hint)];
}

/** The login got through: so the networks, if there are any, have this host in them. */
function openTo(
  step: string,
  what: string,
  field: string,
  networks: string,
  hint: string,
): Finding {
  const isAny = ['', '0.0.0.0/0', '::/0'].includes(networks);
  return isAny
    ? { status: 'warn', step, what: `${what} every address: set its ${field}`, hint }
    : { status: 'ok', step, what: `${what} ${networks} (${field})` };
}

/** The e-mail settings, and the device mode. */
interface MailState {
  readonly deviceMode: Rule | undefined;
  readonly tool: Rule | undefined;
}

async function readMail(
  rows: (menu: string) => Promise<readonly Rule[] | undefined>,
): Promise<MailState> {
  const [deviceMode] = (await rows('/system/device-mode')) ?? [];
  const [tool] = (await rows('/tool/e-mail')) ?? [];
  return { deviceMode, tool };
}

/** Device mode `home`, in which home routers come since 7.17, blocks e-mail [C]. */
export function checkMail({ deviceMode, tool }: MailState): readonly Finding[] {
  const step = 'e-mail';
  const isBlocked =
    deviceMode?.email === undefined
      ? deviceMode?.mode === 'home'
      : /^(?:no|false)$/.test(deviceMode.email);
  if (isBlocked) {
    const what = `device-mode ${deviceMode?.mode ?? ''} blocks e-mail: no note will be sent`;
    const hint = '/system/device-mode/update email=yes, then press a button or switch off and on';
    return [{ status: 'warn', step, what, hint }];
  }
  const server = tool?.server ?? tool?.address;
  if (tool !== undefined && (server === undefined || /^(?:0\.0\.0\.0|::)?$/.test(server))) {
    const what = 'no server in /tool/e-mail: no note will be sent';
    return [{ status: 'warn', step, what, hint: '/tool/e-mail/set server=... from=...' }];
  }
  return [];
}

/** Checks where the packets of a knock and of each granted service go. */
export function checkFirewall(
  filter: readonly Rule[],
  nat: readonly Rule[],
  { granted, spaPort, isOnlyRouter }: Installation,
): readonly Finding[] {
  const tables = { filter, nat };
  const wan = wanOf([...nat, ...filter].filter((rule) => hasPort(rule, 'udp', spaPort)));
  const services = granted.flatMap(({ list, services: named }) =>
    (named ?? servicesOf(list, [...filter, ...nat])).map((service) => ({
      service,
      list: nameOf(list, service),
    })),
  );
  if (services.length === 0) {
    const lists = granted.map(({ list }) => list).join(', ');
    const what = `no enabled rule uses an address list that openings write to (${lists})`;
    return [{ status: 'FAIL', step: 'firewall', what, hint: IMPORT }];
  }
  const distinct = new Map(services.map((one) => [`${one.list} ${serviceName(one.service)}`, one]));
  return [
    checkForward(tables, wan ?? DEFAULT_WAN, spaPort, isOnlyRouter),
    ...[...distinct.values()].map(({ service, list }) =>
      checkOpened(tables, service, list, wan ?? DEFAULT_WAN),
    ),
  ];
}

const IMPORT = 'fwknop-mikrotik init writes router.rsc with these rules: /import it';

interface Tables {
  readonly filter: readonly Rule[];
  readonly nat: readonly Rule[];
}

function checkForward(tables: Tables, wan: string, port: number, isOnlyRouter: boolean): Finding {
  const step = 'SPA packets';
  const packet: Packet = { protocol: 'udp', port, list: undefined, wan };
  const { route, fate, destination } = send(tables, packet);
  const ours = ownAddresses();
  const status = isOnlyRouter && ours.every((address) => isPrivateText(address)) ? 'FAIL' : 'warn';
  // A container does not know the address of its host.
  const isHere = destination !== undefined && (isContainer() || ours.includes(destination));
  if (route !== 'forward' || !isHere) {
    const where = destination === undefined ? '' : `: they go to ${destination}`;
    const what = `no port forward sends udp/${port} to this host${where}`;
    return { status, step, what, hint: IMPORT };
  }
  if (fate.action === 'drop') {
    const what = `${numbered(tables.filter, fate.rule)} drops udp/${port} to ${destination}`;
    const hint = 'put an accept for connection-nat-state=dstnat before it';
    return { status: 'FAIL', step, what, hint };
  }
  return { status: 'ok', step, what: `udp/${port} goes to ${destination}` };
}

function checkOpened(tables: Tables, service: Service, list: string, usualWan: string): Finding {
  const name = serviceName(service);
  const step = 'firewall';
  const all = [...tables.filter, ...tables.nat];
  const using = all.filter((rule) => rule['src-address-list'] === list && isOfOpening(rule));
  const [first] = using;
  if (first === undefined) {
    return { status: 'FAIL', step, what: `${name}: no rule uses the list ${list}`, hint: IMPORT };
  }
  const enabled = using.filter((rule) => rule.disabled !== 'true' && rule.invalid !== 'true');
  if (enabled.length === 0) {
    const menu = tables.filter.includes(first) ? FILTER : NAT;
    const what = `${name}: ${numbered(menu === FILTER ? tables.filter : tables.nat, first)} of ${menu}, which uses ${list}, is disabled or invalid`;
    return { status: 'FAIL', step, what, hint: `${menu}/enable [find src-address-list=${list}]` };
  }
  const wan = wanOf(enabled) ?? usualWan;
  const packet: Packet = { ...service, list, wan };
  const listed = send(tables, packet);
  const other = send(tables, { ...packet, list: undefined });
  const rule = numbered(tables.filter, listed.fate.rule);
  if (listed.fate.action === 'drop') {
    const what = `${name}: ${rule} drops it before a rule that uses ${list} accepts it`;
    const hint = `move the rule with src-address-list=${list} above that one in ${FILTER}`;
    return { status: 'FAIL', step, what, hint };
  }
  const doubtful = listed.fate.unsure.find(({ action = '' }) => action !== 'accept');
  if (doubtful !== undefined) {
    const what = `${name}: ${numbered(tables.filter, doubtful)} may drop it: that depends on more than a check can see`;
    return { status: 'warn', step, what, hint: `compare that rule with the one that uses ${list}` };
  }
  if (other.fate.action !== 'drop' && (other.route === listed.route || other.route === 'forward')) {
    const by =
      other.fate.rule === undefined ? 'no rule drops it' : numbered(tables.filter, other.fate.rule);
    const what = `${name}: open to every address, knock or not: ${by}`;
    const hint = 'drop the rest at the end of the chain, or remove that rule';
    return { status: 'warn', step, what, hint };
  }
  const where = listed.destination === undefined ? '' : ` to ${listed.destination}`;
  return {
    status: 'ok',
    step,
    what: `${name}: addresses in ${list} get in${where}, others do not`,
  };
}

/** Sends a packet through the port forwards, and then through the chain that it comes to. */
function send(
  { filter, nat }: Tables,
  packet: Packet,
): { route: 'input' | 'forward'; fate: Fate; destination: string | undefined } {
  const { action, rule } = follow(nat, 'dstnat', packet);
  const port = Number(rule?.['to-ports'] ?? packet.port) || packet.port;
  const destination = action === 'dst-nat' ? rule?.['to-addresses'] : undefined;
  if (destination !== undefined) {
    const forwarded = { ...packet, port, destination };
    return { route: 'forward', fate: follow(filter, 'forward', forwarded), destination };
  }
  const arriving = action === 'redirect' ? { ...packet, port } : packet;
  return { route: 'input', fate: follow(filter, 'input', arriving), destination };
}

/** A rule that lets in, and none that only logs or renews an entry. */
function isOfOpening({ action = 'accept' }: Rule): boolean {
  return ['accept', 'dst-nat', 'redirect', 'jump'].includes(action);
}

function wanOf(rules: readonly Rule[]): string | undefined {
  const names = rules.map((rule) => rule['in-interface-list'] ?? rule['in-interface']);
  return names.find((name) => name !== undefined && !name.startsWith('!'));
}

function hasPort(rule: Rule, protocol: string, port: number): boolean {
  return rule.protocol === protocol && rule['dst-port'] === String(port);
}

/** The list that an opening of a service writes to. */
function nameOf(template: string, { protocol, port }: Service): string {
  return template
    .replaceAll('{proto}', String(PROTOCOL_NUMBER[protocol]))
    .replaceAll('{port}', String(port));
}

/** Where everything is granted: the services of the rules that use such a list. */
function servicesOf(template: string, rules: readonly Rule[]): readonly Service[] {
  const pattern = template
    .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replaceAll('{proto}', PLACES.proto)
    .replaceAll('{port}', PLACES.port);
  return rules.flatMap((rule) => {
    const { protocol, 'dst-port': port } = rule;
    const isListed = new RegExp(`^${pattern}$`).test(rule['src-address-list'] ?? '');
    if (!isListed || !isOfOpening(rule) || rule.disabled === 'true') return [];
    if ((protocol !== 'tcp' && protocol !== 'udp') || !/^\d+$/.test(port ?? '')) return [];
    return [{ protocol, port: Number(port) }];
  });
}

/** How messages name a rule: by the number that `print` gives it, and its comment. */
function numbered(rules: readonly Rule[], rule: Rule | undefined): string {
  if (rule === undefined) return 'no rule';
  const comment = rule.comment === undefined ? '' : ` (${rule.comment.slice(0, 40)})`;
  return `rule ${rules.indexOf(rule)}${comment}`;
}

function ownAddresses(): readonly string[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return interfaces.map(({ address }) => address);
}

function isPrivateText(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined || address.family === 6) return true;
  return isPrivate(address) || unfitSource(address) !== undefined;
}
