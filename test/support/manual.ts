/** The manual page and the texts of --help, taken apart to be compared. */

/** The options, files and statuses that a text documents. */
export interface Documented {
  /** Options, such as `--config FILE`, and arguments, such as `HOST`, as they are written. */
  readonly usage: readonly string[];
  readonly files: readonly string[];
  /** Such as `64 bad arguments`. */
  readonly statuses: readonly string[];
}

/** Reads the text of a --help: the rows with which its sections begin. */
export function readHelp(text: string): Documented {
  const sections = new Map(
    text
      .split(/\n\n(?=[A-Z])/)
      .map((section) => section.split('\n\n')[0] ?? '')
      .map((section) => section.split(/\n(.*)/s))
      // Some titles go on: `Files, in the folder`.
      .map(([title = '', rows = '']) => [title.split(',')[0], rows]),
  );
  // A row begins two columns in; what goes on with it begins further in.
  const rows = (title: string): readonly string[] =>
    [...(sections.get(title) ?? '').matchAll(/^ {2}\S.*(?:\n {3,}.*)*/gm)].map(([row]) => row);
  const labels = (title: string): readonly string[] =>
    rows(title).map((row) => row.trim().split(/ {2,}|\n/)[0] ?? '');
  return {
    usage: [...labels('Arguments'), ...labels('Options')].map((label) =>
      label.replace(/^<(.*)>$/, '$1'),
    ),
    files: labels('Files'),
    statuses: rows('Exit status')
      .filter((row) => /^ +\d/.test(row))
      .map(tidy),
  };
}

/** Reads sections of a manual page in mdoc(7). @param titles of sections and subsections */
export function readManual(source: string, titles: readonly string[]): Documented {
  const items = titles.flatMap((title) => {
    const [, section] = source.split(new RegExp(`^\\.S[sh] ${title}\\n`, 'm'));
    if (section === undefined) throw new Error(`the manual has no section ${title}`);
    const [own = ''] = section.split(/^\.S[sh] /m);
    return own.split(/^\.It /m).slice(1);
  });
  const named = (kinds: RegExp) => items.filter((item) => kinds.test(item));
  const label = (item: string) => plain(item.split('\n').slice(0, 1));
  const statuses = named(/^\d/).map((item) => {
    const [status = '', ...text] = (item.split(/^\.(?:El|Pp|It)/m)[0] ?? '').trim().split('\n');
    const meaning = plain(text).replace(/\.$/, '');
    return `${status} ${meaning.charAt(0).toLowerCase()}${meaning.slice(1)}`;
  });
  return {
    usage: named(/^(?:Fl|Ar) /).map(label),
    files: named(/^Pa /).map(label),
    statuses: statuses.map(tidy),
  };
}

/** The names of the settings that a section of the manual describes. */
export function settingsOf(source: string, title: string): readonly string[] {
  const [, section = ''] = source.split(new RegExp(`^\\.S[sh] ${title}\\n`, 'm'));
  const [own = ''] = section.split(/^\.S[sh] /m);
  return [...own.matchAll(/^\.It Cm (\S+)$/gm)].map(([, name = '']) => name);
}

const MACROS = /^(?:Fl|Ar|Cm|Li|Pa)$/;

/** Lines of mdoc(7) as they are read. Each item's first line has lost its `.It`. */
function plain(lines: readonly string[]): string {
  let text = '';
  for (const line of lines) {
    let joins = false;
    let isFlag = false;
    for (const word of line.replace(/^\./, '').split(' ')) {
      if (word === 'Ns') joins = true;
      else if (MACROS.test(word)) isFlag = word === 'Fl';
      else {
        const isPunctuation = /^[,.:;)]$/.test(word);
        text += joins || isPunctuation || text === '' ? '' : ' ';
        text += isFlag && !isPunctuation ? `-${word}` : word;
        [joins, isFlag] = [false, false];
      }
    }
  }
  return text;
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
