/**
 * The file in which spknock (github.com/bitcanon/spknock, spknock.py) keeps its targets: a line a
 * target, such as `fw.example.com:1234/udp,9876/udp,5555/udp`. White space is ignored, a line that
 * begins with `#` is a comment, and a port without a protocol is TCP.
 *
 * spknock has no names, and sends the hash of a passphrase with every UDP knock. A target's name and
 * kind stand in a comment on the line above, which spknock skips. It also skips, with a message, the
 * line of an IPv6 address, written `[2001:db8::1]:1234/udp`.
 */
import { isIPv6 } from 'node:net';
import { parseService } from '../access/service';
import { quote } from '../common/text';
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

/** A line that is neither a comment nor a target: none of its knocks may be sent without the others. */
export interface UnreadableLine {
  /** From 1. */
  readonly number: number;
  /** The name of the target that it seems to be. */
  readonly name: string | undefined;
  readonly why: string;
}

/** The content of a targets file. */
export interface Targets {
  readonly targets: readonly Target[];
  readonly unreadable: readonly UnreadableLine[];
}

interface Note {
  readonly name: string | undefined;
  readonly secret: boolean;
}

/** A target, or a line that should be one, and its lines: from `start` up to, not including, `end`. */
interface Place {
  readonly found: Target | UnreadableLine;
  readonly start: number;
  readonly end: number;
}

const NOTE = /^#fwknop-mikrotik:(?:name=([^;]+);)?kind=(sequence|secret)$/;

/** Reads a targets file. An unreadable line hides no other, as with spknock. */
export function parseTargets(text: string): Targets {
  const found = readLines(text.split('\n')).map((place) => place.found);
  return {
    targets: found.filter((one) => 'host' in one),
    unreadable: found.filter((one) => 'why' in one),
  };
}

/** Adds a target at the end; all that stands in the file stays as it is. */
export function withTarget(text: string, target: Target): string {
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${gap}${renderTarget(target)}`;
}

/** Takes the targets of a name out, with their notes; all else stays as it is. */
export function withoutTarget(text: string, name: string): string {
  const lines = text.split('\n');
  const gone = readLines(lines).filter(({ found }) => found.name === name);
  return lines
    .filter((_, index) => !gone.some(({ start, end }) => start <= index && index < end))
    .join('\n');
}

function readLines(lines: readonly string[]): readonly Place[] {
  const places: Place[] = [];
  let note: Note | undefined;
  lines.forEach((line, index) => {
    const bare = line.replace(/\s/g, '');
    if (bare !== '' && !bare.startsWith('#')) {
      const start = note === undefined ? index : index - 1;
      places.push({ found: readTarget(bare, index + 1, note), start, end: index + 1 });
    }
    note = readNote(bare);
  });
  return places;
}

function readNote(bare: string): Note | undefined {
  const [, name, kind] = NOTE.exec(bare) ?? [];
  return kind === undefined ? undefined : { name, secret: kind === 'secret' };
}

function readTarget(bare: string, number: number, note: Note | undefined): Target | UnreadableLine {
  const [, bracketed, plain, list = ''] = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(bare) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || !isHost(host)) {
    return { number, name: note?.name, why: 'no target: expected host:1234/udp' };
  }
  const name = note?.name ?? host;
  const knocks: Knock[] = [];
  for (const part of list.split(',')) {
    const [, digits = '', protocol = 'tcp'] = /^([^/]*)(?:\/(.*))?$/.exec(part) ?? [];
    const knock = parseService(`${protocol}/${digits}`);
    if (knock === undefined) {
      return { number, name, why: `no knock: ${quote(part)}: expected such as 1234/udp` };
    }
    knocks.push(knock);
  }
  return { name, host, knocks, secret: (note?.secret ?? true) && hasUdp(knocks) };
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
