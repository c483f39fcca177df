import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { runProgram } from '../check/run-program';

const MOST_LINES = 5000; // of the journal
const MOST_BYTES = 1 << 20; // of a file
const PATIENCE = 10; // seconds

/** An entry that a client made or found open. */
export interface LastOpening {
  /** As the log writes it. */
  readonly time: string;
  /** Such as `opened tcp/22 to 203.0.113.77`. */
  readonly what: string;
}

/** A line of syslog, with the time as rsyslog or journalctl writes it. */
const LINE =
  /^(\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) .*?fwknop-mikrotik(?:\[\d+\])?: (.*)$/;

/** The log line of an opening: `opened tcp/22 to 203.0.113.77 (FWKNOP_6_22, phone) for 30s`. */
const OPENING =
  /\b(opened \S+ to \S+|extended \S+ for \S+|already has \S+ for \S+) \([^()]*, ([a-z0-9-]+)\)/;

/** Finds the last opening of each client in the lines of a log, which stand in the order of time. */
export function lastOpenings(lines: readonly string[]): ReadonlyMap<string, LastOpening> {
  const found = new Map<string, LastOpening>();
  for (const line of lines) {
    const [, time = '', message = ''] = LINE.exec(line) ?? [];
    const [, what = '', client] = OPENING.exec(message) ?? [];
    if (client !== undefined) found.set(client, { time: time.replace(/[.,]\d+/, ''), what });
  }
  return found;
}

/**
 * Reads the newest lines of the log: the journal, or the file that rsyslog and busybox write.
 *
 * @returns in the order of time; undefined where neither can be read
 */
export async function readLog(): Promise<readonly string[] | undefined> {
  const args = ['-t', 'fwknop-mikrotik', '-o', 'short-iso', '-q', '--no-pager', '-n'];
  const journal = await runProgram('journalctl', [...args, String(MOST_LINES)], PATIENCE);
  if (journal.isFine && journal.stdout !== '') return journal.stdout.split('\n');
  const texts = ['/var/log/syslog.1', '/var/log/syslog', '/var/log/messages'].flatMap(readEnd);
  return texts.length === 0 ? undefined : texts.join('\n').split('\n');
}

/** The end of a file, in a list; an empty one where it cannot be read. */
function readEnd(path: string): readonly string[] {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, MOST_BYTES));
    const length = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return [bytes.toString('utf8', 0, length)];
  } catch {
    return [];
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
