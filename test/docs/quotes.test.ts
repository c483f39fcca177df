/** The commands, options, settings and messages that the documentation quotes are those of the program. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json';
import type { Fault } from '../../src/common/failure';
import { readConfigText } from '../../src/config/config-file';
import { type Page, pages, ROOT, readPage, readSection, shellLines } from '../support/markdown';
import { messagesOf, textsIn } from '../support/messages';
import { EXECUTABLE } from '../support/shipped';

const PAGES = pages().filter(({ path }) => path !== 'CHANGELOG.md');
const cases = <T>(all: (page: Page) => readonly T[]) =>
  PAGES.flatMap((page) => all(page).map((one) => [page.path, one] as const));

const help = (...command: readonly string[]) =>
  execFileSync(EXECUTABLE, [...command, '--help'], { encoding: 'utf8' });
const OPENING = help();
const [, NAMES = ''] = /^ {2}fwknop-mikrotik ((?:\w+ \| )+\w+)/m.exec(OPENING) ?? [];
const HELP = new Map([
  ['', OPENING],
  ...NAMES.split(' | ').map((name) => [name, help(name)] as const),
]);
const optionsIn = (text: string) => [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([o]) => o);

/** Options of other programs. */
const FOREIGN = [
  ...['--use-openssl-ca', '--jitless', '--max-lazy', '--random-seed', '--tool', '--smc-check'],
  ...['--key-gen', '--udp-server', '--rounds', '--node', '--check', '--seconds', '--seed'],
  ...['--platform', '--squash-all'],
];

describe('commands', () => {
  const OURS = cases(shellLines).filter(([, line]) => /(?:^|[\s/])fwknop-mikrotik /.test(line));

  test('there are some', () => {
    expect(OURS.length).toBeGreaterThan(15);
    expect([...HELP.keys()]).toEqual(expect.arrayContaining(['init', 'install', 'check', 'knock']));
  });

  test.each(OURS)('%s: %s', (_, line) => {
    for (const [, rest = ''] of line.matchAll(/(?:^|[\s/])fwknop-mikrotik ([^|&;]*)/g)) {
      const [first = ''] = rest.split(' ');
      const text = HELP.get(/^[a-z]+$/.test(first) ? first : '');
      expect(text).toBeDefined();
      for (const option of optionsIn(rest)) expect(optionsIn(text!)).toContain(option);
    }
  });

  test.each(
    cases((page) => [...page.code, ...shellLines(page)]).filter(([, text]) =>
      /npm run /.test(text),
    ),
  )('%s: %s', (_, text) => {
    for (const [, script = ''] of text.matchAll(/npm run ([\w:]+)/g)) {
      expect(Object.keys(packageJson.scripts)).toContain(script);
    }
  });

  test("the README's two commands", () => {
    const texts = readPage('README.md').blocks.map(({ text }) => text);
    expect(texts).toEqual(
      expect.arrayContaining(['npm ci && npm run demo\n', 'npm ci && npm test\n']),
    );
  });
});

test.each(cases(({ code }) => code.filter((text) => optionsIn(text).length > 0)))(
  '%s: the options of `%s`',
  (_, text) => {
    const known = [...[...HELP.values()].flatMap(optionsIn), ...FOREIGN];
    for (const option of optionsIn(text)) expect(known).toContain(option);
  },
);

test.each(cases(({ blocks }) => blocks.filter(({ language }) => language === 'toml')))(
  '%s: settings %#',
  (path, { text }) => {
    const faults: Fault[] = [];
    readConfigText(text.replaceAll('"..."', `"${'0'.repeat(64)}"`), path, [], faults);
    expect(faults).toEqual([]);
  },
);

test('the tables of settings are those of the example', () => {
  const example = readFileSync(join(ROOT, 'mikrotik.toml.example'), 'utf8');
  const settings = [...example.matchAll(/^#?([a-z0-9-]+) *=/gm)].map(([, name = '']) => name);
  const rows = readPage('docs/configuration.md').prose.match(/^\| `.*?\|/gm) ?? [];
  const documented = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  // The example names it in a comment, as the other way to give the password.
  expect(new Set(documented)).toEqual(new Set([...settings, 'password']));
});

test('the README is short, and claims little by inference', () => {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  expect(text.split('\n').length - 1).toBeLessThanOrEqual(200);
  expect(text.split('(inferred)').length - 1).toBeLessThanOrEqual(3);
});

describe('messages of router.rsc', () => {
  const SCRIPT = readFileSync(join(ROOT, 'test/golden/router.rsc'), 'utf8');
  const { prose } = readSection('docs/router.md', 'When the script stops or says something');
  const quoted = [...prose.matchAll(/^- `([^`]+)`/gm)].map(([, text = '']) => text);

  test('there are some', () => {
    expect(quoted.length).toBeGreaterThan(4);
  });

  test.each(quoted)('%s', (text) => {
    // The script breaks its texts into lines.
    expect(SCRIPT.replaceAll(/"\n *:put "/g, ' ')).toContain(text);
  });
});

const GUIDES = ['docs/troubleshooting.md', 'docs/messages.md'];

describe('messages', () => {
  const QUOTED = GUIDES.flatMap((path) => readPage(path).code).filter((text) => letters(text) > 6);
  const SAID = ['router', 'access', 'config', 'common', 'cli', 'main.ts']
    .flatMap(messagesOf)
    .filter((message) => letters(message) > 6);

  test('there are some', () => {
    expect(SAID.length).toBeGreaterThan(50);
    expect(QUOTED.length).toBeGreaterThan(50);
  });

  // In both `…` stands for anything; the guide may quote less than all.
  test.each(SAID)('the guide has: %s', (message) => {
    const isQuoted = QUOTED.some((text) => contains(message, text) || contains(text, message));
    expect(isQuoted).toBe(true);
  });
});

describe('messages that the guides quote', () => {
  const TEXTS = [
    ...textsIn(['src', 'simulator/api/replies.ts']),
    readFileSync(join(ROOT, 'bin/fwknop-mikrotik'), 'utf8'),
  ].join('\n');
  const FOREIGN_SECTION = "## fwknopd's own messages";
  const rows = GUIDES.flatMap((path) =>
    (readPage(path).prose.split(FOREIGN_SECTION)[0] ?? '')
      .split('\n')
      .filter((line) => !line.includes('Node.js says it'))
      .flatMap((line) => [
        ...(/^\| ((?:`[^`]+`[^|]*)+)\|/.exec(line)?.[1] ?? '').matchAll(/`([^`]+)`/g),
      ])
      .map(([, text = '']) => text),
  );

  test('there are some', () => {
    expect(rows.length).toBeGreaterThan(80);
  });

  test.each(rows)('%s', (text) => {
    const parts = text.split(/…|: |; | \(|\)/).filter((part) => letters(part) > 4);
    for (const part of parts) expect(TEXTS).toContain(part.trim());
  });
});

function contains(text: string, part: string): boolean {
  return new RegExp(part.split('…').map(escaped).join('.*')).test(text);
}

function letters(text: string): number {
  return text.replace(/[^a-z]/gi, '').length;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
