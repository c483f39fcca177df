import { existsSync } from 'node:fs';
import type { Section } from '../check/output';
import { runProgram } from '../check/run-program';
import { isContainer } from '../common/container';
import { Failure } from '../common/failure';

const SERVICE = 'fwknop-server';
const SYSTEMD = '/run/systemd/system'; // there while systemd runs, sd_booted(3)
const PATIENCE = 100; // seconds: systemd itself waits 90 for a service

/** What fwknopd is to do: read its files anew, or end since it has nothing to do. */
export type Task = 'restart' | 'stop';

/**
 * Makes systemd start fwknopd at each boot, and restart it now, since it reads its files at its start
 * only; or the opposite. Says what was done, or what is left to do where systemd does not run.
 */
export async function serve(task: Task, section: Section): Promise<void> {
  if (!existsSync(SYSTEMD)) {
    const hint = isContainer() ? `${task} the container` : `service ${SERVICE} ${task}`;
    section.warn('fwknopd', 'reads its files at its start only', hint);
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
