import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { pinnedText } from '../../../src/check/pinned-text';

const PIN = 'ab'.repeat(32);
const OLD = 'cd'.repeat(32);
const LINE = `fingerprint = "${PIN}"`;

/** The text before, and the text with the pin. */
const CASES: readonly (readonly [name: string, before: string, after: string])[] = [
  [
    'a table without one gets a line after its last',
    '[[router]]\nhost = "192.0.2.1"\n\n# the end\n',
    `[[router]]\nhost = "192.0.2.1"\n${LINE}\n\n# the end\n`,
  ],
  [
    'an old one is replaced, its comment stays',
    `[[router]]\nfingerprint = "${OLD}"  # home\nhost = "192.0.2.1"\n`,
    `[[router]]\n${LINE}  # home\nhost = "192.0.2.1"\n`,
  ],
  ['an empty one too', "[[router]]\nfingerprint=''\n", `[[router]]\nfingerprint="${PIN}"\n`],
  [
    'ca-file becomes a comment',
    '[[router]]\nca-file = "ca.pem" # ours\nhost = "192.0.2.1"\n',
    `[[router]]\n#ca-file = "ca.pem" # ours\nhost = "192.0.2.1"\n${LINE}\n`,
  ],
  [
    'tls becomes verify, its comment stays',
    '[[router]]\ntls = "insecure"   # verify, insecure\n',
    `[[router]]\ntls = "verify"   # verify, insecure\n${LINE}\n`,
  ],
  [
    'a line is set like its neighbour',
    '[[router]]\n  host          = "192.0.2.1"\n',
    `[[router]]\n  host          = "192.0.2.1"\n  fingerprint   = "${PIN}"\n`,
  ],
  [
    'lines may end with CR LF',
    '[[router]]\r\nhost = "192.0.2.1"\r\n',
    `[[router]]\r\nhost = "192.0.2.1"\r\n${LINE}\r\n`,
  ],
  ['the last line may have no end', '[[router]]\nport = 8729', `[[router]]\nport = 8729\n${LINE}`],
  [
    'a table in another spelling',
    '  [[ "router" ]] # it\n"tls" = \'insecure\'\n[grant]\n',
    `  [[ "router" ]] # it\n"tls" = "verify"\n${LINE}\n[grant]\n`,
  ],
  [
    'a table that stands before another',
    '[[router]]\nhost = "192.0.2.1"\n\n[grant]\nservices = []\n',
    `[[router]]\nhost = "192.0.2.1"\n${LINE}\n\n[grant]\nservices = []\n`,
  ],
];

test.each(CASES)('%s', (_, before, after) => {
  expect(pinnedText(before, 0, PIN)).toBe(after);
});

test('of several routers it takes the one that is meant', () => {
  const text = '[[router]]\nhost = "a.example"\n[[router]]\nhost = "b.example"\n';
  expect(pinnedText(text, 1, PIN)).toBe(`${text.trimEnd()}\n${LINE}\n`);
  expect(pinnedText(text, 0, PIN)).toContain(`"a.example"\n${LINE}\n[[router]]`);
});

test.each([
  ['no such table', '[[router]]\n', 1],
  ['a commented one', '#[[router]]\n', 0],
  ['one written in a line', 'router = [{ host = "a.example" }]\n', 0],
])('it leaves its hands off %s', (_, text, index) => {
  expect(pinnedText(text, index, PIN)).toBeUndefined();
});

test('the example file keeps every comment', () => {
  const example = readFileSync(join(__dirname, '../../../mikrotik.toml.example'), 'utf8');
  const pinned = pinnedText(example, 0, PIN) ?? '';
  const added = pinned.split('\n').filter((line) => !example.split('\n').includes(line));
  expect(added).toEqual([`fingerprint   = "${PIN}"`]);
  expect(pinned.split('\n')).toHaveLength(example.split('\n').length + 1);
});

describe('whatever stands in the file', () => {
  const value = fc.stringMatching(/^[ -~]*$/).map((text) => JSON.stringify(text));
  const key = fc.constantFrom('host', 'user', 'password', 'tls', 'ca-file', 'fingerprint', 'name');
  const comment = fc.stringMatching(/^[ -~]{0,20}$/).map((text) => `# ${text}`);
  const table = fc
    .uniqueArray(key)
    .chain((keys) =>
      fc.tuple(...keys.map((name) => fc.tuple(value, comment).map((rest) => [name, ...rest]))),
    );

  test('nothing but the three keys of one router changes', () => {
    fc.assert(
      fc.property(fc.array(table, { minLength: 1, maxLength: 3 }), fc.nat(2), (tables, at) => {
        const index = at % tables.length;
        const text = tables
          .map((rows) => rows.map(([name, set, note]) => `${name} = ${set} ${note}\n`).join(''))
          .map((rows) => `[[router]]\n# about it\n${rows}`)
          .join('\n');
        const before = parse(text) as { router: Record<string, unknown>[] };
        const { 'ca-file': _, ...rest } = before.router[index] ?? {};
        const tls = 'tls' in rest ? { tls: 'verify' } : {};
        before.router[index] = { ...rest, ...tls, fingerprint: PIN };
        const pinned = pinnedText(text, index, PIN) ?? '';
        expect(sorted(parse(pinned))).toEqual(sorted(before));
        for (const [, , note = ''] of tables.flat()) expect(pinned).toContain(note);
      }),
    );
  });
});

/** smol-toml's tables have no prototype, and toEqual minds neither that nor the order of keys. */
function sorted(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
