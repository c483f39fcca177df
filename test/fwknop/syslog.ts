/** The system log of a namespace: /dev/log, and the messages that came there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;
const DAEMON = 3;

export interface Message {
  /** The number of the facility; 3 is `daemon`. */
  facility: 'daemon' | number;
  level: (typeof LEVELS)[number];
  /** The tag, without the process id. */
  tag: string;
  text: string;
}

export class Syslog {
  private constructor(
    private readonly collector: ChildProcess,
    private readonly file: string,
  ) {}

  /** Resolves when /dev/log is there. @param directory for the file of messages */
  static async start(directory: string): Promise<Syslog> {
    const file = join(directory, 'syslog');
    const collector = spawn('/usr/bin/python3', [join(__dirname, 'syslog.py'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const syslog = new Syslog(collector, file);
    await syslog.says('ready');
    return syslog;
  }

  /** Everything that was logged so far, oldest first. */
  messages(): Message[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => parseMessage(JSON.parse(line)));
  }

  /** From now on whoever logs has to wait, until resume(). */
  async stall(): Promise<void> {
    const stalled = this.says('stalled');
    this.collector.kill('SIGUSR1');
    await stalled;
  }

  resume(): void {
    this.collector.kill('SIGUSR2');
  }

  private async says(word: string): Promise<void> {
    const ended = once(this.collector, 'exit').then(() => ['its end']);
    const [output] = await Promise.race([once(this.collector.stdout!, 'data'), ended]);
    if (String(output).trim() !== word) throw new Error(`syslog.py says ${output}, not ${word}`);
  }
}

/** Reads a datagram as syslog(3) and logger(1) send it: `<29>Jan  1 00:00:00 tag[pid]: text`. */
function parseMessage(datagram: string): Message {
  const form = /^<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d ([^\s:[]+)(?:\[\d+\])?: (.*)$/s;
  const [, priority, tag = '', text = ''] = form.exec(datagram) ?? [];
  if (priority === undefined) throw new Error(`no syslog message: ${JSON.stringify(datagram)}`);
  const facility = Math.floor(Number(priority) / 8);
  return {
    facility: facility === DAEMON ? 'daemon' : facility,
    level: LEVELS[Number(priority) % 8]!,
    tag,
    text,
  };
}
