import { readFileSync, statSync } from 'node:fs';
import { isContainer, lastingFile } from '../common/container';
import { DEFAULT_ACCESS_CONF, FWKNOPD } from '../common/fwknopd';
import { showPath } from '../common/trusted-file';
import { DEFAULT_CONFIG_FILE } from '../config/config';
import type { AccessConf } from './access-conf';
import type { FwknopdSettings } from './fwknopd-config';
import type { Finding } from './output';
import { type FwknopdProcess, hasUdpPort, interfacesOf } from './process';
import { restartHint } from './service';

const PCAP_LIBRARY = 'libpcap.so'; // Debian 13 builds fwknopd without it
/** A file written in the moment of the start was read, or its writer restarts fwknopd. */
const SLACK_MS = 200;

/**
 * Checks by its settings that fwknopd can hear a knock.
 *
 * @param pid of fwknopd, or `self` where it does not run
 */
export function checkCapture(
  settings: FwknopdSettings,
  { stanzas, spaPort }: AccessConf,
  pid: number | 'self',
): readonly Finding[] {
  const file = showPath(settings.get('CONFIG_FILE') ?? 'fwknopd.conf');
  const udpServer = `write ENABLE_UDP_SERVER Y; at the end of ${file}, and restart fwknopd`;
  const fail = (what: string, hint: string): Finding => ({
    status: 'FAIL',
    step: 'capture',
    what,
    hint,
  });
  if (isOn(settings, 'ENABLE_NFQ_CAPTURE')) {
    const what = stanzas.some(({ variables }) => !variables.has('CMD_CYCLE_OPEN'))
      ? 'ENABLE_NFQ_CAPTURE is Y: fwknopd drops clients below 5.220.0.0 (fwknop issue 377)'
      : 'ENABLE_NFQ_CAPTURE is Y: with command stanzas only, fwknopd makes no NFQUEUE rule and hears nothing';
    return [fail(what, udpServer.replace('write ', 'write ENABLE_NFQ_CAPTURE N; and '))];
  }
  const usesUdp = usesUdpServer(settings);
  if (!usesUdp) {
    const name = settings.get('PCAP_INTF') ?? '';
    if (name !== 'any' && !interfacesOf(pid).includes(name)) {
      const hint = `write PCAP_INTF with an interface of ip link, or ${udpServer.slice(6)}`;
      return [fail(`PCAP_INTF ${name}: there is no such interface`, hint)];
    }
  }
  const port = spaPortOf(settings);
  if (spaPort !== undefined && port !== undefined && spaPort.value !== String(port)) {
    const variable = usesUdp ? 'UDPSERV_PORT' : 'PCAP_FILTER udp port';
    const what = `${spaPort.place}: the clients knock on port ${spaPort.value}, and fwknopd listens on ${port}`;
    const hint = `write ${variable} ${spaPort.value}; at the end of ${file}, and restart fwknopd`;
    return [fail(what, hint)];
  }
  const how = usesUdp ? 'UDP server' : `pcap on ${settings.get('PCAP_INTF')}`;
  const where = port === undefined ? settings.get('PCAP_FILTER') : `port ${port}`;
  return [{ status: 'ok', step: 'capture', what: `${how}, ${where}` }];
}

/** A UDP server does not learn where a packet was sent to: it compares 0.0.0.0 with DESTINATION. */
export function checkDestinations(
  settings: FwknopdSettings,
  { stanzas }: AccessConf,
): readonly Finding[] {
  if (!usesUdpServer(settings)) return [];
  return stanzas.flatMap(({ variables }) => {
    const destination = variables.get('DESTINATION');
    if (destination === undefined || /^any\s*$/i.test(destination.value)) return [];
    const what = `${destination.place}: no packet matches it in UDP server mode`;
    return [{ status: 'FAIL', step: 'DESTINATION', what, hint: 'remove the line' } as const];
  });
}

/**
 * Checks that fwknopd runs with the files as they are now, and has its port.
 *
 * @param accessFiles access.conf and the files that it includes
 */
