/** Every link leads somewhere: to a file, to a heading in it, or is a URL in form. */
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pages, ROOT } from '../support/markdown';

const PAGES = pages();
const LINKS = PAGES.flatMap(({ path, links }) => links.map((link) => [path, link] as const));

test('there are pages and links to look at', () => {
  expect(PAGES.length).toBeGreaterThan(15);
  expect(LINKS.length).toBeGreaterThan(50);
});

test.each(LINKS.filter(([, link]) => link.includes('://')))('%s: %s is a URL', (_, link) => {
  expect(link).toMatch(/^https:\/\/[^\s]+$/);
  expect(new URL(link).hostname).toMatch(/\.[a-z]+$/);
});

test.each(LINKS.filter(([, link]) => !link.includes('://')))('%s: %s is there', (path, link) => {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? path : posix.join(posix.dirname(path), file);
  expect(existsSync(join(ROOT, target))).toBe(true);
  if (anchor === undefined) return;
  expect(PAGES.find((page) => page.path === target)?.anchors).toContain(anchor);
});

test.each(PAGES.map((page) => [page.path, page] as const))(
  '%s: no heading stands twice',
  (_, page) => {
    expect([...new Set(page.anchors)]).toEqual(page.anchors);
  },
);

/** Paths of the repository that the pages name in their text. */
const PATH =
  /(?<![\w./$~-])(?:src|test|simulator|demo|bench|packaging|docs|man|bin|\.ci)\/[\w./-]*\w/g;
const PATHS = PAGES.filter(({ path }) => path !== 'CHANGELOG.md').flatMap(({ path, prose }) =>
  [...prose.matchAll(PATH)].map(([name]) => [path, name] as const),
);

test.each(PATHS)('%s: the path %s is there', (page, name) => {
  const places = [name, posix.join(posix.dirname(page), name)];
  expect(places.some((place) => existsSync(join(ROOT, place)))).toBe(true);
});
