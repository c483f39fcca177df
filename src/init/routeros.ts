/**
 * The script language of RouterOS: statements as values, and their text. Nothing here knows what the
 * script is for.
 *
 * Where the manual says nothing and no router was at hand, [I] marks what is inferred.
 */

/** What an argument is given: a text, which is quoted as it needs, or an expression as it stands. */
export type Value = string | Expression;

/** Something that the router works out when it runs the script. */
export interface Expression {
  readonly expression: string;
}

/** The named arguments of a command, in the order in which they are written. */
export type Arguments = Readonly<Record<string, Value>>;

export type Statement =
  /** For the reader, a line each; an empty one stays empty. */
  | { readonly kind: 'comment'; readonly lines: readonly string[] }
  /** A command that stands there as a comment, for the owner to switch on. */
  | { readonly kind: 'optional'; readonly command: Command }
  | Command
  /** Writes to the terminal that imports the script. */
  | { readonly kind: 'put'; readonly value: Value }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'delay'; readonly seconds: number }
  | { readonly kind: 'local' | 'set'; readonly name: string; readonly value: Expression }
  /** Variables live in it; outside of any, a terminal forgets them at the end of their line. */
  | { readonly kind: 'block'; readonly statements: readonly Statement[] }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[];
    };

export interface Command {
  readonly kind: 'command';
  /** Menu and command: `/ip/firewall/nat/add`. */
  readonly path: string;
  /** Which items, for a command that works on existing ones. */
  readonly items: Value | undefined;
  readonly named: Arguments;
}

export function comment(...lines: readonly string[]): Statement {
  return { kind: 'comment', lines };
}

/** An empty line. */
export function blank(): Statement {
  return comment('');
}

export function command(path: string, named: Arguments, items?: Value): Command {
  return { kind: 'command', path, items, named };
}

export function optional(path: string, named: Arguments, items?: Value): Statement {
  return { kind: 'optional', command: command(path, named, items) };
}

/**
 * Statements that share variables, for a script that somebody may paste or import line by line
 * (manual, Scripting: each line that is entered in a terminal is a scope of its own).
 */
export function block(...statements: readonly Statement[]): Statement {
  return { kind: 'block', statements };
}

export function put(value: Value): Statement {
  return { kind: 'put', value };
}

export function when(
  condition: Expression,
  then: readonly Statement[],
  otherwise: readonly Statement[] = [],
): Statement {
  return { kind: 'if', condition, then, otherwise };
}

/** Runs the statements where no item of a menu is the same in all of this. */
export function unlessFound(menu: string, like: Arguments, then: readonly Statement[]): Statement {
  return when(isEmpty(find(menu, like)), then);
}

export function expression(text: string): Expression {
  return { expression: text };
}

/**
 * The items of a menu that are the same in all of this. Texts are quoted, all of them: a bare word
 * with a dash in it would be a subtraction here. What is no text, such as a yes, is an expression.
 */
export function find(menu: string, like: Arguments): Expression {
  const terms = Object.entries(like).map(
    ([name, value]) => `${name}=${renderValue(value, quoteText)}`,
  );
  return expression(`[${menu}/find where ${terms.join(' and ')}]`);
}

/** The items of a menu whose comment begins with a text; it must have nothing special to `~`. */
export function findByComment(menu: string, beginning: string): Expression {
  return expression(`[${menu}/find where comment~${quoteText(`^${beginning}`)}]`);
}

export function isEmpty({ expression: items }: Expression): Expression {
  return expression(`[:len ${items}] = 0`);
}

/** The first of some items, of which there must be one. */
export function first({ expression: items }: Expression): Expression {
  return expression(`[:pick ${items} 0]`);
}

/**
 * Writes a text as a string of RouterOS: `"`, `\`, `$` and `?` are escaped, what is not printable
 * ASCII goes out byte by byte as `\XX` in capitals (RouterOS manual, Scripting, constant escape
 * sequences).
 */
export function quoteText(text: string): string {
  const written = [...Buffer.from(text, 'utf8')].map((byte) => {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) return `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    return /["\\$?]/.test(character) ? `\\${character}` : character;
  });
  return `"${written.join('')}"`;
}

/** Writes statements as the text of a script, one a line. */
export function renderScript(statements: readonly Statement[]): string {
  return `${statements.flatMap((statement) => render(statement)).join('\n')}\n`;
}

function render(statement: Statement): readonly string[] {
  switch (statement.kind) {
    case 'comment':
      return statement.lines.map((line) => (line === '' ? '' : `# ${line}`));
    case 'optional':
      return [`#${renderCommand(statement.command)}`];
    case 'command':
      return [renderCommand(statement)];
    case 'put':
      return [`:put ${renderValue(statement.value, quoteText)}`];
    case 'error':
      return [`:error ${quoteText(statement.text)}`];
    case 'delay':
      return [`:delay ${statement.seconds}s`];
    case 'local':
    case 'set':
      return [`:${statement.kind} ${statement.name} ${statement.value.expression}`];
    case 'block':
      return ['{', ...indent(statement.statements), '}'];
    case 'if': {
      const otherwise = statement.otherwise.length === 0 ? [] : ['} else={'];
      return [
        `:if (${statement.condition.expression}) do={`,
        ...indent(statement.then),
        ...otherwise,
        ...indent(statement.otherwise),
        '}',
      ];
    }
  }
}

function indent(statements: readonly Statement[]): readonly string[] {
  return statements.flatMap((statement) => render(statement)).map((line) => `  ${line}`);
}

function renderCommand({ path, items, named }: Command): string {
  const words = Object.entries(named).map(([name, value]) => `${name}=${renderValue(value)}`);
  return [path, ...(items === undefined ? [] : [renderValue(items)]), ...words].join(' ');
}

function renderValue(value: Value, write: (text: string) => string = word): string {
  return typeof value === 'string' ? write(value) : value.expression;
}

/** As people write it: quotes only where a word would not do. */
function word(text: string): string {
  return /^[A-Za-z0-9][\w.,:/-]*$/.test(text) ? text : quoteText(text);
}
