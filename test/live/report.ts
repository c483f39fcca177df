/** The report: plain text that the router's owner can send to the project. */
import type { Sentence } from '../../simulator/api/codec';
import type { Exchange } from './live-router';
import type { Question } from './questions';
import { NEEDS, type Need } from './settings';

export type Verdict = 'as inferred' | 'OTHERWISE' | 'NO ANSWER' | 'not asked';

/** The outcome of a question. */
export interface Result {
  readonly question: Question;
  readonly verdict: Verdict;
  /** The sentences of both sides, without secrets. */
  readonly exchanges: readonly Exchange[];
  /** For a question that was not asked. */
  readonly missing: readonly Need[];
  /** Why there is no answer. */
  readonly why?: string;
}

/** Whether an answer is the expected one. The order of attributes means nothing in the API. */
export function isExpected(
  { expects, countsCategory }: Pick<Question, 'expects' | 'countsCategory'>,
  replies: readonly Sentence[],
): boolean {
  const counts = (word: string) => countsCategory === true || !word.startsWith('=category=');
  return (
    expects.length === replies.length &&
    expects.every((pattern, index) => {
      const words = byName((replies[index] ?? []).filter(counts));
      const patterns = byName(pattern);
      return (
        patterns.length === words.length && patterns.every((one, at) => fits(one, words[at] ?? ''))
      );
    })
  );
}

function byName([first = '', ...words]: Sentence): Sentence {
  const name = (word: string) => /^=[^=]*/.exec(word)?.[0] ?? '';
  return [first, ...words.sort((one, other) => (name(one) < name(other) ? -1 : 1))];
}

function fits(pattern: string, word: string): boolean {
  const [start = '', ...rest] = pattern.split('…');
  const end = rest.at(-1);
  if (end === undefined) return word === pattern;
  return word.length >= start.length + end.length && word.startsWith(start) && word.endsWith(end);
}

/** A question with all that was said; several lines. */
export function block({ question, verdict, exchanges, missing, why }: Result): string {
  const { id, mark, asks, expects } = question;
  const lines = [`[${verdict}] ${id}: ${asks}`];
  if (verdict === 'not asked') {
    lines.push(...missing.map((need) => `    needs    ${NEEDS[need]}`));
  } else {
    lines.push(`    ${mark === 'C' ? 'expected' : 'inferred'} [${mark}]  ${inLine(expects)}`);
    for (const { who, sent, replies } of exchanges) {
      lines.push(`    ${who}> ${sent.join(' ')}`);
      lines.push(...replies.map((words) => `    router< ${words.join(' ')}`));
    }
    if (why !== undefined) lines.push(`    no answer: ${why}`);
  }
  return `${lines.join('\n')}\n`;
}

const inLine = (sentences: readonly Sentence[]) =>
  sentences.map((words) => words.join(' ')).join(' | ');

/** The end of the report: how many of each, and which ones matter. */
export function summary(results: readonly Result[]): string {
  const of = (verdict: Verdict) => results.filter((result) => result.verdict === verdict);
  const verdicts: Verdict[] = ['as inferred', 'OTHERWISE', 'NO ANSWER', 'not asked'];
  const lines = verdicts.map((verdict) => {
    const ids = of(verdict).map(({ question }) => question.id);
    const names = verdict === 'as inferred' || ids.length === 0 ? '' : `: ${ids.join(', ')}`;
    return `${String(ids.length).padStart(3)} ${verdict}${names}`;
  });
  return `${lines.join('\n')}\n`;
}
