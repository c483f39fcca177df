/** Stock fwknopd as a process: its configuration, its start, its log. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { until } from '../support/wait';
import type { Syslog } from './syslog';

export const FWKNOPD = '/usr/sbin/fwknopd';
export const SPA_PORT = 62201;

export interface FwknopdOptions {
  /** Where the packets come in. */
  mode: 'udp-server' | 'pcap';
  /** With `-f`, as `fwknopd -f` in a terminal or a container; without, as the systemd unit. */
  foreground: boolean;
}

/**
 * All that a test of this fwknopd can choose. Without pcap mode, which Debian 13 no longer compiles in, it
 * prints that this is left out.
 */
export function everyWay(): readonly FwknopdOptions[] {
  const modes: FwknopdOptions['mode'][] = ['udp-server'];
  const why = whyNoPcap();
  if (why === undefined) modes.push('pcap');
  else writeSync(2, `the tests of pcap mode: left out, since fwknopd says "${why}"\n`);
  return modes.flatMap((mode) => [true, false].map((foreground) => ({ mode, foreground })));
}

function whyNoPcap(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'fwknopd-'));
  try {
    const empty = join(directory, 'empty');
    writeFileSync(empty, '', { mode: 0o600 });
    const args = ['--foreground', '--dump-config', '--config-file', empty, '--access-file', empty];
    const { stdout = '', stderr = '' } = spawnSync(FWKNOPD, args, { encoding: 'utf8' });
    return /^pcap capture not compiled in/m.exec(`${stdout}\n${stderr}`)?.[0];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The text of fwknopd.conf. @param directory for what fwknopd writes */
function fwknopdConf({ mode }: FwknopdOptions, directory: string): string {
  const settings = {
    ENABLE_UDP_SERVER: mode === 'udp-server' ? 'Y' : 'N',
    UDPSERV_PORT: SPA_PORT,
    PCAP_INTF: 'lo',
    PCAP_FILTER: `udp dst port ${SPA_PORT} and dst host 127.0.0.1`,
    FWKNOP_RUN_DIR: directory,
    FWKNOP_PID_FILE: join(directory, 'fwknopd.pid'),
    DIGEST_FILE: join(directory, 'digest.cache'),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value};\n`)
    .join('');
}

/** A running fwknopd. Reads /etc/fwknop/access.conf; writes /etc/fwknop/fwknopd.conf itself. */
export class Fwknopd {
  private readonly runDirectory: string;
  private readonly errorFile: string;
  private child: ChildProcess | undefined;

  private constructor(
    private readonly options: FwknopdOptions,
    private readonly syslog: Syslog,
    directory: string,
  ) {
    this.runDirectory = join(directory, 'run');
    this.errorFile = join(directory, 'fwknopd.stderr');
  }

  /** Starts it; resolves when it takes packets. @param directory its own files go there */
  static async start(options: FwknopdOptions, syslog: Syslog, directory: string): Promise<Fwknopd> {
    const fwknopd = new Fwknopd(options, syslog, directory);
    await fwknopd.start(directory);
    return fwknopd;
  }

  private async start(directory: string): Promise<void> {
    mkdirSync(this.runDirectory, { mode: 0o700 });
    const conf = fwknopdConf(this.options, this.runDirectory);
    writeFileSync('/etc/fwknop/fwknopd.conf', conf, { mode: 0o600 });
    await this.launch(directory);
  }

  private async launch(directory: string): Promise<void> {
    const stderr = openSync(this.errorFile, 'w');
    const flags = this.options.foreground ? ['-f'] : [];
    this.child = spawn(FWKNOPD, flags, {
      cwd: directory,
      env: {},
      stdio: ['ignore', 'ignore', stderr],
    });
    closeSync(stderr);
    await until('fwknopd to take packets', () => {
      if (this.hasFailed()) throw new Error(`fwknopd ended at once:\n${this.log()}`);
      return this.takesPackets();
    });
  }

  /** Its log so far, wherever it goes. */
  log(): string {
    const messages = this.syslog.messages().filter(({ tag }) => tag === 'fwknopd');
    return [readFileSync(this.errorFile, 'utf8'), ...messages.map(({ text }) => text)].join('\n');
  }

  /** Is the process there? */
  isRunning(): boolean {
    if (this.options.foreground) return this.child?.exitCode === null;
    try {
      return process.kill(this.pid(), 0); // Only asks.
    } catch {
      return false;
    }
  }

  /** Ends the one in the foreground and starts another, which reads the files anew. */
  async restart(): Promise<void> {
    process.kill(this.pid());
    await until('fwknopd to end', () => !this.isRunning());
    await this.launch(dirname(this.runDirectory));
  }

  /** Its resident memory in KiB. */
  memory(): number {
    const status = readFileSync(`/proc/${this.pid()}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  }

  private pid(): number {
    if (this.options.foreground) return this.child?.pid ?? Number.NaN;
    return Number.parseInt(readFileSync(join(this.runDirectory, 'fwknopd.pid'), 'utf8'), 10);
  }

  private hasFailed(): boolean {
    const status = this.child?.exitCode ?? null;
    return this.options.foreground ? status !== null : status !== null && status !== 0;
  }

  private takesPackets(): boolean {
    if (this.options.mode === 'pcap') return this.log().includes('main event loop');
    const port = SPA_PORT.toString(16).toUpperCase();
    return readFileSync('/proc/net/udp', 'utf8').includes(`00000000:${port} `);
  }
}

/** Lets fwknopd read its configuration files. @returns whether it takes them, and what it prints */
export function checkConfiguration(): { accepted: boolean; output: string } {
  const { status, stdout, stderr } = spawnSync(FWKNOPD, ['--exit-parse-config', '-f'], {
    encoding: 'utf8',
  });
  return { accepted: status === 0, output: stdout + stderr };
}
