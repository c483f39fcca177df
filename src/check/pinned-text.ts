const TABLE = /^\s*\[/;
const ROUTER = /^\s*\[\[\s*(?:router|"router"|'router')\s*\]\]/;
const KEY = /^(\s*)(?:([\w-]+)|"([\w-]+)"|'([\w-]+)')(\s*)=(\s*)/;
const STRING = /^("(?:[^"\\]|\\.)*"|'[^']*')/;

/**
 * Puts a fingerprint into the text of a configuration file, and leaves everything else as it is.
 *
 * A fingerprint that is there is replaced; `ca-file`, which contradicts it, becomes a comment; a
 * `tls` other than "verify" becomes that. It reads lines and not TOML, so the caller reads the
 * outcome and compares.
 *
 * @param index of the [[router]] table, from 0
 * @param fingerprint 64 lower-case hex digits
 * @returns undefined where there is no such [[router]] line
 */
export function pinnedText(text: string, index: number, fingerprint: string): string | undefined {
  const lines = text.split('\n');
  const headers = lines.flatMap((line, at) => (ROUTER.test(line) ? [at] : []));
  const start = headers[index];
  if (start === undefined) return undefined;
  const next = lines.findIndex((line, at) => at > start && TABLE.test(line));
  const end = next < 0 ? lines.length : next;

  let place = start; // after which a new line goes
  let isThere = false;
  for (let at = start + 1; at < end; at += 1) {
    const line = lines[at] ?? '';
    const key = keyOf(line);
    if (key === undefined) continue;
    place = at;
    if (key === 'fingerprint') {
      lines[at] = withValue(line, fingerprint);
      isThere = true;
    } else if (key === 'ca-file') lines[at] = `#${line}`;
    else if (key === 'tls') lines[at] = withValue(line, 'verify');
  }
  if (!isThere) lines.splice(place + 1, 0, newLine(lines[place] ?? '', fingerprint));
  return lines.join('\n');
}

function keyOf(line: string): string | undefined {
  const [, , bare, double, single] = KEY.exec(line) ?? [];
  return bare ?? double ?? single;
}

/** A line with another value; its comment stays. */
function withValue(line: string, value: string): string {
  const before = KEY.exec(line)?.[0] ?? '';
  const rest = line.slice(before.length).replace(STRING, '');
  return `${before}"${value}"${rest}`;
}

/** A line for a key that was not there, set like its neighbour. */
function newLine(neighbour: string, fingerprint: string): string {
  const end = neighbour.endsWith('\r') ? '\r' : '';
  const [before = '', indent = ''] = KEY.exec(neighbour) ?? [];
  const isInColumns = /\s{2}=\s*$/.test(before);
  const width = isInColumns ? before.trimEnd().length - 2 : 0;
  const key = `${indent}fingerprint`.padEnd(width);
  return `${key} = "${fingerprint}"${end}`;
}
