/** A machine without any network but loopback, and name servers there that never answer. */

import { ownFile } from '../support/router';
import { EXECUTABLE, type Run, run } from '../support/run';
import { fileInPlaceOf, inNamespace } from './namespace';

const SERVERS = ['127.0.0.53', '127.0.0.54', '127.0.0.55'];

/** They would take minutes: each name of the search list, each server, three times 5 seconds. */
const RESOLV_CONF = `${SERVERS.map((server) => `nameserver ${server}\n`).join('')}
search one.example two.example three.example four.example five.example six.example
options timeout:5 attempts:3 ndots:5
`;

/**
 * A program that takes what name servers are asked, and never answers, while it runs another; then
 * it prints, as JSON, how that went, and which processes it left.
 */
const DEAF_SERVERS = `
const { createSocket } = require('node:dgram');
const { spawn } = require('node:child_process');
const { readdirSync, readFileSync } = require('node:fs');
const [signal, program, ...args] = process.argv.slice(2);
let asked = 0;
let child;
function onAsked() {
  asked += 1;
  if (signal) child.kill(signal);
}
for (const address of ${JSON.stringify(SERVERS)}) createSocket('udp4', onAsked).bind(53, address);
const started = performance.now();
child = spawn(program, args, { cwd: '/', env: {}, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
const output = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr']) child[name].on('data', (text) => { output[name] += text; });
child.on('close', (status, by) => {
  const result = { status, signal: by, ...output, took: performance.now() - started };
  // A killed process is still there for a moment.
  setTimeout(() => {
    process.stdout.write(JSON.stringify({ result, asked, left: processes().filter(isChilds) }));
    process.exit();
  }, 300);
});
function processes() {
  return readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).map((pid) => {
    try {
      return readFileSync('/proc/' + pid + '/stat', 'latin1');
    } catch {
      return '';
    }
  });
}
function isChilds(stat) {
  const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state !== 'Z' && Number(session) === child.pid;
}
`;

export interface DeafRun {
  readonly result: Run;
  /** How often a name server was asked. */
  readonly asked: number;
  /** The processes of the run that are still there. */
  readonly left: readonly string[];
}

/** Runs where no name server answers. @param signal is sent as soon as one was asked */
export async function withDeafNameServers(
  args: readonly string[],
  signal: NodeJS.Signals | '' = '',
): Promise<DeafRun> {
  const resolvConf = fileInPlaceOf('/etc/resolv.conf', ownFile('resolv.conf', RESOLV_CONF, 0o644));
  const program = [process.execPath, ownFile('deaf.js', DEAF_SERVERS, 0o644), signal, EXECUTABLE];
  const { stdout } = await run(args, { command: networkless([resolvConf], program) });
  return JSON.parse(stdout);
}

/** The words that run a command without any network but loopback. */
export function networkless(
  setUp: readonly string[],
  command: readonly string[],
): readonly string[] {
  const [unshare = '', ...words] = inNamespace(['ip link set lo up', ...setUp], command);
  // In a process namespace of its own, whose end is the end of all that it left.
  return [unshare, '--net', '--pid', '--fork', '--kill-child', '--mount-proc', ...words];
}
