/** The stock fwknop client. */
import { execFile, execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SPA_PORT } from './fwknopd';

const run = promisify(execFile);
const CLIENT = '/usr/bin/fwknop';

export interface Knock {
  /** `-A`: for example `tcp/22`, or several with commas; left out: as the stanza says. */
  access?: string;
  /** `-n`: the stanza of the rc file; the client's own, if left out. */
  stanza?: string;
  /** `-a`: the address to let in; `the sender` (`-s`): whatever the packet comes from. */
  allow: string | 'the sender';
  /** `-f`: seconds; left out: the client does not ask. */
  timeout?: number;
}

export interface Keys {
  key: string;
  hmacKey: string;
}

export class Client {
  readonly keys: Keys;
  private readonly home: string;

  /**
   * Makes fresh keys.
   *
   * @param directory for the client's files
   * @param rc the text of an rc file in place of its own, which has these keys
   */
  constructor(directory: string, rc?: string) {
    this.home = join(directory, 'home');
    mkdirSync(this.home, { mode: 0o700 });
    this.keys = this.makeKeys();
    const { key, hmacKey } = this.keys;
    const settings = ['[default]', '[home]', 'SPA_SERVER 127.0.0.1']
      .concat(`SPA_SERVER_PORT ${SPA_PORT}`, 'USE_HMAC Y')
      .concat(`KEY_BASE64 ${key}`, `HMAC_KEY_BASE64 ${hmacKey}`);
    this.useRc(rc ?? `${settings.join('\n')}\n`);
  }

  /** Knocks with another rc file from now on. */
  useRc(text: string): void {
    writeFileSync(this.file('rc'), text, { mode: 0o600 });
  }

  /** Sends a new SPA packet. @returns its payload, to be sent again */
  async knock({ access, stanza = 'home', allow, timeout }: Knock): Promise<string> {
    const packetFile = this.file('packet');
    const whom = allow === 'the sender' ? ['-s'] : ['-a', allow];
    const what = [...(access === undefined ? [] : ['-A', access]), ...whom];
    const howLong = timeout === undefined ? [] : ['-f', String(timeout)];
    const how = ['--rc-file', this.file('rc'), '-n', stanza, '--no-save-args', '-B', packetFile];
    await run(CLIENT, [...how, ...what, ...howLong], { env: { HOME: this.home } });
    // The line end belongs to the file, not to the packet.
    return readFileSync(packetFile, 'latin1').trimEnd();
  }

  private makeKeys(): Keys {
    const output = execFileSync(CLIENT, ['--key-gen'], {
      env: { HOME: this.home },
      encoding: 'utf8',
    });
    const [, key] = /^KEY_BASE64: (\S+)$/m.exec(output) ?? [];
    const [, hmacKey] = /^HMAC_KEY_BASE64: (\S+)$/m.exec(output) ?? [];
    if (!key || !hmacKey) throw new Error(`no keys in: ${output}`);
    return { key, hmacKey };
  }

  private file(name: string): string {
    return join(this.home, name);
  }
}

/** Sends a payload to fwknopd as it is. */
export async function sendPacket(payload: string): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.send(payload, SPA_PORT, '127.0.0.1', (error) => (error ? reject(error) : resolve()));
  });
  socket.close();
}
