import { isIPv4 } from 'node:net';
import { showPath } from '../common/trusted-file';
import type { Stanza } from './access-conf';
import { checkCommand, findCall, type HelperCommand } from './command';
import type { Finding } from './output';

const LONGEST_TIMER = 8388608; // seconds, measured with fwknopd 2.6.10

const NETWORKS_WITHOUT_INTERNET: readonly [network: string, prefix: number][] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
];

/** Variables without effect where a command opens (incoming_spa.c). */
const WITHOUT_EFFECT = [
  ...['OPEN_PORTS', 'RESTRICT_PORTS', 'FW_ACCESS_TIMEOUT', 'MAX_FW_TIMEOUT', 'CMD_EXEC_USER'],
  ...['CMD_EXEC_GROUP', 'CMD_SUDO_EXEC_USER', 'CMD_SUDO_EXEC_GROUP', 'ENABLE_CMD_EXEC'],
  ...['ENABLE_CMD_SUDO_EXEC', 'FORWARD_ALL', 'DISABLE_DNAT', 'FORCE_NAT', 'FORCE_SNAT'],
  'FORCE_MASQUERADE',
];
const LIMITS = WITHOUT_EFFECT.slice(0, 4);

/**
 * Checks the text of a stanza, if it runs this program.
 *
 * @returns no command where it runs another program, or a script that cannot be understood
 */
export async function checkStanza(
  stanza: Stanza,
): Promise<{ command?: HelperCommand; findings: readonly Finding[] }> {
  const open = stanza.variables.get('CMD_CYCLE_OPEN');
  const call = open && findCall(open);
  if (open === undefined || call === undefined) return { findings: [] };
  if (typeof call === 'string') {
    const what = `${open.place}: cannot see in the script ${showPath(call)} whether it runs fwknop-mikrotik`;
    const hint = 'let a shell script end with: exec /usr/bin/fwknop-mikrotik "$@"';
    return { findings: [{ status: 'warn', step: 'CMD_CYCLE_OPEN', what, hint }] };
  }
  const { command, findings } = await checkCommand(open, call);
  const others = [checkClose(stanza), checkTimer(stanza), checkRequiredSource(stanza)];
  return {
    command,
    findings: [...findings, ...others, ...checkKeys(stanza), ...checkUseless(stanza)],
  };
}

/**
 * Says why no knock from the internet can use a stanza: it has expired, or its SOURCE has private
 * networks only.
 *
 * @returns nothing where one can
 */
export function whyClosed({ source, variables }: Stanza, now: Date): readonly Finding[] {
  const findings: Finding[] = [];
  const end = expiry(variables);
  if (end !== undefined && end.date.getTime() <= now.getTime()) {
    const { name, place, date } = end;
    const what = `${place}: the stanza expired on ${isoDay(date)}`;
    findings.push({ status: 'FAIL', step: name, what, hint: `remove ${name}, or move the date` });
  }
  if (source.value.split(',').every((entry) => isPrivateNetwork(entry.trim()))) {
    const what = `${source.place}: ${source.value.trim()}: a packet from the internet matches no network of these`;
    findings.push({ status: 'FAIL', step: 'SOURCE', what, hint: 'write SOURCE ANY' });
  }
  return findings;
}

/**
 * Says which earlier stanza takes the packets of a stanza: fwknopd uses the first one that is not
 * expired, has the source of the packet, and whose keys fit (incoming_spa.c).
 *
 * @param earlier the stanzas before it
 * @returns nothing where none does
 */
export function whyNotReached(
  stanza: Stanza,
  earlier: readonly Stanza[],
  now: Date,
): readonly Finding[] {
  const keys = keysOf(stanza);
  const sources = ['ANY', stanza.source.value.trim()];
  const first = earlier.find(
    (other) =>
      keys !== '' &&
      keysOf(other) === keys &&
      sources.includes(other.source.value.trim()) &&
      whyClosed(other, now).length === 0,
  );
  if (first === undefined) return [];
  const what = `${stanza.source.place}: the stanza of ${first.source.place} has the same keys and takes its packets`;
  return [
    { status: 'FAIL', step: 'keys', what, hint: 'remove that stanza, or give it other keys' },
  ];
}

function keysOf({ variables }: Stanza): string {
  const names = ['KEY', 'KEY_BASE64', 'HMAC_KEY', 'HMAC_KEY_BASE64'];
  return names.flatMap((name) => variables.get(name)?.value.trim() ?? []).join('\n');
}

