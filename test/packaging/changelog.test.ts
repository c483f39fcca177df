import { debianChangelog } from '../../packaging/changelog';

const PACKAGING = {
  name: 'a-program',
  maintainer: 'Somebody <somebody@example.com>',
  date: new Date('2026-11-21T11:25:56Z'),
};

test('makes a release of each heading and a change of each item', () => {
  const markdown = `# Changelog

Some words.

## 1.1.0 (unreleased)

- A change that is new.

## 1.0.0 (2026-01-05)

- \`--option\` does more than what there is room for in one line of the changelog, so that this item
  goes on.
- Another one.
`;
  expect(debianChangelog(markdown, PACKAGING)).toBe(
    `a-program (1.1.0) UNRELEASED; urgency=medium

  * A change that is new.

 -- Somebody <somebody@example.com>  Sat, 21 Nov 2026 11:25:56 +0000

a-program (1.0.0) unstable; urgency=medium

  * \`--option\` does more than what there is room for in one line of the
    changelog, so that this item goes on.
  * Another one.

 -- Somebody <somebody@example.com>  Mon, 05 Jan 2026 00:00:00 +0000
`,
  );
});

test.each([
  ['a heading without a date', '## 1.0.0\n\n- A change.\n'],
  ['a heading with another date', '## 1.0.0 (5 January)\n\n- A change.\n'],
  ['text that is no item', '## 1.0.0 (unreleased)\n\nA change.\n'],
  ['a line that goes on with nothing', '## 1.0.0 (unreleased)\n\n  a change.\n'],
])('refuses %s', (_, markdown) => {
  expect(() => debianChangelog(markdown, PACKAGING)).toThrow('CHANGELOG.md: no ');
});
