/**
 * Imports a script of the RouterOS language into a Configuration. It reads as much of the language
 * as `fwknop-mikrotik init` writes, by the manual's grammar (Scripting) and independent of init's
 * writer; anything else is an error.
 */
import type { Configuration, Item } from './configuration';

type Value = string | string[] | Item | undefined;
type Scope = Map<string, Value>;

interface Machine {
  readonly router: Configuration;
  readonly printed: string[];
  readonly scopes: Scope[];
}

type Evaluate = (machine: Machine) => Value;
type Execute = (machine: Machine) => void;
type Term = (item: Item, machine: Machine) => boolean;

/**
 * Runs a script to its end.
 *
 * @returns the lines that it prints. Throws at the first statement that fails, as `/import` does.
 */
export function importScript(text: string, router: Configuration): string[] {
  const program = new Reader(text).statements();
  const printed: string[] = [];
  // [C] A terminal, or an import line by line, keeps no variable between lines.
  for (const statement of program) statement({ router, printed, scopes: [new Map()] });
  return printed;
}

/** Reads a string of RouterOS, quotes included. @returns its value; throws if it is none */
export function readString(text: string): string {
  const reader = new Reader(text);
  const value = reader.string();
  reader.expectEnd();
  return value;
}

const ESCAPES: Record<string, string> = { '"': '"', '\\': '\\', $: '$', '?': '?' };

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  /** Statements up to the end, or to the brace that closes the block. */
  statements(): Execute[] {
    const all: Execute[] = [];
    for (;;) {
      this.skip(/[\s]*(?:#[^\n]*\n\s*)*/y);
      if (this.at === this.text.length || this.text[this.at] === '}') return all;
      all.push(this.statement());
      this.take(/ *(?:\n|$)/y, 'the end of the line');
    }
  }

  expectEnd(): void {
    if (this.at !== this.text.length) this.fail('the end');
  }

  string(): string {
    this.take(/"/y, 'a string');
    const bytes: number[] = [];
    for (;;) {
      if (this.skip(/"/y) !== undefined) return Buffer.from(bytes).toString('utf8');
      const hex = this.skip(/\\[0-9A-F]{2}/y);
      const escaped = hex ?? this.skip(/\\["\\$?]/y);
      // A bare $ would be a variable, a bare ? would ask the console for help.
      const character = escaped ?? this.take(/[\x20-\x7e](?<!["\\$?])/y, 'a character');
      if (hex !== undefined) bytes.push(Number.parseInt(hex.slice(1), 16));
      else bytes.push((ESCAPES[character.slice(-1)] ?? character).charCodeAt(0));
    }
  }

  private statement(): Execute {
    if (this.skip(/\{/y) !== undefined) {
      const statements = this.block();
      return (machine) => inScope(machine, statements);
    }
    if (this.skip(/:if (?=\()/y) !== undefined) return this.conditional();
    if (this.skip(/:put /y) !== undefined) {
      const value = this.primary();
      return (machine) => machine.printed.push(textOf(value(machine)));
    }
    if (this.skip(/:error /y) !== undefined) {
      const text = this.string();
      return () => {
        throw new Error(text);
      };
    }
    const delay = this.skip(/:delay \d+s/y);
    if (delay !== undefined) {
      return ({ router }) => router.delay(Number.parseInt(delay.split(' ')[1] ?? '', 10));
    }
    const loop = this.skip(/:(?:foreach|for) [A-Za-z]+ /y);
    if (loop !== undefined) return this.loop(loop.trim().split(' '));
    const assignment = this.skip(/:(?:local|set) [A-Za-z]+ /y);
    if (assignment !== undefined) return this.assignment(assignment.trim().split(' '));
    return this.command();
  }

  private conditional(): Execute {
    const condition = this.primary();
    this.take(/ do=\{/y, 'do={');
    const then = this.block();
    const otherwise = this.skip(/ else=\{/y) === undefined ? [] : this.block();
    return (machine) => inScope(machine, condition(machine) === 'true' ? then : otherwise);
  }

  /** `:foreach item in=ITEMS do={…}`, `:for count from=1 to=60 do={…}`; the variable is the body's own. */
  private loop([command, name = '']: string[]): Execute {
    let values: (machine: Machine) => string[];
    if (command === ':foreach') {
      this.take(/in=/y, 'in=');
      const items = this.primary();
      values = (machine) => [items(machine) ?? []].flat().map(textOf);
    } else {
      const [from = 0, to = 0] = this.take(/from=\d+ to=\d+/y, 'from= and to=')
        .match(/\d+/g)!
        .map(Number);
      values = () => Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
    }
    this.take(/ do=\{/y, 'do={');
    const body = this.block();
    return (machine) => {
      for (const value of values(machine)) inScope(machine, body, new Map([[name, value]]));
    };
  }

  private block(): Execute[] {
    const statements = this.statements();
    this.take(/\}/y, '}');
    return statements;
  }

  private assignment([command, name = '']: string[]): Execute {
    const value = this.primary();
    return (machine) => {
      const scope =
        command === ':local' ? machine.scopes.at(-1) : scopeOf(machine, name, `:set ${name}`);
      scope?.set(name, value(machine));
    };
  }

  private command(): Execute {
    const words = this.take(/\/[a-z0-9/-]+/y, 'a command');
    const slash = words.lastIndexOf('/');
    const [path, verb] = [words.slice(0, slash), words.slice(slash + 1)];
    const items = this.skip(/ (?=[$[])/y) === undefined ? this.bareItem() : this.primary();
    const given: [string, Evaluate][] = [];
    for (;;) {
      const name = this.skip(/ [a-z][a-z0-9-]*=/y)?.slice(1, -1);
      if (name === undefined) break;
      const word = this.skip(/[A-Za-z0-9!][\w.,:/-]*/y);
      given.push([name, word === undefined ? this.primary() : () => word]);
    }
    return (machine) => {
      const ids = [items?.(machine) ?? []].flat().map(textOf);
      const named = Object.fromEntries(given.map(([name, value]) => [name, one(value(machine))]));
      if (Object.keys(named).length !== given.length) this.fail('every argument once');
      const { router } = machine;
      if (verb === 'add' && items === undefined) router.add(path, named);
      else if (verb === 'set') router.set(path, ids, named);
      else if (verb === 'remove' && given.length === 0) router.remove(path, ids);
      else if (words === '/certificate/sign' && given.length === 0) router.sign(ids[0] ?? '');
      else throw new Error(`nothing that init does: ${words}`);
    };
  }

  private bareItem(): Evaluate | undefined {
    const name = this.skip(/ [a-z][a-z-]*(?=[ \n]|$)/y)?.slice(1);
    return name === undefined ? undefined : () => name;
  }

  /** A string, a variable, something in parentheses, or a command in brackets. */
  private primary(): Evaluate {
    if (this.skip(/!(?=[$(])/y) !== undefined) {
      const value = this.primary();
      return (machine) => String(value(machine) !== 'true');
    }
    if (this.skip(/\(/y) !== undefined) return this.parenthesis();
    if (this.skip(/\[/y) !== undefined) return this.bracket();
    const variable = this.skip(/\$[A-Za-z]+/y)?.slice(1);
    if (variable !== undefined) {
      return (machine) => scopeOf(machine, variable, `$${variable}`).get(variable);
    }
    if (this.text[this.at] === '"') {
      const text = this.string();
      return () => text;
    }
    const word = this.take(/\d+|no\b|yes\b|true\b|false\b/y, 'a value');
    // Booleans print as true and false, and compare with yes and no.
    return () => ({ no: 'false', yes: 'true' })[word] ?? word;
  }

  private parenthesis(): Evaluate {
    const value = this.alternatives();
    this.take(/\)/y, ')');
    return value;
  }

  /** Each binds tighter than the one before it. */
  private alternatives(): Evaluate {
    return this.operations(/ (or) /y, () => this.conjunctions());
  }

  private conjunctions(): Evaluate {
    return this.operations(/ (and) /y, () => this.comparisons());
  }

  private comparisons(): Evaluate {
    return this.operations(/ (!?=|>) /y, () => this.concatenations());
  }

  private concatenations(): Evaluate {
    return this.operations(/ (\.) /y, () => this.members());
  }

  private members(): Evaluate {
    return this.operations(/->/y, () => this.primary());
  }

  private operations(operator: RegExp, operand: () => Evaluate): Evaluate {
    let left = operand();
    for (;;) {
      const found = this.skip(operator)?.trim();
      if (found === undefined) return left;
      left = combine(found, left, operand());
    }
  }

  private bracket(): Evaluate {
    const command = this.take(/:len |:tostr |:pick |\/[a-z0-9/-]+\/(?:get|find) /y, 'a command');
    if (command.startsWith('/')) return this.close(this.query(command.trim()));
    const value = this.primary();
    if (command === ':pick ') {
      this.take(/ 0/y, '0');
      return this.close((machine) => [value(machine)].flat()[0] as string);
    }
    if (command === ':tostr ')
      return this.close((machine) => {
        const given = value(machine);
        return given === undefined ? undefined : textOf(given); // nothing stays nothing [I]
      });
    return this.close((machine) => String(lengthOf(value(machine))));
  }

  private close(value: Evaluate): Evaluate {
    this.take(/\]/y, ']');
    return value;
  }

  private query(command: string): Evaluate {
    const slash = command.lastIndexOf('/');
    const path = command.slice(0, slash);
    if (command.endsWith('/get')) {
      const item = this.primary();
      const property = this.skip(/ [a-z-]+/y)?.slice(1);
      return (machine) => {
        const found = machine.router.get(path, one(item(machine)));
        return property === undefined ? found : found[property];
      };
    }
    this.take(/where /y, 'where');
    const terms = [this.term()];
    while (this.skip(/ and /y) !== undefined) terms.push(this.term());
    return (machine) => machine.router.find(path, (item) => terms.every((t) => t(item, machine)));
  }

  /** `property=value`, `property~value`, or several of which one must hold, in parentheses. */
  private term(): Term {
    if (this.skip(/\(/y) !== undefined) {
      const terms = [this.term()];
      while (this.skip(/ or /y) !== undefined) terms.push(this.term());
      this.take(/\)/y, ')');
      return (item, machine) => terms.some((term) => term(item, machine));
    }
    if (this.skip(/!/y) !== undefined) {
      const flag = this.take(/disabled|dynamic/y, 'a flag');
      return (item) => item[flag] !== 'true';
    }
    const name = this.take(/[a-z-]+/y, 'a property');
    // Some report that `disabled=no` finds nothing, others that it works: a script must not rest on it.
    if (name === 'disabled' || name === 'dynamic') this.fail(`!${name}`);
    const operator = this.take(/[=~]/y, '= or ~');
    const value = this.primary();
    return (item, machine) => {
      const [actual, wanted] = [item[name] ?? '', textOf(value(machine))];
      return operator === '=' ? actual === wanted : new RegExp(wanted).test(actual);
    };
  }

  private skip(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [];
    this.at += found?.length ?? 0;
    return found;
  }

  private take(pattern: RegExp, what: string): string {
    return this.skip(pattern) ?? this.fail(what);
  }

  private fail(what: string): never {
    const line = this.text.slice(0, this.at).split('\n').length;
    const rest = this.text.slice(this.at).split('\n')[0];
    throw new Error(`line ${line}: expected ${what} at: ${rest}`);
  }
}

function combine(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  return (machine) => {
    const [a, b] = [left(machine), right(machine)];
    if (operator === '->')
      return typeof a === 'object' && !Array.isArray(a) ? a[textOf(b)] : undefined;
    if (operator === '.') return textOf(a) + textOf(b);
    // Nothing need not equal the empty text [I]: a script must not rest on it.
    const isEqual = a !== undefined && b !== undefined && textOf(a) === textOf(b);
    if (operator === '=') return String(isEqual);
    if (operator === '!=') return String(!isEqual);
    if (operator === '>') return String(Number(a) > Number(b));
    const [isA, isB] = [a === 'true', b === 'true'];
    return String(operator === 'and' ? isA && isB : isA || isB);
  };
}

function inScope(machine: Machine, statements: readonly Execute[], scope: Scope = new Map()): void {
  machine.scopes.push(scope);
  for (const statement of statements) statement(machine);
  machine.scopes.pop();
}

function scopeOf(machine: Machine, name: string, what: string): Scope {
  const scope = [...machine.scopes].reverse().find((one) => one.has(name));
  if (!scope) throw new Error(`${what}: no such variable`);
  return scope;
}

/** Arrays join with semicolons; nothing becomes the empty text. */
function textOf(value: Value): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.join(';');
  if (typeof value === 'string') return value;
  throw new Error('an item is no text');
}

function lengthOf(value: Value): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return value === undefined ? 0 : Object.keys(value).length;
}

function one(value: Value): string {
  const values = [value].flat();
  if (values.length !== 1) throw new Error('one value was expected');
  return textOf(values[0]);
}
