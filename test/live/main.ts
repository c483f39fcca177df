/**
 * `npm run test:live`: asks a real router the assumptions of this project, and prints a report. See
 * docs/test-on-your-router.md.
 */
import { writeFileSync } from 'node:fs';
import { version } from '../../package.json';
import { LiveRouter } from './live-router';
import { NOT_ASKABLE, QUESTIONS, type Question } from './questions';
import { block, isExpected, type Result, summary } from './report';
import { BadSettings, has, readSettings, type Settings } from './settings';

/** Exit statuses; the third because a question that was not asked is no good news. */
const STATUS = { good: 0, otherwise: 1, notAsked: 2, settings: 64, interrupted: 130 };

const INTERRUPTIONS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function main(): Promise<number> {
  const settings = readSettings(process.env);
  const stop = new AbortController();
  for (const signal of INTERRUPTIONS) process.on(signal, () => stop.abort());

  let report = '';
  const write = (text: string) => {
    report += text;
    process.stdout.write(text);
  };
  const live = new LiveRouter(settings, stop.signal);
  const results: Result[] = [];
  try {
    write(`fwknop-mikrotik ${version}, test:live, Node.js ${process.version}\n`);
    write(
      `${await routerVersion(live)}, API ${settings.trust.mode === 'off' ? 'plain' : 'over TLS'}\n\n`,
    );
    for (const question of QUESTIONS) {
      const result = await ask(question, live, settings);
      await live.tidy();
      if (stop.signal.aborted) break;
      results.push(result);
      write(`${block(result)}\n`);
    }
  } finally {
    const mayBeLeft = await live.leave();
    write(summary(results));
    write(
      'The API answers none of these. If you run the container, please write the answers here:\n',
    );
    for (const { id, asks } of NOT_ASKABLE) write(`    ${id}: ${asks}\n`);
    if (stop.signal.aborted) write('Interrupted: the other questions were not asked.\n');
    write(mayBeLeft ? LEFT : 'Nothing is left on the router.\n');
    if (settings.report !== undefined) writeFileSync(settings.report, report);
  }
  if (stop.signal.aborted) return STATUS.interrupted;
  const isAll = (...verdicts: Result['verdict'][]) =>
    results.every(({ verdict }) => verdicts.includes(verdict));
  if (!isAll('as inferred', 'not asked')) return STATUS.otherwise;
  return isAll('as inferred') ? STATUS.good : STATUS.notAsked;
}

const LEFT = `Entries may be left in lists that begin with FWKNOP_LIVE_. No rule uses these, and most entries end
within a minute. To look: /ip/firewall/address-list/print where list~"^FWKNOP_LIVE_"
`;

async function ask(question: Question, live: LiveRouter, settings: Settings): Promise<Result> {
  const missing = (question.needs ?? []).filter((need) => !has(settings, need));
  if (missing.length > 0) return { question, verdict: 'not asked', exchanges: [], missing };
  live.exchanges = [];
  const result = { question, missing };
  try {
    const replies = await question.ask(live);
    const verdict = isExpected(question, replies) ? 'as inferred' : 'OTHERWISE';
    return { ...result, verdict, exchanges: live.exchanges };
  } catch (error) {
    const why = live.hide((error as Error).message);
    return { ...result, verdict: 'NO ANSWER', exchanges: live.exchanges, why };
  }
}

/** The properties of the router that tell its kind and version, and nothing of its owner. */
async function routerVersion(live: LiveRouter): Promise<string> {
  if (live.settings.users.admin === undefined)
    return 'RouterOS of a version that was not asked for';
  try {
    const words = ['/system/resource/print', '=.proplist=version,architecture-name'];
    const [row = []] = await live.talk('admin', ...words);
    return `RouterOS ${live.hide(row.slice(1).join(' '))}`;
  } catch (error) {
    return `RouterOS, which did not say its version: ${live.hide((error as Error).message)}`;
  }
}

main()
  .then((status) => {
    process.exitCode = status;
  })
  .catch((error) => {
    if (!(error instanceof BadSettings)) throw error;
    console.error(`${error.message}\nhint: see docs/test-on-your-router.md`);
    process.exitCode = STATUS.settings;
  });
