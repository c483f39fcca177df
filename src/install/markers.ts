import { Failure } from '../common/failure';
import { MARKER_BEGIN, MARKER_END } from '../common/fwknopd';

/** The text of a file, cut at this program's markers. */
export interface MarkedText {
  readonly before: string;
  /** The marker lines and the lines between them; undefined where the file has no markers. */
  readonly marked: string | undefined;
  readonly after: string;
}

/**
 * Cuts a text at the marker lines.
 *
 * @param name of the file, for messages
 * @throws Failure `config` where a marker is missing, or there is more than one pair
 */
export function splitAtMarkers(text: string, name: string): MarkedText {
  const lines = text.split(/(?<=\n)/);
  const places = (marker: string) =>
    lines.flatMap((line, index) => (line.trimEnd() === marker ? [index] : []));
  const [begins, ends] = [places(MARKER_BEGIN), places(MARKER_END)];
  const [[begin = 0], [end = 0]] = [begins, ends];
  if (begins.length === 0 && ends.length === 0)
    return { before: text, marked: undefined, after: '' };
  if (begins.length !== 1 || ends.length !== 1 || begin > end) {
    const found = [...begins, ...ends].sort((one, other) => one - other).map((line) => line + 1);
    throw new Failure(
      'config',
      `${name}: expected one "${MARKER_BEGIN}" and one "${MARKER_END}" behind it; found markers in line ${found.join(', ')}`,
      'put the missing marker line back, or delete these lines and what belongs to them',
    );
  }
  return {
    before: lines.slice(0, begin).join(''),
    marked: lines.slice(begin, end + 1).join(''),
    after: lines.slice(end + 1).join(''),
  };
}

/** Puts marker lines around lines, each of which ends in a newline. */
export function mark(lines: string): string {
  return `${MARKER_BEGIN}\n${lines}${MARKER_END}\n`;
}

/**
 * Puts marked lines into a text: in the place of those that it has, or at its end.
 *
 * @param marked with its marker lines
 * @throws Failure `config`, see splitAtMarkers
 */
export function withMarked(text: string, name: string, marked: string): string {
  const { before, marked: old, after } = splitAtMarkers(text, name);
  if (old !== undefined) return before + marked + after;
  if (before === '') return marked;
  return `${before}${before.endsWith('\n') ? '' : '\n'}\n${marked}`;
}

/** Takes the marked lines out, and the empty line that withMarked put before them. */
export function withoutMarked(text: string, name: string): string {
  const { before, marked, after } = splitAtMarkers(text, name);
  return marked === undefined ? text : before.replace(/(^|\n)\n$/, '$1') + after;
}
