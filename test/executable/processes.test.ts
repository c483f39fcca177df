/** No process stays behind, whenever it is that the executable ends or is ended. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { saying } from '../../simulator/faults';
import { flags, ourRouter, tlsFlags } from '../support/router';
import { run, WORDS } from '../support/run';
import { until } from '../support/wait';
import { withDeafNameServers } from './name-servers';
import { testInNamespace } from './namespace';

/** The processes of a session, zombies included: `pid (name) state …` each. */
function sessionOf(leader: number): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(session) === leader ? [stat] : [];
      } catch {
        return []; // It ended in between.
      }
    });
}

/** After which times in ms it is ended: while Node starts, while it connects, while it waits. */
const MOMENTS = [0, 20, 40, 60, 80, 100, 130, 170, 250, 500];

describe.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const)('%s', (signal) => {
  test.concurrent('at many moments', async () => {
    const silent = await ourRouter({ faults: [{ at: 'add', how: saying('') }] });
    const args = flags({ host: 'localhost', port: silent.port });
    await Promise.all(
      MOMENTS.map(async (moment) => {
        let leader = 0;
        const result = await run(
          [...args, ...tlsFlags('plain'), '--deadline', '5', '--syslog', 'off', ...WORDS],
          {
            detached: true,
            onStart: async (child) => {
              leader = child.pid ?? 0;
              await sleep(moment);
              child.kill(signal);
            },
          },
        );
        expect(result).toMatchObject({ status: null, signal });
        await until('the end of its children', () => sessionOf(leader).length === 0);
      }),
    );
  });
});

test.concurrent.each([
  ['an opening', [], 0],
  ['a failure', ['--list', ''], 64],
] as const)('%s leaves no process', async (_, more, status) => {
  const router = await ourRouter();
  const args = flags({ host: 'localhost', port: router.port });
  let leader = 0;
  const result = await run([...args, ...tlsFlags('plain'), ...more, ...WORDS], {
    detached: true,
    onStart: ({ pid }) => {
      leader = pid ?? 0;
    },
  });
  expect(result.status).toBe(status);
  await until('the end of its children', () => sessionOf(leader).length === 0);
});

testInNamespace('the test of an end during a name look-up').concurrent.each([
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
] as const)('%s during a name look-up leaves no process', async (signal) => {
  const args = flags({ host: 'router.example', port: 8728 });
  const words = [...args, ...tlsFlags('plain'), '--deadline', '8', '--syslog', 'off', ...WORDS];
  const { result, left } = await withDeafNameServers(words, signal);
  expect(result.took).toBeLessThan(4000);
  expect(left).toEqual([]);
});
