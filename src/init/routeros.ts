/**
 * The script language of RouterOS: statements as values, and their text. Nothing here knows what a
 * script is for.
 *
 * [I] marks an inference: the manual does not say it, and it was not tried on a router.
 */
import { consoleWord, quoteText } from '../router/console';

/** The value of an argument: a text, which is quoted where it must be, or an expression. */
export type Value = string | Expression;

/** Source text that the router evaluates when it runs the script. */
export interface Expression {
  readonly expression: string;
}

/** The named arguments of a command, in the order in which they are written. */
export type Arguments = Readonly<Record<string, Value>>;

export type Statement =
  /** Lines for the reader; an empty one stays empty. */
  | { readonly kind: 'comment'; readonly lines: readonly string[] }
  /** A command written as a comment, for the owner to enable. */
  | { readonly kind: 'optional'; readonly command: Command }
  | Command
  /** Writes to the terminal that imports the script. */
  | { readonly kind: 'put'; readonly value: Value }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'delay'; readonly seconds: number }
  | { readonly kind: 'local' | 'set'; readonly name: string; readonly value: Expression }
  /** A scope for variables: outside any block, a terminal forgets them at the end of their line. */
  | { readonly kind: 'block'; readonly statements: readonly Statement[] }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  /** Runs the statements for each item, which is in the variable. */
  | {
      readonly kind: 'foreach';
      readonly variable: string;
      readonly items: Expression;
      readonly statements: readonly Statement[];
    }
  /** Runs the statements so many times; the variable counts from 1. */
  | {
      readonly kind: 'for';
      readonly variable: string;
      readonly times: number;
      readonly statements: readonly Statement[];
    };

export interface Command {
  readonly kind: 'command';
  /** Menu and command: `/ip/firewall/nat/add`. */
  readonly path: string;
  /** The items to work on, for a command that works on existing ones. */
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
 * Statements that share variables, even in a script that is pasted or imported line by line (manual,
 * Scripting: each line that is entered in a terminal is a scope of its own).
 */
export function block(...statements: readonly Statement[]): Statement {
  return { kind: 'block', statements };
}

/** Declares a variable of the block. */
export function local(name: string, value: string): Statement {
  return { kind: 'local', name, value: expression(value) };
}

/** Changes a variable of the block, or of a block around it. */
export function set(name: string, value: string): Statement {
  return { kind: 'set', name, value: expression(value) };
}

export function forEach(
  variable: string,
  items: Expression,
  statements: readonly Statement[],
): Statement {
  return { kind: 'foreach', variable, items, statements };
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

/** Runs the statements unless a menu has an item whose properties equal all of `like`. */
export function unlessFound(menu: string, like: Arguments, then: readonly Statement[]): Statement {
  return when(isEmpty(find(menu, like)), then);
}

export function expression(text: string): Expression {
  return { expression: text };
}

/**
 * A `find` for the items of a menu whose properties equal all of `like`. Every text is quoted: a bare
 * word with a dash would be a subtraction here. A value that is no text is an expression.
 *
 * @param conditions more terms of the `where`, as they are written
 */
export function find(menu: string, like: Arguments, ...conditions: readonly string[]): Expression {
  const terms = Object.entries(like).map(
    ([name, value]) => `${name}=${renderValue(value, quoteText)}`,
  );
  return expression(`[${menu}/find where ${[...terms, ...conditions].join(' and ')}]`);
}

/** A `find` for the items whose comment begins with a text that holds nothing special to `~`. */
export function findByComment(menu: string, beginning: string): Expression {
  return expression(`[${menu}/find where comment~${quoteText(`^${beginning}`)}]`);
}

export function isEmpty({ expression: items }: Expression): Expression {
  return expression(`[:len ${items}] = 0`);
}

/** The first of some items; there must be at least one. */
export function first({ expression: items }: Expression): Expression {
  return expression(`[:pick ${items} 0]`);
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
    case 'foreach':
      return [
        `:foreach ${statement.variable} in=${statement.items.expression} do={`,
        ...indent(statement.statements),
        '}',
      ];
    case 'for':
      return [
        `:for ${statement.variable} from=1 to=${statement.times} do={`,
        ...indent(statement.statements),
        '}',
      ];
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

function renderValue(value: Value, write: (text: string) => string = consoleWord): string {
  return typeof value === 'string' ? write(value) : value.expression;
}
