/** Everything that `check` looks at, as it should be, and what it says of it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Sentence } from '../../simulator/api/codec';
import type { TestRouter } from '../../simulator/api/server';
import { leftOut } from '../support/left-out';
import { ownFile, ownPath, PASSWORD, passwordFile } from '../support/router';
import { EXECUTABLE, type Run, run } from '../support/run';
import { NODE } from '../support/shipped';
import { routerTable } from '../support/toml';
import { testAsRoot } from '../support/users';

const PATHS = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' };

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
  const tables = targets.map(({ router: { host, port }, user = 'fwknop', lines: more = [] }) =>
    routerTable({ host, port, user, 'password-file': passwordFile() }, ...more),
  );
  return ownFile('mikrotik.toml', `${[...lines, ...tables].join('\n').trimEnd()}\n`);
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

/** The world that a check runs in, where it is not as it should be. */
export interface World {
  /** Lines of fwknopd.conf; null takes one out. */
  readonly fwknopdConf?: Readonly<Record<string, string | null>>;
  /** Whether fwknopd runs, as it does if this is left out. */
  readonly isRunning?: boolean;
  /** A program that starts fwknopd, with its arguments. */
  readonly starter?: string;
  /** Options of fwknopd. */
  readonly fwknopdOptions?: readonly string[];
  /** Shell commands before fwknopd starts, and after it. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** The program and its first arguments: the executable itself, if left out. */
  readonly command?: readonly string[];
}

const SPA_PORT = 62201;
const FWKNOPD = '/usr/sbin/fwknopd';
const WAYS_IN = [[], ['--user', '--map-root-user']].map((asRoot) => [
  ...['/usr/bin/unshare', ...asRoot, '--mount', '--pid', '--mount-proc', '--fork', '--kill-child'],
]);
const wayIn = existsSync(FWKNOPD)
  ? WAYS_IN.find(([program = '', ...args]) => {
      const probe = 'unshare --net ip link set lo up && mount -t tmpfs tmpfs /mnt';
      return spawnSync(program, [...args, '/bin/sh', '-c', probe], { env: PATHS }).status === 0;
    })
  : undefined;

/** `test`, where a check can find all as it should be: root, or somebody like it, and fwknopd. */
export const testCheck =
  wayIn === undefined
    ? leftOutConcurrent('check', 'fwknop-server, iproute2, and the permission to make namespaces')
    : test;

/** `test`, where besides the tests run as root: a namespace of another user has no other users. */
export const testCheckAsRoot = wayIn === undefined ? testCheck : testAsRoot;

/** Does as leftOut, for tests that run concurrently. */
export function leftOutConcurrent(what: string, missing: string): typeof test {
  const skip = leftOut(what, missing);
  return Object.assign(skip, { concurrent: test.concurrent.skip }) as unknown as typeof test;
}

/**
 * Puts together what runs a check beside a fwknopd of its own: no check sees another's, and fwknopd
 * binds its port in a network of its own.
 */
export function besideFwknopd(accessConfFile: string, world: World = {}): readonly string[] {
  const directory = ownPath('run');
  mkdirSync(directory, { mode: 0o700 });
  const settings = {
    ENABLE_UDP_SERVER: 'Y',
    UDPSERV_PORT: String(SPA_PORT),
    FWKNOP_RUN_DIR: directory,
    FWKNOP_PID_FILE: join(directory, 'pid'),
    DIGEST_FILE: join(directory, 'digest.cache'),
    ...world.fwknopdConf,
  };
  const lines = Object.entries(settings).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value};\n`],
  );
  const conf = ownFile('fwknopd.conf', lines.join(''));
  const options = (world.fwknopdOptions ?? []).join(' ');
  const start = `
unshare --net sh -c 'ip link set lo up && exec env -i ${world.starter ?? ''} ${FWKNOPD} -f -a ${accessConfFile} ${options}' \\
  >${directory}/log 2>&1 </dev/null &
tries=0
until grep -q ': 00000000:' /proc/$!/net/udp 2>/dev/null || grep -q 'main event' ${directory}/log; do
  tries=$((tries + 1))
  [ $tries -lt 500 ] || { cat ${directory}/log >&2; exit 99; }
  sleep 0.01
done`;
  const script = [
    ...['set -eu', 'export PATH=/usr/bin:/bin:/usr/sbin:/sbin'],
    `mount --bind ${conf} /etc/fwknop/fwknopd.conf`,
    ...(world.before ?? []),
    ...(world.isRunning === false ? [] : [start]),
    ...(world.after ?? []),
    'exec /usr/bin/env -i "$@"',
  ].join('\n');
  return [...(wayIn ?? []), '/bin/sh', '-c', script, 'sh', ...(world.command ?? [EXECUTABLE])];
}

/** Runs the check of a configuration, with an access.conf that is as it should be unless another is given. */
export async function check(
  config: string,
  args: readonly string[] = [],
  world: World = {},
): Promise<Run> {
  const named = args.indexOf('--access-conf');
  const conf = named < 0 ? accessConf(config) : (args[named + 1] ?? '');
  const rest = named < 0 ? args : args.filter((_, at) => at !== named && at !== named + 1);
  const all = ['check', '--config', config, '--access-conf', conf, ...rest];
  const result = await run(all, { command: besideFwknopd(conf, world) });
  expect(result.stdout + result.stderr).not.toContain(PASSWORD);
  return result;
}

/** The lines about a router, or about fwknopd; those of the hints without their column. */
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

/** The sentences that a router received, without tags and passwords. */
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
  const conf = accessConf(config);
  const words = ['check', '--config', config, '--access-conf', conf, ...args];
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const world = besideFwknopd(conf, { command: [...variables, EXECUTABLE] });
  const command = [...world, ...words]
    .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(' ');
  const child = spawn(SCRIPT, ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: '/',
    env: PATHS,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let isAsked = false;
  child.stdout.setEncoding('latin1').on('data', (text) => {
    output += text;
    if (isAsked || !/\[y\/N\]|Password of/.test(output)) return;
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
  ? testCheck
  : leftOut('check on a terminal', 'script(1) of util-linux');
