/** The query words of `print` [C] MikroTik's manual, "API", section "Queries". */
import type { Sentence } from './codec';
import { Trap } from './replies';

/**
 * Does an item pass the query words of a sentence? They work on a stack of booleans with endless
 * trues below; the item passes if no false is left.
 *
 * Served: `?name`, `?-name`, `?name=x`, `?=name=x`, and `?#` with `!`, `&`, `|`. Left out: `<`, `>`
 * and stack indexes. Values are compared as they are printed [? query-as-printed], except that yes
 * is true and no is false.
 * @param item name → printed value
 */
export function matches(item: ReadonlyMap<string, string>, words: Sentence): boolean {
  const stack: boolean[] = [];
  const pop = () => stack.pop() ?? true;
  for (const word of words.filter((candidate) => candidate.startsWith('?'))) {
    const [, operators, absent, name, value] =
      /^\?(?:#([!&|]+)|(-)?=?([^<>#=-][^=]*)(?:=(.*))?)$/s.exec(word) ?? [];
    if (operators !== undefined) {
      for (const operator of operators) {
        const [top, below] = operator === '!' ? [pop(), true] : [pop(), pop()];
        stack.push(operator === '!' ? !top : operator === '&' ? top && below : top || below);
      }
    } else if (name === undefined) {
      throw new Trap(`the test router does not know the query word ${word}`);
    } else if (value === undefined) {
      stack.push(item.has(name) === (absent === undefined));
    } else {
      stack.push(item.get(name) === asPrinted(value));
    }
  }
  return !stack.includes(false);
}

/** librouteros asks with yes and no for what `print` shows as true and false [P query-yes-no]. */
function asPrinted(value: string): string {
  return value === 'yes' ? 'true' : value === 'no' ? 'false' : value;
}
