/** The documentation, taken apart: headings, links, code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export const ROOT = join(__dirname, '../..');

/** A page of the documentation. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  /** The anchors of its headings, as GitHub makes them. */
  readonly anchors: readonly string[];
  /** The targets of its links. */
  readonly links: readonly string[];
  readonly blocks: readonly CodeBlock[];
  /** The texts in `backquotes`, outside of blocks. */
  readonly code: readonly string[];
  /** All outside of blocks. */
  readonly prose: string;
}

export interface CodeBlock {
  /** `sh`, `toml`, …; empty where none is named. */
  readonly language: string;
  readonly text: string;
}

/** Every page of the repository. */
export function pages(): readonly Page[] {
  const below = ['docs', 'docs/notes', 'simulator'];
  return ['.', ...below].flatMap((directory) =>
    readdirSync(join(ROOT, directory))
      .filter((name) => name.endsWith('.md'))
      .map((name) => readPage(posix.join(directory, name))),
  );
}

export function readPage(path: string): Page {
  return takeApart(path, readFileSync(join(ROOT, path), 'utf8'));
}

/** A section of a page, from a heading of the second level to the next one. */
export function readSection(path: string, heading: string): Page {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const [, section] = text.split(`\n## ${heading}\n`);
  if (section === undefined) throw new Error(`${path} has no section ${heading}`);
  return takeApart(path, section.split('\n## ')[0] ?? '');
}

function takeApart(path: string, text: string): Page {
  const blocks: CodeBlock[] = [];
  const prose = text.replace(
    /^( *)```(\w*)\n([\s\S]*?)^ *```$/gm,
    (_, indent: string, language, body: string) => {
      blocks.push({ language, text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), '') });
      return '';
    },
  );
  const code = [...prose.matchAll(/`([^`]+)`/g)].map(([, inner = '']) => tidy(inner));
  const linked = prose.replace(/`[^`]+`/g, 'code');
  return {
    path,
    anchors: [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading)),
    links: [...linked.matchAll(/\]\(([^)]*)\)/g)].map(([, target = '']) => target),
    blocks,
    code,
    prose,
  };
}

/** GitHub's anchor: lower case, no punctuation, dashes for blanks. */
function anchorOf(heading: string): string {
  const text = heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '');
  return text.trim().replaceAll(' ', '-');
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** The commands of the shell in a page, one a line, with their continuations. */
export function shellLines({ blocks }: Page): readonly string[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replace(/ *\\\n\s*/g, ' ').split('\n'))
    .map((line) => line.replace(/(?:^|\s+)#.*$/, ''))
    .filter((line) => line !== '');
}
