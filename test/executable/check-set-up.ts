/** Everything that `check` looks at, as it should be, and what it says of it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Sentence } from '../../simulator/api/codec';
import type { TestRouter } from '../../simulator/api/server';
import { leftOut } from '../support/left-out';
import { ownFile, PASSWORD, passwordFile } from '../support/router';
import { EXECUTABLE, type Run, run, type Surroundings } from '../support/run';
import { NODE } from '../support/shipped';

/** One router of the configuration: where it is, and what is said of it. */
export interface Target {
  readonly router: { host: string; port: number };
  readonly user?: string;
  /** Lines of its table, such as `tls = "off"`. */
  readonly lines?: readonly string[];
}

/** Writes a configuration. `lines` go to its beginning. Returns its path. */
export function configuration(
  targets: readonly Target[],
  lines: readonly string[] = ['syslog = "off"'],
): string {
  const tables = targets.map(({ router, user = 'fwknop', lines: more = [] }) =>
    [
      '[[router]]',
      `host = "${router.host}"`,
      `port = ${router.port}`,
      `user = "${user}"`,
      `password-file = "${passwordFile()}"`,
      ...more,
    ].join('\n'),
  );
  return ownFile('mikrotik.toml', `${[...lines, ...tables].join('\n')}\n`);
}

/** Lines of access.conf; null takes one out. */
export type Changes = Readonly<Record<string, string | null>>;

/** Writes an access.conf that runs the executable with a configuration. Returns its path. */
export function accessConf(config: string, changes: Changes = {}, mode = 0o600): string {
  const lines = {
    SOURCE: 'ANY',
    KEY_BASE64: Buffer.alloc(32, 'k').toString('base64'),
    HMAC_KEY_BASE64: Buffer.alloc(64, 'h').toString('base64'),
    REQUIRE_SOURCE_ADDRESS: 'Y',
    CMD_CYCLE_OPEN: `${NODE} ${EXECUTABLE} --config ${config} $SRC $PROTO $PORT $CLIENT_TIMEOUT`,
    CMD_CYCLE_CLOSE: 'NONE',
    CMD_CYCLE_TIMER: '30',
    ...changes,
  };
  const text = Object.entries(lines).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value}\n`],
  );
  return ownFile('access.conf', text.join(''), mode);
}

/** Runs the check of a configuration, with an access.conf that is as it should be unless another is given. */
export async function check(
  config: string,
  args: readonly string[] = [],
  surroundings: Surroundings = {},
): Promise<Run> {
  const conf = args.includes('--access-conf') ? [] : ['--access-conf', accessConf(config)];
  const all = ['check', '--config', config, ...conf, ...args];
  const result = await run(all, surroundings);
  expect(result.stdout + result.stderr).not.toContain(PASSWORD);
  return result;
}

/** The lines about a router, or about fwknopd; those of the mends without their column. */
export function about(what: string, { stdout }: Run): string[] {
  const lines = stdout.replace(/\n {6}(?=hint: )/g, '\n^').split('\n');
  const found: string[] = [];
  let isAbout = false;
  for (const line of lines) {
    if (!line.startsWith('^')) isAbout = line.slice(6).startsWith(`${what}: `);
    if (isAbout) found.push(line.startsWith('^') ? line.slice(1) : line.replace(`${what}: `, ''));
  }
  return found;
}

/** The lines about something from a step on. */
export function from(step: string, what: string, result: Run): string[] {
  const lines = about(what, result);
  return lines.slice(lines.findIndex((line) => line.slice(6).startsWith(`${step}: `)));
}

/** The marks and steps about something, in order: `ok TCP`. */
export function steps(what: string, result: Run): string[] {
  return about(what, result)
    .filter((line) => !line.startsWith('hint: '))
    .map((line) => line.replace(/^(\S+) +([^:]*):.*$/, '$1 $2'));
}

/** What a router was sent, without tags and passwords. */
export function sentTo({ sentences }: TestRouter): Sentence[] {
  return sentences.map((words) => words.filter((word) => !/^(?:\.tag|=password)=/.test(word)));
}

/** Runs the check on a terminal of its own, and types an answer to its question, after so many ms. */
export async function checkOnTerminal(
  config: string,
  args: readonly string[],
  answer = '',
  env: NodeJS.ProcessEnv = {},
  hesitation = 0,
): Promise<{ status: number | null; output: string }> {
  const words = [EXECUTABLE, 'check', '--config', config, '--access-conf', accessConf(config)];
  const command = [...words, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn(SCRIPT, ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let isAsked = false;
  child.stdout.setEncoding('latin1').on('data', (text) => {
    output += text;
    if (isAsked || !output.includes('[y/N]')) return;
    isAsked = true;
    setTimeout(() => child.stdin.write(`${answer}\n`), hesitation);
  });
  const status = await new Promise<number | null>((settle, fail) => {
    child.on('error', fail);
    child.on('close', settle);
  });
  child.stdin.end();
  expect(output).not.toContain(PASSWORD);
  return { status, output: output.replaceAll('\r', '') };
}

const SCRIPT = '/usr/bin/script';

/** `test`, where a terminal can be had for the executable. */
export const testOnTerminal = existsSync(SCRIPT)
  ? test
  : leftOut('check on a terminal', 'script(1) of util-linux');
