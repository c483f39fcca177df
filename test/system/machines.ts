/** The machines of network.sh, seen from the router: this process runs there. */
import { spawn } from 'node:child_process';
import { startRouter, type TestRouter } from '../../simulator/api/server';
import { Configuration } from '../../simulator/script/configuration';
import { importScript } from '../../simulator/script/script';

/** The addresses that network.sh gives. */
export const ROUTER = '192.0.2.1';
export const ROUTER_OUTSIDE = '198.51.100.1';
export const INSIDE = '192.0.2.2';
export const OUTSIDE = '198.51.100.7';

const API_PORT = 8729;
const SPA_PORT = 62201;

export interface Result {
  readonly status: number | null;
  /** Standard output and standard error, in order of arrival. */
  readonly output: string;
}

/** Runs a program to its end, without anything on standard input. */
export function run(...[program = '', ...args]: readonly string[]): Promise<Result> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((settle, fail) => {
    child.on('error', fail);
    child.on('close', (status) => settle({ status, output }));
  });
}

/** Runs a program that must succeed. @returns its output; rejects with it when the status is not 0 */
export async function must(...command: readonly string[]): Promise<string> {
  const { status, output } = await run(...command);
  if (status !== 0) throw new Error(`status ${status}: ${command.join(' ')}\n${output}`);
  return output;
}

/** The command line that runs another one on a host. (`ip netns exec` would change what it sees mounted.) */
export function on(host: 'inside' | 'outside', ...command: readonly string[]): readonly string[] {
  return ['nsenter', `--net=/run/netns/${host}`, ...command];
}

/** The router after `/import`: its API over TLS, and the fingerprint that the script printed. */
export async function provisionedRouter(
  script: string,
): Promise<{ router: TestRouter; fingerprint: string }> {
  const configuration = new Configuration();
  const printed = importScript(script, configuration).join('\n');
  const [fingerprint] = /\b[0-9a-f]{64}\b/.exec(printed) ?? [];
  if (fingerprint === undefined) throw new Error(`router.rsc printed no fingerprint: ${printed}`);
  const router = await startRouter({ ...configuration.serve(API_PORT), host: ROUTER });
  return { router, fingerprint };
}

/** The open entries of services, as `LIST ADDRESS`; the entry that `check` leaves is none. */
export function openEntries(router: TestRouter): readonly string[] {
  return router.lists.v4
    .entries()
    .filter(({ list }) => list !== 'FWKNOP_CHECK')
    .map(({ list, address }) => `${list} ${address}`);
}

/** Sends the content of a file from outside to the router's SPA port, as one datagram. */
export async function sendFromOutside(file: string): Promise<void> {
  const script = `printf %s "$(cat ${file})" >/dev/udp/${ROUTER_OUTSIDE}/${SPA_PORT}`;
  await must(...on('outside', 'bash', '-c', script));
}

/** Carries out one step of a story and prints that it succeeded; rejects with its name when it fails. */
export async function step<T>(name: string, body: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    const value = await body();
    console.log(`ok   ${name} (${Math.round(performance.now() - started)} ms)`);
    return value;
  } catch (error) {
    console.log(`FAIL ${name}`);
    throw error;
  }
}