export function checkRunning(
  running: FwknopdProcess | undefined,
  settings: FwknopdSettings | undefined,
  accessConf: string,
  accessFiles: readonly string[],
): readonly Finding[] {
  const step = 'running';
  if (running === undefined) {
    return [{ status: 'FAIL', step, what: 'fwknopd does not run', hint: restartHint('start') }];
  }
  const { pid, args, startedAt } = running;
  const findings: Finding[] = [];
  const fail = (what: string) =>
    findings.push({ status: 'FAIL', step, what, hint: restartHint('restart') });
  const other = accessFileOf(args);
  if (other?.startsWith('/') && other !== accessConf) {
    const what = `fwknopd (process ${pid}) reads ${showPath(other)}, which was not checked`;
    const hint = `fwknop-mikrotik check --access-conf ${other}`;
    return [{ status: 'FAIL', step, what, hint }];
  }
  const files = [...accessFiles, settings?.get('CONFIG_FILE'), settings?.get('OVERRIDE_CONFIG')];
  const changed = isContainer()
    ? changedOriginals(startedAt)
    : [...new Set(files)].filter((file) => file !== undefined && changedSince(file, startedAt));
  if (changed.length > 0) {
    const names = changed.map((file) => showPath(file ?? '')).join(', ');
    // Only with pcap capture does fwknopd read its files again, at a SIGHUP.
    const isPcap = settings !== undefined && !usesUdpServer(settings);
    const unless = isPcap ? ', unless it was reloaded' : '';
    fail(`fwknopd started before ${names} changed: it still uses the old lines${unless}`);
  }
  const port = settings === undefined ? undefined : spaPortOf(settings);
  const needsPort = settings !== undefined && usesUdpServer(settings);
  if (needsPort && changed.length === 0 && port !== undefined && !hasUdpPort(pid, port)) {
    fail(`fwknopd (process ${pid}) has no socket on UDP port ${port}`);
  }
  if (findings.length > 0) return findings;
  const since = startedAt.toISOString().slice(0, 19).replace('T', ' ');
  return [{ status: 'ok', step, what: `process ${pid}, since ${since} UTC, with these files` }];
}

function isOn(settings: FwknopdSettings, name: string): boolean {
  return /^y/i.test(settings.get(name) ?? '');
}

/** @returns undefined where the capture filter names no port */
function spaPortOf(settings: FwknopdSettings): number | undefined {
  const text = usesUdpServer(settings)
    ? settings.get('UDPSERV_PORT')
    : /\bport (\d+)\b/.exec(settings.get('PCAP_FILTER') ?? '')?.[1];
  return text === undefined ? undefined : Number(text);
}

/** A fwknopd that was built without pcap capture is a UDP server whatever its settings say. */
function usesUdpServer(settings: FwknopdSettings): boolean {
  return isOn(settings, 'ENABLE_UDP_SERVER') || !readFileSync(FWKNOPD).includes(PCAP_LIBRARY);
}

function accessFileOf(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === '-a' || arg === '--access-file');
  const joined = args.find((arg) => arg.startsWith('--access-file='));
  return at < 0 ? joined?.slice('--access-file='.length) : args[at + 1];
}

/** The files that changed after a container's first process copied them and became fwknopd. */
function changedOriginals(startedAt: Date): readonly string[] {
  const accessConf = lastingFile(DEFAULT_ACCESS_CONF);
  const config = lastingFile(DEFAULT_CONFIG_FILE);
  return [
    ...(changedSince(accessConf, startedAt) ? [accessConf] : []),
    // --pin changes this one and its copy, which every opening reads.
    ...(haveSameText(config, DEFAULT_CONFIG_FILE) ? [] : [config]),
  ];
}

function haveSameText(one: string, other: string): boolean {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch {
    return false;
  }
}

function changedSince(file: string, date: Date): boolean {
  try {
    return statSync(file).mtimeMs > date.getTime() + SLACK_MS;
  } catch {
    return false; // `<not set>`, or gone
  }
}