/** ACCESS_EXPIRE is month/day/year in local time, its beginning (access.c, add_acc_expire_time). */
function expiry(
  variables: Stanza['variables'],
): { name: string; place: string; date: Date } | undefined {
  for (const name of ['ACCESS_EXPIRE_EPOCH', 'ACCESS_EXPIRE']) {
    const { value = '', place = '' } = variables.get(name) ?? {};
    const [, month, day, year] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})/.exec(value) ?? [];
    const seconds = /^[1-9]\d*/.exec(value)?.[0];
    if (year !== undefined) {
      return { name, place, date: new Date(Number(year), Number(month) - 1, Number(day)) };
    }
    if (name === 'ACCESS_EXPIRE_EPOCH' && seconds !== undefined) {
      return { name, place, date: new Date(Number(seconds) * 1000) };
    }
  }
  return undefined;
}

function isoDay(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Takes an address, or a network with a prefix or a mask; anything else may be public. */
function isPrivateNetwork(entry: string): boolean {
  const [address = '', suffix = '32'] = entry.split('/');
  if (!isIPv4(address)) return false;
  const mask = isIPv4(suffix) ? numberOf(suffix).toString(2).replace(/0*$/, '').length : suffix;
  return NETWORKS_WITHOUT_INTERNET.some(([network, prefix]) => {
    const size = 2 ** (32 - prefix);
    const isInside = Math.floor(numberOf(address) / size) === numberOf(network) / size;
    return isInside && Number(mask) >= prefix;
  });
}

function numberOf(address: string): number {
  return address.split('.').reduce((number, byte) => number * 256 + Number(byte), 0);
}

function checkClose({ source, variables: settings }: Stanza): Finding {
  const step = 'CMD_CYCLE_CLOSE';
  const close = settings.get(step);
  const hint = `write ${step} NONE: the router's own timer closes`;
  if (close === undefined) {
    const what = `${source.place}: not set: fwknopd does not start without it`;
    return { status: 'FAIL', step, what, hint };
  }
  // fwknopd compares four characters.
  if (close.value.startsWith('NONE')) return { status: 'ok', step, what: `${close.place}: NONE` };
  return { status: 'FAIL', step, what: `${close.place}: fwknopd would run it as a command`, hint };
}

function checkTimer({ source, variables: settings }: Stanza): Finding {
  const step = 'CMD_CYCLE_TIMER';
  const timer = settings.get(step);
  if (timer === undefined) {
    return {
      status: 'warn',
      step,
      what: `${source.place}: not set: default-timeout applies when the client sends no -f`,
      hint: `write ${step} 30`,
    };
  }
  // fwknopd takes 1e3 for 1.
  const seconds = /^\d+\s*$/.test(timer.value) ? Number(timer.value) : 0;
  if (seconds < 1 || seconds > LONGEST_TIMER) {
    const what = `${timer.place}: not a number of seconds, 1-${LONGEST_TIMER}`;
    return { status: 'FAIL', step, what, hint: `write ${step} 30` };
  }
  return {
    status: 'ok',
    step,
    what: `${timer.place}: default ${seconds} s (when the client sends no -f)`,
  };
}

function checkRequiredSource({ source, variables: settings }: Stanza): Finding {
  const step = 'REQUIRE_SOURCE_ADDRESS';
  const required = settings.get(step);
  if (required !== undefined && /^y/i.test(required.value)) {
    return { status: 'ok', step, what: `${required.place}: Y` };
  }
  return {
    status: 'warn',
    step,
    what: `${(required ?? source).place}: not Y: clients may omit their address (-s); fwknopd then trusts the packet's source address`,
    hint: `write ${step} Y`,
  };
}

function checkKeys({ source, variables: settings }: Stanza): readonly Finding[] {
  if (settings.has('HMAC_KEY_BASE64') || settings.has('HMAC_KEY')) return [];
  const what = `${source.place}: no HMAC key: fwknopd decrypts packets that nobody has authenticated`;
  const hint = 'write HMAC_KEY_BASE64 here and in the client; fwknop --key-gen prints keys';
  return [{ status: 'warn', step: 'HMAC_KEY_BASE64', what, hint }];
}

function checkUseless({ variables: settings }: Stanza): readonly Finding[] {
  return WITHOUT_EFFECT.flatMap((step) => {
    const setting = settings.get(step);
    if (setting === undefined) return [];
    const what = `${setting.place}: without effect on a command`;
    const hint = LIMITS.includes(step)
      ? 'set services and max-timeout under [grant] in the configuration'
      : 'remove the line';
    return [{ status: 'warn' as const, step, what, hint }];
  });
}
