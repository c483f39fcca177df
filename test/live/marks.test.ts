/** Every mark of an inference names the question that a real router answers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NOT_ASKABLE, QUESTIONS } from './questions';
import { isExpected } from './report';

const ROOT = join(__dirname, '../..');
const IDS = QUESTIONS.map(({ id }) => id);

/** About the rules and the script that `init` writes: to ask would take a change of the configuration. */
const NOT_ASKED = /^(?:src\/init\/|simulator\/(?:script|firewall)\/)/;

const FILES = ['src', 'simulator', 'bench'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path))
    .filter((path) => !NOT_ASKED.test(path)),
);

/** `[I zone]`, `[? address-left-out, address-empty]`; without a question too. */
const marksOf = (text: string) =>
  [...text.matchAll(/\[([IP?])(?: ([a-z0-9, -]+))?\]/g)].map(([mark, letter = '', ids = '']) => ({
    mark,
    letter,
    ids: ids.split(', '),
  }));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const MARKS = FILES.flatMap((file) => marksOf(read(file)));
/** Facts of the notes need no question; one that is named must be there. */
const NOTED = readdirSync(join(ROOT, 'docs/notes'))
  .flatMap((file) => marksOf(read(join('docs/notes', file))))
  .filter(({ ids }) => ids[0] !== '');

test('there are marks to look at', () => {
  expect(MARKS.length).toBeGreaterThan(25);
  expect(NOTED.length).toBeGreaterThan(10);
});

test.each([...new Set([...MARKS, ...NOTED].map(({ mark }) => mark))])('%s is asked', (mark) => {
  const [{ ids = [] } = {}] = marksOf(mark);
  expect(ids.filter((id) => !IDS.includes(id))).toEqual([]);
});

test('a question has the mark of its inference', () => {
  const letters = [...MARKS, ...NOTED].flatMap(({ letter, ids }) =>
    ids.map((id) => [id, letter] as const),
  );
  for (const [id, letter] of letters) {
    // Where a peer says one half and nobody the other, the weaker mark stands.
    const { mark } = QUESTIONS.find((question) => question.id === id) ?? {};
    expect([letter, '?']).toContain(mark);
  }
});

test('what init infers of containers stands among the questions that cannot be asked', () => {
  const inferred = marksOf(readFileSync(join(ROOT, 'src/init/container-steps.ts'), 'utf8'));
  const ids = inferred.filter(({ letter }) => letter === 'I').flatMap((mark) => mark.ids);
  expect(ids.length).toBeGreaterThan(0);
  expect(NOT_ASKABLE.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
});

test('no two questions are called the same', () => {
  expect(new Set(IDS).size).toBe(IDS.length);
});

describe('an answer', () => {
  const trap = ['!trap', '=message=value 7 is out of range'];
  const cases: [string, boolean, boolean, string[][]][] = [
    ['the same', true, false, [trap, ['!done']]],
    ['of another order', true, false, [[trap[0]!, '=category=1', trap[1]!], ['!done']]],
    ['with a category that counts', false, true, [[...trap, '=category=1'], ['!done']]],
    ['with another word', false, false, [[...trap, '=more='], ['!done']]],
    ['with another text', false, false, [['!trap', '=message=value 7 is bad'], ['!done']]],
    ['with more sentences', false, false, [trap, ['!done'], ['!done']]],
    ['with fewer', false, false, [trap]],
    ['of nothing', false, false, []],
  ];
  test.each(cases)('%s: as expected: %p', (_, expected, countsCategory, replies) => {
    const expects = [['!trap', '=message=value … is out of range'], ['!done']];
    const question = { expects, ...(countsCategory && ({ countsCategory } as const)) };
    expect(isExpected(question, replies)).toBe(expected);
  });
});
