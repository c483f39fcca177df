import { Failure } from '../common/failure';
import { FWKNOPD } from '../common/fwknopd';
import { shellWord } from '../common/text';
import type { FwknopdProcess } from './process';
import { runProgram } from './run-program';

/** The names of fwknopd's settings, with the values that are in force. */
export type FwknopdSettings = ReadonlyMap<string, string>;

/**
 * The sentences with which fwknopd 2.6.10 and 2.6.11 refuse a configuration, as far as they can show
 * no key: a place for a value stands for a path, a name or a number.
 */
const REFUSALS: readonly RegExp[] = [
  /\[-\] file: \S+ (?:permissions should only be user read\/write \(0600, -rw-------\)|not owned by current effective user id|is not a regular file or symbolic link\.)/,
  /\[\*\] (?:Access file|Config file): '[^']*' was not found\./,
  /\[\*\] (?:Could not open (?:access|config) file: \S+|Invalid access\.conf file path '[^']*')/,
  /\[\*\] Invalid access file entry in \S+ at line \d+\./,
  /\[\*\] (?:HMAC_)?KEY(?:_BASE64)? value is not properly set in stanza source '[^']*' in access file: '[^']*'/,
  /\[\*\] No keys found for access stanza source: '[^']*'/,
  /\[\*\] The encryption passphrase and HMAC key should not be identical for access stanza source: '[^']*'/,
  /\[\*\] FORCE_SNAT\/FORCE_MASQUERADE requires either FORCE_NAT or FORWARD_ALL: '[^']*'/,
  /\[\*\] FORCE_S?NAT requires either ENABLE_IPT_FORWARDING or ENABLE_IPT_LOCAL_NAT in fwknopd\.conf/,
  /\[\*\] Cannot set CMD_CYCLE_(?:OPEN|CLOSE) without also setting CMD_CYCLE_(?:OPEN|CLOSE): '[^']*'/,
  /\[\*\] Must set the CMD_CYCLE_TIMER for command cycle functionality: '[^']*'/,
  /\[\*\] CMD_CYCLE_(?:OPEN|CLOSE) command is too long: '[^']*'/,
  /\[\*\] CMD_CYCLE_TIMER value not in range \[1,\d+\]\./,
  /\[\*\] (?:FW_ACCESS_TIMEOUT|MAX_FW_TIMEOUT) value not in range\./,
  /\[\*\] Refusing to go deeper than 3 levels\. Lost in Limbo: '[^']*'/,
  /\[\*\] Fatal: invalid (?:date|epoch seconds) value '[^']*' (?:\(need MM\/DD\/YYYY\) )?for access stanza expiration time/,
  /\[\*\] Fatal invalid (?:SOURCE|DESTINATION|OPEN_PORTS|RESTRICT_PORTS) in access stanza/,
  /\[\*\] Unable to determine [UG]ID for CMD_\w+: [^\n]{1,60}/,
  /\[\*\] var [A-Z_]+ value '[^']*' not in the range \d+-\d+/,
  /\[\*\] Could not find valid SOURCE stanza in access file: '[^']*'/,
];
/** The beginnings of refusals that go on with the value of a key. */
const KEY_REFUSALS = /\[\*\] ((?:HMAC_)?KEY_BASE64) argument '[^\n]*' doesn't look like base64/;

/**
 * Lets fwknopd read its configuration, with the options that it runs with or would be started with.
 *
 * @returns the settings that are in force
 * @throws Failure `config`, with fwknopd's own sentence where it is known to show no key
 */
export async function readFwknopdConfig(
  accessConf: string,
  running: FwknopdProcess | undefined,
  seconds: number,
): Promise<FwknopdSettings> {
  const args = ['-f', '-a', accessConf, ...configOptions(running?.args ?? [])];
  const result = await runProgram(FWKNOPD, ['-D', ...args], seconds);
  if (result.isMissing) {
    throw new Failure('config', `${FWKNOPD} is not there`, 'apt-get install fwknop-server');
  }
  if (result.isFine) {
    const settings = settingsOf(result.stdout);
    // -D does not show what the option -U does.
    const isUdp = running?.args.some((arg) => arg === '-U' || arg === '--udp-server') === true;
    return isUdp ? new Map([...settings, ['ENABLE_UDP_SERVER', 'Y']]) : settings;
  }
  const hint = `run it yourself: ${FWKNOPD} --exit-parse-config ${args.map(shellWord).join(' ')}`;
  if (result.isLate) {
    throw new Failure('config', 'fwknopd does not finish reading its configuration', hint);
  }
  const said = quoteRefusal(result.stderr + result.stdout);
  const quoted = said === undefined ? '' : `: ${said}`;
  throw new Failure('config', `fwknopd refuses its configuration${quoted}`, hint);
}

/**
 * Asks fwknopd for its version, and so which environment its commands get: fwknopd 2.6.11 and later
 * pass on their own, earlier ones an empty one (extcmd.c).
 */
export async function passesEnvironment(seconds: number): Promise<boolean> {
  const { stdout } = await runProgram(FWKNOPD, ['--version'], seconds);
  const [, major = 0, minor = 0, patch = 0] =
    /^fwknopd server (\d+)\.(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? [];
  return major * 1e6 + minor * 1e3 + patch >= 2_006_011;
}

/** The options that name other files than fwknopd's usual ones, or other values than theirs. */
function configOptions(args: readonly string[]): readonly string[] {
  const taken: string[] = [];
  for (const [index, option] of args.entries()) {
    const [, name = '', value] = /^(--[a-z-]+)(?:=(.*))?$/s.exec(option) ?? ['', option];
    if (/^(?:-[cOiP]|--(?:config-file|override-config|interface|pcap-filter))$/.test(name)) {
      taken.push(name, value ?? args[index + 1] ?? '');
    }
  }
  return taken;
}

/** Finds a sentence of refusal that shows no key. */
export function quoteRefusal(output: string): string | undefined {
  const [, key] = KEY_REFUSALS.exec(output) ?? [];
  if (key !== undefined) return `${key}: not base64`;
  for (const refusal of REFUSALS) {
    const [said] = refusal.exec(output) ?? [];
    if (said !== undefined) return said.replace(/^\[.\] /, '').replace(/\.$/, '');
  }
  return undefined;
}

/** Reads what `fwknopd -D` prints: a number, a name and a quoted value in each line. */
export function settingsOf(dump: string): FwknopdSettings {
  const lines = dump.matchAll(/^ *\d+\. ([A-Z_]+) += +'(.*)'$/gm);
  return new Map([...lines].map(([, name = '', value = '']) => [name, value]));
}
