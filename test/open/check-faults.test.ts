/** A router that misbehaves in any way, before a check: it ends in time and never says that all is well. */

import { FAULTS, type NamedFault } from '../../simulator/faults';
import { Output } from '../../src/check/output';
import { checkRouter } from '../../src/check/router-steps';
import { AT_ONCE, aim, PASSWORD, startTarget, TRANSPORTS, type TransportName } from './attempt';

jest.setTimeout(60_000);

const DEADLINE = 3; // seconds; the faults that are only late take a fraction of it

interface Trial {
  readonly name: string;
  readonly fault: NamedFault;
  readonly text: string;
  readonly status: number;
  readonly took: number;
  readonly added: readonly (string | undefined)[];
}

async function tryFault(fault: NamedFault, transport: TransportName): Promise<Trial> {
  const login = fault.at === 'challenge' ? ({ login: 'challenge' } as const) : {};
  const target = await startTarget(transport, { faults: [fault], ...login });
  let text = '';
  const report = new Output((more) => {
    text += more;
  }, false);
  const started = performance.now();
  const installation = { granted: [], spaPort: 62201, isOnlyRouter: true };
  const none = { pinning: undefined, as: undefined };
  const check = { deadline: DEADLINE, ...none, pinCommand: 'pin', installation };
  await checkRouter(aim(target, transport), 0, check, report.about('home'));
  const took = performance.now() - started;
  const added = target.sentences
    .filter(([path]) => path?.endsWith('/add'))
    .map((words) => words.find((word) => word.startsWith('=list=')));
  await target.close();
  return { name: `${transport}, ${fault.name}`, fault, text, status: report.status, took, added };
}

const trials: Trial[] = [];
beforeAll(async () => {
  // Of the places that a check never comes to, no fault shows.
  const reached = FAULTS.filter(({ at }) => at !== 'set' && at !== 'send');
  const all = TRANSPORTS.flatMap((transport) =>
    reached
      .filter(({ at }) => transport === 'TLS' || at !== 'tls')
      .map((fault) => ({ fault, transport })),
  );
  for (let start = 0; start < all.length; start += AT_ONCE) {
    const batch = all.slice(start, start + AT_ONCE);
    trials.push(...(await Promise.all(batch.map((one) => tryFault(one.fault, one.transport)))));
  }
}, 120_000);

const named = (chosen: readonly Trial[]) => chosen.map(({ name, text }) => `${name}:\n${text}`);

test('there are many of them', () => {
  expect(trials.length).toBeGreaterThan(200);
});

test('each ends by the deadline', () => {
  expect(named(trials.filter(({ took }) => took > DEADLINE * 1000 + 1500))).toEqual([]);
});

test('each step has a line, printable and without the password', () => {
  const line = /^(?:ok {4}|warn {2}|FAIL {2}|skip {2})home: |^ {6}hint: /;
  const bad = trials.filter(
    ({ text }) =>
      text.includes(PASSWORD) ||
      !/^[\x20-\x7e\n]+$/.test(text) ||
      text
        .trimEnd()
        .split('\n')
        .some((one) => !line.test(one)),
  );
  expect(named(bad)).toEqual([]);
});

test('a check that fails, fails once, and names the steps that it skips', () => {
  const odd = trials.filter(({ text, status, fault }) => {
    const failures = text.match(/^FAIL/gm)?.length ?? 0;
    if (status === 0) return failures !== 0 || !/^(?:ok|warn|skip) +home: policies/m.test(text);
    // A refused add does not keep it from looking further; everything else does.
    return failures === 0 || (fault.at !== 'add' && !/^skip .* failed$/m.test(text));
  });
  expect(named(odd)).toEqual([]);
});

test('a right reply passes, however it is delivered', () => {
  const intact = trials.filter(({ fault }) => fault.how.intact);
  expect(intact.length).toBeGreaterThan(20);
  expect(named(intact.filter(({ status }) => status !== 0))).toEqual([]);
});

test('an add that was not confirmed is never said to be well', () => {
  const lost = trials.filter(
    ({ fault, text }) =>
      fault.at === 'add' && !fault.how.carriedOut && /^ok {4}home: write/m.test(text),
  );
  expect(named(lost)).toEqual([]);
});

test('nothing but the list of the check is ever written to', () => {
  expect(new Set(trials.flatMap(({ added }) => added))).toEqual(new Set(['=list=FWKNOP_CHECK']));
});
