import type { Section } from '../check/output';
import { runProgram } from '../check/run-program';
import { hasSystemd, restartHint } from '../check/service';
import { isContainer } from '../common/container';
import { Failure } from '../common/failure';

const SERVICE = 'fwknop-server';
const PATIENCE = 100; // seconds: systemd itself waits 90 for a service

/** The task after fwknopd's files changed: it stops when no stanza is left. */
export type Task = 'restart' | 'stop';

/**
 * Enables and restarts fwknopd, which reads its files at its start only; or stops and disables it.
 * Where systemd does not run, it prints the command to type.
 */
export async function serve(task: Task, section: Section): Promise<void> {
  if (!hasSystemd() || isContainer()) {
    section.warn('fwknopd', 'reads its files at its start only', hintFor(task));
    return;
  }
  const steps = task === 'restart' ? ['enable', 'restart'] : ['stop', 'disable'];
  for (const step of steps) {
    const args = [step, SERVICE];
    const { isFine, stderr } = await runProgram('systemctl', args, PATIENCE);
    if (isFine) continue;
    const why = stderr.trim().split('\n')[0] ?? '';
    const what = `systemctl ${args.join(' ')} failed${why === '' ? '' : `: ${why}`}`;
    section.fail('fwknopd', new Failure('config', what, `systemctl status ${SERVICE}`));
    return;
  }
  section.ok('fwknopd', task === 'restart' ? 'enabled and restarted' : 'stopped and disabled');
}

function hintFor(task: Task): string {
  if (isContainer()) return `${task} the container`;
  return task === 'restart' ? restartHint(task) : `service ${SERVICE} ${task}`;
}
