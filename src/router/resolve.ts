import { type ChildProcess, execFile } from 'node:child_process';
import { isIP } from 'node:net';
import { CHILD_ENVIRONMENT } from '../common/child-environment';
import type { Deadline } from '../common/deadline';
import { SessionError } from './errors';

const ENDINGS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

const children = new Set<ChildProcess>();

/**
 * Finds the IP addresses of a host, best first; of an IP address, itself.
 *
 * The system's getent does the lookup, because Node's own runs in a thread that nothing can stop: with
 * a dead name server it outlives even process.exit(), and so the deadline.
 *
 * @throws SessionError `lost` or `deadline`
 */
export async function resolve(
  host: string,
  deadline: Deadline,
): Promise<readonly [string, ...string[]]> {
  if (isIP(host) !== 0) return [host];
  const output = await new Promise<string>((settle, fail) => {
    dieTogether();
    const child = execFile(
      'getent',
      ['ahosts', host],
      { env: CHILD_ENVIRONMENT },
      (error, stdout) => {
        children.delete(child);
        deadline.off(stop);
        if (error === null) settle(stdout);
        else fail(notReachable(whyNot(error.code)));
      },
    );
    const stop = () => {
      child.kill('SIGKILL');
      // A process that getent has started may hold the pipes open.
      child.stdout?.destroy();
      child.stderr?.destroy();
      fail(new SessionError('deadline', 'no answer in time (name lookup)'));
    };
    children.add(child);
    deadline.on(stop);
  });
  // A line for each address and socket type: "192.0.2.1  STREAM router.example".
  const words = output.split('\n').flatMap((line) => /^\S+/.exec(line) ?? []);
  const [best, ...others] = new Set(words.filter((word) => isIP(word) !== 0));
  // Given the name, Node would look it up by itself.
  if (best === undefined) throw notReachable('name not found');
  return [best, ...others];
}

/** From now on, a signal that ends this process ends its lookups as well. */
function dieTogether(): void {
  if (process.listeners('SIGTERM').includes(die)) return;
  for (const signal of ENDINGS) process.on(signal, die);
}

function die(signal: NodeJS.Signals): void {
  for (const child of children) child.kill('SIGKILL');
  for (const ending of ENDINGS) process.off(ending, die);
  process.kill(process.pid, signal);
}

function notReachable(why: string): SessionError {
  return new SessionError('lost', `not reachable: ${why}`, 'use its IP address as host');
}

/** @param code getent's exit status, or why it could not be run */
function whyNot(code: unknown): string {
  if (code === 'ENOENT') return 'getent is not installed';
  return typeof code === 'string' ? `no name lookup: ${code}` : 'name not found';
}
