/**
 * A small world of its own for one test: stock fwknopd, the fwknop client, a system log and a
 * router. This is the half that lives in the namespace; tests talk to it through remote.ts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Entry } from '../../simulator/api/address-lists';
import type { Sentence } from '../../simulator/api/codec';
import { type RouterOptions, startRouter, type TestRouter } from '../../simulator/api/server';
import { FAULTS } from '../../simulator/faults';
import { EXECUTABLE, NODE } from '../support/shipped';
import { until } from '../support/wait';
import { Client, type Keys, type Knock, sendPacket } from './client';
import { checkConfiguration, Fwknopd, type FwknopdOptions } from './fwknopd';
import { type Message, Syslog } from './syslog';

export const CONFIG_FILE = '/etc/fwknop/mikrotik.toml';

/** Every setting of access.conf is a text; null leaves a usual one out. */
export type Stanza = Record<string, string | null>;

/** On a port that the test chooses. */
export type RouterHere = RouterOptions & { port: number };

/** The choices of a test: data only, since it goes to another process. */
export interface WorldOptions extends Partial<FwknopdOptions> {
  /** Settings of access.conf that differ from the usual ones. `{dir}` is the world's directory. */
  stanza?: Stanza;
  /** A whole access.conf in place of the usual one; its keys are replaced. */
  accessConf?: string;
  /** The client's rc file in place of the usual one; the keys of accessConf then stay. */
  fwknoprc?: string;
  /** Name → text of files in /etc/fwknop. */
  files?: Record<string, string>;
  /** Without one, its address refuses. */
  router?: RouterHere | null;
}

/** How fwknopd ran the recorder, see record-call.py. */
export interface Call {
  arguments: string[];
  environment: string;
  directory: string;
  umask: number;
  /** Number of each open file → what it is. */
  files: Record<string, string>;
  /** Does fwknopd close its end of stdout after what it wants to read? */
  pipeCloses: boolean;
}

/** The usual stanza runs the executable on this Node, wherever that is. */
const STANZA: Stanza = {
  SOURCE: 'ANY',
  KEY_BASE64: '__CHANGEME__',
  HMAC_KEY_BASE64: '__CHANGEME__',
  REQUIRE_SOURCE_ADDRESS: 'Y',
  CMD_CYCLE_OPEN: `${NODE} {dir}/fwknop-mikrotik --config ${CONFIG_FILE} $SRC $PROTO $PORT $CLIENT_TIMEOUT`,
  CMD_CYCLE_CLOSE: 'NONE',
  CMD_CYCLE_TIMER: '30',
};

/** CMD_CYCLE_OPEN for a test of fwknopd alone. */
export const RECORDER =
  '/usr/bin/python3 {dir}/record-call.py {dir}/calls $SRC $PROTO $PORT $CLIENT_TIMEOUT';

/** Its methods are called from another process: they take and return data only. */
export class World {
  private syslog!: Syslog;
  private fwknopd!: Fwknopd;
  private client!: Client;
  private router: TestRouter | undefined;

  /** @param directory for all files */
  constructor(private readonly directory: string) {}

  /** Resolves when fwknopd takes packets. */
  async start(options: WorldOptions): Promise<void> {
    // Short paths: fwknopd takes no command above 255 characters.
    symlinkSync(EXECUTABLE, join(this.directory, 'fwknop-mikrotik'));
    copyFileSync(join(__dirname, 'record-call.py'), join(this.directory, 'record-call.py'));
    this.syslog = await Syslog.start(this.directory);
    this.client = new Client(this.directory, options.fwknoprc);

    const accessConf = options.accessConf ?? stanzaText({ ...STANZA, ...options.stanza });
    const keyed = options.fwknoprc ? accessConf : withKeys(accessConf, this.client.keys);
    this.writeFile('access.conf', keyed.replaceAll('{dir}', this.directory));
    for (const [name, text] of Object.entries(options.files ?? {})) this.writeFile(name, text);
    if (options.router) await this.startRouter(options.router);

    const { mode = 'udp-server', foreground = true } = options;
    this.fwknopd = await Fwknopd.start({ mode, foreground }, this.syslog, this.directory);
  }

  /** Sends a new SPA packet by the stock client. @returns its payload, for send() */
  knock(knock: Knock): Promise<string> {
    return this.client.knock(knock);
  }

