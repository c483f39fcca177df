/** Makes Debian's changelog from CHANGELOG.md. */

const WIDTH = 78; // columns

export interface Packaging {
  readonly name: string;
  /** `Name <address>`. */
  readonly maintainer: string;
  /** The date of a version that is not released yet. */
  readonly date: Date;
}

/**
 * Debian's changelog, made from one whose releases begin with `## VERSION (YYYY-MM-DD)`, or
 * `(unreleased)`, and whose changes begin with `- `. For the format see deb-changelog(5).
 *
 * @throws Error when a line is neither of these, nor goes on with a change
 */
export function debianChangelog(markdown: string, packaging: Packaging): string {
  const [, ...releases] = markdown.split(/^## /m);
  return releases.map((text) => release(text, packaging)).join('\n');
}

function release(text: string, { name, maintainer, date }: Packaging): string {
  const [heading = '', ...lines] = text.trimEnd().split('\n');
  const [, version, day] = /^(\S+) \((\d{4}-\d\d-\d\d|unreleased)\)$/.exec(heading) ?? [];
  if (version === undefined) throw new Error(`CHANGELOG.md: no version and date: ${heading}`);
  const isReleased = day !== 'unreleased';
  return [
    `${name} (${version}) ${isReleased ? 'unstable' : 'UNRELEASED'}; urgency=medium`,
    '',
    ...changes(lines).map((change) => wrap(`  * ${change}`, '    ')),
    '',
    ` -- ${maintainer}  ${rfc2822(isReleased ? new Date(`${day}T00:00:00Z`) : date)}`,
    '',
  ].join('\n');
}

function changes(lines: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const line of lines) {
    const [, sign, text = ''] = /^(- | {2}(?=\S))(.+)$/.exec(line) ?? [];
    const last = found.pop();
    if (last !== undefined) found.push(sign === '  ' ? `${last} ${text}` : last);
    if (sign === '- ') found.push(text);
    else if (line !== '' && (sign === undefined || last === undefined)) {
      throw new Error(`CHANGELOG.md: no change: ${line}`);
    }
  }
  return found;
}

function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) /)) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent + word;
    } else line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].join('\n');
}

/** `Sat, 21 Nov 2026 11:25:56 +0000`. */
function rfc2822(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}
