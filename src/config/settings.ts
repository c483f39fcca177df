/**
 * A reader for each setting, used for the flag and for the key of the configuration file alike. It
 * takes an untrusted value and returns a typed one.
 *
 * Every reader throws BadValue.
 */
import { isIP } from 'node:net';
import { type Networks, parseNetworks } from '../access/address';
import { parsePort, parseProtocol, type ServiceRange } from '../access/service';
import { LONGEST_TIMEOUT, parseDuration } from '../common/duration';
import { isHostName, isPrintable, quote } from '../common/text';
import { BadValue } from '../common/values';
import { LONGEST_NAME } from '../router/router';

export const TLS_MODES = ['verify', 'insecure', 'anonymous', 'off'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

export const SYSLOG_MODES = ['auto', 'on', 'off'] as const;
export type SyslogMode = (typeof SYSLOG_MODES)[number];

const LONGEST_DEADLINE = 120;

/** Any text of printable ASCII: a router is sent no other. */
export function text(value: unknown): string {
  if (typeof value !== 'string') throw new BadValue('expected a text');
  if (!isPrintable(value)) throw new BadValue('expected printable ASCII characters only');
  return value;
}

export function filledText(value: unknown): string {
  const filled = text(value);
  if (filled === '') throw new BadValue('expected a text that is not empty');
  return filled;
}

/** A path: one character or more, any but NUL. */
export function path(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new BadValue('expected the path of a file');
  }
  return value;
}

export function routerName(value: unknown): string {
  const name = filledText(value);
  if (name.length > LONGEST_NAME) throw new BadValue(`expected at most ${LONGEST_NAME} characters`);
  return name;
}

/** The name of a client, as `--client` and the tables `[client.NAME]` give it. */
export function clientName(value: unknown): string {
  if (typeof value !== 'string' || !/^[a-z0-9][a-z0-9-]{0,19}$/.test(value)) {
    throw new BadValue('expected a name of 1 to 20 characters: a-z, 0-9 and -, no - at the start');
  }
  return value;
}

export function host(value: unknown): string {
  const name = filledText(value);
  if (isIP(name) === 0 && !isHostName(name)) {
    throw new BadValue('expected an IP address or a host name');
  }
  return name;
}

/** The name of a certificate; for an address, Node compares `host`. */
export function serverName(value: unknown): string {
  const name = filledText(value);
  if (!isHostName(name)) throw new BadValue('expected a host name');
  return name;
}

export function port(value: unknown): number {
  const isWritten = typeof value === 'number' || typeof value === 'string';
  const number = isWritten ? parsePort(String(value)) : undefined;
  if (number === undefined) throw new BadValue('expected a port, 1-65535');
  return number;
}

export function tlsMode(value: unknown): TlsMode {
  return oneOf(TLS_MODES, value);
}

export function syslogMode(value: unknown): SyslogMode {
  return oneOf(SYSLOG_MODES, value);
}

/** A SHA-256 fingerprint in either case, with colons or without. Returns 64 lower-case digits. */
export function fingerprint(value: unknown): string {
  const digits = typeof value === 'string' ? value.replaceAll(':', '').toLowerCase() : '';
  if (!/^[0-9a-f]{64}$/.test(digits)) {
    throw new BadValue('expected a SHA-256 fingerprint, 64 hex digits');
  }
  return digits;
}

export function emailAddress(value: unknown): string {
  const address = text(value);
  if (!/^[^\s@]+@[^\s@]+$/.test(address)) throw new BadValue('expected an e-mail address');
  return address;
}

/** The name of an address list, in which {proto} and {port} stand for the numbers. */
export function listTemplate(value: unknown): string {
  const template = filledText(value);
  if (!/^(?:[^{}]|\{proto\}|\{port\})*$/.test(template)) {
    throw new BadValue('expected no placeholder but {proto} and {port}');
  }
  return template;
}

/** The comment of an entry, in which {client} stands for the name of the client. */
export function commentTemplate(value: unknown): string {
  const template = text(value);
  if (!/^(?:[^{}]|\{client\})*$/.test(template)) {
    throw new BadValue('expected no placeholder but {client}');
  }
  return template;
}

/** The time for the whole run, in seconds. */
export function deadline(value: unknown): number {
  const seconds = duration(value);
  // fwknopd waits for this program, and refuses SPA packets that are older than 120 s by then
  // (MAX_SPA_PACKET_AGE).
  if (seconds < 1 || seconds > LONGEST_DEADLINE) {
    throw new BadValue(`expected a duration of 1s to ${LONGEST_DEADLINE}s`);
  }
  return seconds;
}

/** For how long an entry may stay, in seconds; never 0, which RouterOS takes for no end. */
export function entryTimeout(value: unknown): number {
  const seconds = duration(value);
  if (seconds < 1 || seconds > LONGEST_TIMEOUT) {
    throw new BadValue(`expected a duration of 1s to ${LONGEST_TIMEOUT}s`);
  }
  return seconds;
}

/** How many first bits of an IPv4 source make the network that is let in. */
export function ipv4Prefix(value: unknown): number {
  return prefix(value, 24, 32);
}

/** The same for an IPv6 source. */
export function ipv6Prefix(value: unknown): number {
  return prefix(value, 48, 128);
}

function prefix(value: unknown, shortest: number, longest: number): number {
  if (!Number.isSafeInteger(value) || Number(value) < shortest || Number(value) > longest) {
    throw new BadValue(`expected a prefix length, ${shortest}-${longest}`);
  }
  return Number(value);
}

export function services(value: unknown): readonly ServiceRange[] {
  return texts(value).map((entry) => {
    const [, protocolText = '', firstText = '', lastText = firstText] =
      /^([a-z0-9]+)\/(\d+)(?:-(\d+))?$/.exec(entry) ?? [];
    const protocol = parseProtocol(protocolText);
    const firstPort = parsePort(firstText);
    const lastPort = parsePort(lastText);
    if (
      protocol === undefined ||
      firstPort === undefined ||
      lastPort === undefined ||
      lastPort < firstPort
    ) {
      throw new BadValue(
        `expected services such as "tcp/22" or "tcp/8000-8100", not ${quote(entry)}`,
      );
    }
    return { protocol, firstPort, lastPort };
  });
}

export function sources(value: unknown): Networks {
  const networks = parseNetworks(texts(value));
  if ('unreadable' in networks) {
    throw new BadValue(
      `expected networks such as "198.51.100.0/24", not ${quote(networks.unreadable)}`,
    );
  }
  return networks;
}

function duration(value: unknown): number {
  if (typeof value === 'string' || Number.isSafeInteger(value)) {
    const seconds = parseDuration(String(value));
    if (seconds !== undefined) return seconds;
  }
  throw new BadValue('expected a duration: whole seconds, or such as "1h30m"');
}

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new BadValue('expected a list of texts');
  }
  return value;
}

function oneOf<T extends string>(choices: readonly T[], value: unknown): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined)
    throw new BadValue(`expected ${choices.join(', ').replace(/, ([^,]*)$/, ' or $1')}`);
  return choice;
}