  /** Lets the client knock with the rc file of this text from now on. */
  useFwknoprc(text: string): void {
    this.client.useRc(text);
  }

  /** Sends a payload to fwknopd. */
  send(payload: string): Promise<void> {
    return sendPacket(payload);
  }

  /** Writes a file in /etc/fwknop, closed to others unless a mode is given. */
  writeFile(name: string, text: string, mode = 0o600): void {
    const path = join('/etc/fwknop', name);
    writeFileSync(path, text);
    chmodSync(path, mode);
  }

  /** Starts the router, where there was none. */
  async startRouter(options: RouterHere): Promise<void> {
    this.router = await startRouter(options);
  }

  /**
   * Lets the router misbehave.
   * @param name as in FAULTS, for example `add: silence`
   * @param times so many times, then the router is healthy again
   */
  misbehave(name: string, times: number): void {
    const fault = FAULTS.find((one) => one.name === name);
    if (!fault) throw new Error(`no fault is called ${name}`);
    this.theRouter().faults.push({ ...fault, times });
  }

  /** The entries on the router now. */
  entries(): Entry[] {
    return this.theRouter().lists.v4.entries();
  }

  /** Resolves when so many entries are open on the router. */
  async opened(count: number): Promise<void> {
    await until(`${count} entries`, () => this.entries().length >= count);
  }

  /** Resolves when nothing is open on the router any more. */
  async allExpired(): Promise<void> {
    await until('all entries to expire', () => this.entries().length === 0);
  }

  /** Every sentence that the router received. */
  sentences(): Sentence[] {
    return this.theRouter().sentences;
  }

  /** How many connections the router accepted so far. */
  connections(): number {
    return this.theRouter().connections;
  }

  /** The messages of the helper. @param count waits until there are so many messages */
  async reports(count: number): Promise<Message[]> {
    const reports = () => this.syslog.messages().filter(({ tag }) => tag === 'fwknop-mikrotik');
    await until(`${count} reports in the system log`, () => reports().length >= count);
    return reports();
  }

  /** From now on whoever logs has to wait, until resumeSyslog(). */
  stallSyslog(): Promise<void> {
    return this.syslog.stall();
  }

  resumeSyslog(): void {
    this.syslog.resume();
  }

  /** How the recorder was run. @param count waits until it was, so many times */
  async calls(count: number): Promise<Call[]> {
    const file = join(this.directory, 'calls');
    const calls = (): Call[] =>
      existsSync(file)
        ? readFileSync(file, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line))
        : [];
    await until(`${count} calls`, () => calls().length >= count);
    return calls();
  }

  /** The messages of fwknopd so far. */
  fwknopdLog(): string {
    return this.fwknopd.log();
  }

  /** Lets fwknopd read its configuration. @returns whether it takes it, and what it prints */
  checkConfiguration(): { accepted: boolean; output: string } {
    return checkConfiguration();
  }

  /** Runs our executable as somebody at a shell would. */
  async command(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
    const child = spawn(NODE, [EXECUTABLE, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const exit = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [status] = await exit;
    return { status, stdout, stderr };
  }

  /** Resolves when fwknopd has logged a text. */
  async fwknopdLogs(text: string): Promise<void> {
    await until(`fwknopd to log "${text}"`, () => this.fwknopdLog().includes(text));
  }

  /** Restarts fwknopd, which runs in the foreground. */
  restartFwknopd(): Promise<void> {
    return this.fwknopd.restart();
  }

  fwknopdIsRunning(): boolean {
    return this.fwknopd.isRunning();
  }

  /** fwknopd's resident memory in KiB. */
  fwknopdMemory(): number {
    return this.fwknopd.memory();
  }

  private theRouter(): TestRouter {
    if (!this.router) throw new Error('there is no router in this world');
    return this.router;
  }
}

function stanzaText(stanza: Stanza): string {
  return Object.entries(stanza)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

function withKeys(accessConf: string, { key, hmacKey }: Keys): string {
  return accessConf
    .replace(/^(KEY_BASE64\s+).*$/m, `$1${key}`)
    .replace(/^(HMAC_KEY_BASE64\s+).*$/m, `$1${hmacKey}`);
}
