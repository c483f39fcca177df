/**
 * The file in which spknock (github.com/bitcanon/spknock, spknock.py) keeps its targets: a line a
 * target, such as `fw.example.com:1234/udp,9876/udp,5555/udp`. White space means nothing, a line that
 * begins with `#` is a comment, and a port without a protocol is TCP.
 *
 * spknock knows no names, and sends a passphrase's hash with every UDP knock. What else we must know
 * of a target stands in a comment on the line above, which spknock skips. It also skips, with a
 * message, the line of an IPv6 address, written `[2001:db8::1]:1234/udp`.
 */
import { isIPv6 } from 'node:net';
import { parseService } from '../access/service';
import { BadValue } from '../common/values';
import { host as readHost } from '../config/settings';
import type { Knock } from './knocks';

export interface Target {
  readonly name: string;
  readonly host: string;
  readonly knocks: readonly Knock[];
  /** Whether each UDP knock carries the hash of a passphrase. */
  readonly secret: boolean;
}

/** What a targets file says. */
export interface Targets {
  readonly targets: readonly Target[];
  /** The numbers, from 1, of the lines that are neither targets nor comments. */
  readonly unreadable: readonly number[];
}

interface Note {
  readonly name: string | undefined;
  readonly secret: boolean;
}

/** A target and the lines of the file that are its own: from `start` up to, not including, `end`. */
interface Place {
  readonly target: Target;
  readonly start: number;
  readonly end: number;
}

const NOTE = /^#fwknop-mikrotik:(?:name=([^;]+);)?kind=(sequence|secret)$/;

/** Reads a targets file. A line that cannot be read hides no other, as with spknock. */
export function parseTargets(text: string): Targets {
  const { places, unreadable } = readLines(text.split('\n'));
  return { targets: places.map(({ target }) => target), unreadable };
}

/** Adds a target at the end; all that stands in the file stays as it is. */
export function withTarget(text: string, target: Target): string {
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${gap}${renderTarget(target)}`;
}

/** Takes the targets of a name out, their notes with them; all else stays as it is. */
export function withoutTarget(text: string, name: string): string {
  const lines = text.split('\n');
  const gone = readLines(lines).places.filter(({ target }) => target.name === name);
  return lines
    .filter((_, index) => !gone.some(({ start, end }) => start <= index && index < end))
    .join('\n');
}

function readLines(lines: readonly string[]): {
  places: readonly Place[];
  unreadable: readonly number[];
} {
  const places: Place[] = [];
  const unreadable: number[] = [];
  let note: Note | undefined;
  lines.forEach((line, index) => {
    const bare = line.replace(/\s/g, '');
    if (bare !== '' && !bare.startsWith('#')) {
      const target = readTarget(bare, note);
      if (target === undefined) unreadable.push(index + 1);
      else places.push({ target, start: note === undefined ? index : index - 1, end: index + 1 });
    }
    note = readNote(bare);
  });
  return { places, unreadable };
}

function readNote(bare: string): Note | undefined {
  const [, name, kind] = NOTE.exec(bare) ?? [];
  return kind === undefined ? undefined : { name, secret: kind === 'secret' };
}

function readTarget(bare: string, note: Note | undefined): Target | undefined {
  const [, bracketed, plain, list = ''] = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(bare) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || !isHost(host)) return undefined;
  const knocks = list.split(',').map((part) => {
    const [, digits = '', protocol = 'tcp'] = /^([^/]*)(?:\/(.*))?$/.exec(part) ?? [];
    return parseService(`${protocol}/${digits}`);
  });
  if (!knocks.every((knock) => knock !== undefined)) return undefined;
  const secret = (note?.secret ?? true) && hasUdp(knocks);
  return { name: note?.name ?? host, host, knocks, secret };
}

function renderTarget({ name, host, knocks, secret }: Target): string {
  const given = name === host ? '' : `name=${name}; `;
  const note = `# fwknop-mikrotik: ${given}kind=${secret ? 'secret' : 'sequence'}`;
  const place = isIPv6(host) ? `[${host}]` : host;
  const list = knocks.map(({ protocol, port }) => `${port}/${protocol}`).join(',');
  return `${note}\n${place}:${list}\n`;
}

function hasUdp(knocks: readonly Knock[]): boolean {
  return knocks.some(({ protocol }) => protocol === 'udp');
}

function isHost(text: string): boolean {
  try {
    return readHost(text) === text;
  } catch (error) {
    if (error instanceof BadValue) return false;
    throw error;
  }
}
