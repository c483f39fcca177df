/** The reader of access.conf; where stock fwknopd is there, it says whether the reader is right. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readAccessConf } from '../../../src/check/access-conf';
import { makeFolder, writeAs } from '../../support/files';
import { leftOut } from '../../support/left-out';

/** Reads a file of that text, with others that it may include. */
function read(text: string, others: Readonly<Record<string, string>> = {}) {
  const texts: Record<string, string> = { '/etc/access.conf': text, ...others };
  return readAccessConf('/etc/access.conf', {
    read(path) {
      const found = texts[path];
      if (found === undefined) throw new Error(`no ${path}`);
      return found;
    },
    list: (folder) =>
      Object.keys(texts)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
  });
}

/** The stanzas as plain values. */
function stanzas(...args: Parameters<typeof read>) {
  return read(...args).stanzas.map(({ source, variables: settings }) => ({
    SOURCE: source.value,
    ...Object.fromEntries([...settings].map(([name, { value }]) => [name, value])),
  }));
}

test('comments, empty lines and lines before a stanza are ignored', () => {
  const text = '# SOURCE a\n;x\n\n\r\nCMD_CYCLE_TIMER 1\nSOURCE ANY\nCMD_CYCLE_TIMER 30\n';
  expect(stanzas(text)).toEqual([{ SOURCE: 'ANY', CMD_CYCLE_TIMER: '30' }]);
});

test.each([
  ['a value ends at the first semicolon', 'CMD_CYCLE_CLOSE NONE; x', 'NONE'],
  ['a variable may have a colon', 'CMD_CYCLE_CLOSE: NONE', 'NONE'],
  ['a variable may be indented', '\t CMD_CYCLE_CLOSE\tNONE', 'NONE'],
  ['spaces at the end count', 'CMD_CYCLE_CLOSE NONE  ', 'NONE  '],
  ['a carriage return ends it', 'CMD_CYCLE_CLOSE NONE\r', 'NONE'],
  ['the last of two counts', 'CMD_CYCLE_CLOSE /bin/x\nCMD_CYCLE_CLOSE NONE', 'NONE'],
])('%s', (_, line, value) => {
  expect(stanzas(`SOURCE ANY\n${line}\n`)).toEqual([{ SOURCE: 'ANY', CMD_CYCLE_CLOSE: value }]);
});

test('each setting knows its place', () => {
  const [stanza] = read('# x\nSOURCE ANY\n\nCMD_CYCLE_CLOSE NONE\n').stanzas;
  expect(stanza?.source.place).toBe('/etc/access.conf:2');
  expect(stanza?.variables.get('CMD_CYCLE_CLOSE')?.place).toBe('/etc/access.conf:4');
});

test.each([
  ['a line of spaces', '  '],
  ['a variable without a value', 'CMD_CYCLE_CLOSE'],
  ['a variable with nothing but a comment', 'CMD_CYCLE_CLOSE ;NONE'],
])('%s is a fault, as for fwknopd', (_, line) => {
  expect(read(`SOURCE ANY\n${line}\n`).faults).toEqual([
    {
      what: '/etc/access.conf:2: neither a comment nor a variable with a value',
      hint: 'fwknopd does not start with it: remove the line',
    },
  ]);
});

describe('files within files', () => {
  test('their stanzas stand where they are included, and do not end the stanza there', () => {
    const text = 'SOURCE A\n%include /etc/more.conf\nCMD_CYCLE_TIMER 1\n%include_folder /etc/d/\n';
    const others = {
      '/etc/more.conf': 'CMD_CYCLE_TIMER 9\nSOURCE B\nCMD_CYCLE_TIMER 2\n',
      '/etc/d/c.conf': 'SOURCE C\n',
      '/etc/d/c.txt': 'SOURCE D\n',
    };
    expect(stanzas(text, others)).toEqual([
      { SOURCE: 'A', CMD_CYCLE_TIMER: '1' },
      { SOURCE: 'B', CMD_CYCLE_TIMER: '2' },
      { SOURCE: 'C' },
    ]);
  });

  test('three deep, and no deeper', () => {
    const own = '%include /etc/access.conf\nSOURCE ANY\n';
    const { stanzas: found, faults } = read(own);
    expect(found).toHaveLength(3);
    expect(faults).toEqual([
      { what: '/etc/access.conf:1: fwknopd includes no deeper than 3 files' },
    ]);
    expect(read('%include_folder /etc\n').faults).toHaveLength(1);
  });
});

describe('%include_keys', () => {
  const keys = { '/etc/keys': '# ours\nKEY_BASE64 a\nHMAC_KEY_BASE64: b\nCMD_CYCLE_TIMER 9\n' };

  test('brings keys, and nothing else', () => {
    const text = 'SOURCE ANY\nCMD_CYCLE_TIMER 30\n%include_keys /etc/keys\n';
    expect(stanzas(text, keys)).toEqual([
      { SOURCE: 'ANY', CMD_CYCLE_TIMER: '30', KEY_BASE64: 'a', HMAC_KEY_BASE64: 'b' },
    ]);
    expect(read(text, keys).files).toEqual(['/etc/access.conf', '/etc/keys']);
  });

  test('between the lines of a stanza that are not complete, it ends the stanza', () => {
    const text = 'SOURCE ANY\nCMD_CYCLE_OPEN x\n%include_keys /etc/keys\nCMD_CYCLE_CLOSE NONE\n';
    expect(read(text, keys).faults).toEqual([
      {
        what: '/etc/access.conf:3: fwknopd drops the stanza at this line: no CMD_CYCLE_CLOSE before it',
        hint: 'move %include_keys to the end of the stanza',
      },
    ]);
  });
});

test('the port of the clients is read in the marked block alone', () => {
  const block = '# >>> fwknop-mikrotik >>>\n# spa-port 62202\n# <<< fwknop-mikrotik <<<\n';
  expect(read(`# spa-port 1\n${block}# spa-port 2\n`).spaPort).toEqual({
    value: '62202',
    place: '/etc/access.conf:3',
  });
  expect(read('# spa-port 1\n').spaPort).toBeUndefined();
});

describe('stock fwknopd', () => {
  const FWKNOPD = '/usr/sbin/fwknopd';
  const isThere = existsSync(FWKNOPD) && process.geteuid?.() === 0;
  const testWith = isThere ? test : leftOut('fwknopd on access.conf', 'fwknop-server, and root');
  const folder = makeFolder();
  mkdirSync(join(folder, 'd'));
  const KEYS = `KEY_BASE64 ${'QUJD'.repeat(8)}\nHMAC_KEY_BASE64 ${'REVG'.repeat(8)}\n`;
  const OPEN = 'CMD_CYCLE_OPEN /bin/true $SRC\nCMD_CYCLE_CLOSE NONE\n';

  /** The settings that fwknopd reads from a file; undefined where it refuses the file. */
  function dump(text: string, included: string) {
    const path = writeAs(join(folder, 'access.conf'), text);
    writeAs(join(folder, 'd', 'more.conf'), included);
    const { status, stdout } = spawnSync(FWKNOPD, ['-D', '-f', '-a', path], { encoding: 'utf8' });
    if (status !== 0) return undefined;
    return [...stdout.matchAll(/SOURCE \(\d+\): +(.*)/g)].map(([, source]) => source);
  }

  const MORE = `SOURCE 198.51.100.7\n${KEYS}${OPEN}`;
  const CLOSE = 'CMD_CYCLE_CLOSE NONE\n';
  testWith.each([
    ['at the end', 'CMD_CYCLE_OPEN /bin/x\n', CLOSE, '', true],
    ['before the command', '', '', `CMD_CYCLE_OPEN /bin/x\n${CLOSE}`, true],
    ['between OPEN and CLOSE', 'CMD_CYCLE_OPEN /bin/x\n', '', CLOSE, false],
    ['before the timer', 'CMD_CYCLE_OPEN /bin/x\nCMD_CYCLE_CLOSE /bin/y\n', '', CLOSE, false],
  ])('reads %%include_keys %s as we do', (_, first, second, last, isKept) => {
    const keys = writeAs(join(folder, 'keys'), KEYS);
    const text = `${MORE}SOURCE 203.0.113.9\n${first}${second}%include_keys ${keys}\n${last}`;
    expect(dump(text, '')).toEqual(['198.51.100.7', ...(isKept ? ['203.0.113.9'] : [])]);
    const { faults } = readAccessConf('/a', {
      read: (path) => (path === keys ? KEYS : text),
      list: () => [],
    });
    expect(faults).toHaveLength(isKept ? 0 : 1);
  });

  testWith.each([
    ['a usual file', `SOURCE ANY\n${KEYS}${OPEN}`],
    ['comments of both kinds', `# x\n; y\n\nSOURCE ANY\n${KEYS}${OPEN}`],
    ['a line of spaces', `SOURCE ANY\n   \n${KEYS}${OPEN}`],
    ['a variable without a value', `SOURCE ANY\nCMD_CYCLE_TIMER\n${KEYS}${OPEN}`],
    ['a variable with a comment alone', `SOURCE ANY\nCMD_CYCLE_TIMER ;30\n${KEYS}${OPEN}`],
    ['colons, tabs, semicolons', `\tSOURCE:\tANY; all\n${KEYS}${OPEN}`],
    ['something before the first stanza', `CMD_CYCLE_TIMER 30\nSOURCE ANY\n${KEYS}${OPEN}`],
    ['an included file', `SOURCE ANY\n${KEYS}${OPEN}%include ${folder}/d/more.conf\n`],
    ['an included folder', `%include_folder ${folder}/d/\nSOURCE ANY\n${KEYS}${OPEN}`],
    ['a file that includes itself', `%include ${folder}/access.conf\n`],
  ])('reads %s as we do', (_, text) => {
    const files = { [`${folder}/access.conf`]: text, [`${folder}/d/more.conf`]: MORE };
    const { stanzas: found, faults } = readAccessConf(`${folder}/access.conf`, {
      read: (path) => files[path] ?? '',
      list: () => ['more.conf'],
    });
    const sources = dump(text, MORE);
    if (sources === undefined) expect(faults).not.toEqual([]);
    else {
      expect(faults).toEqual([]);
      expect(found.map(({ source }) => source.value.trim())).toEqual(
        sources.map((source) => source?.trim()),
      );
    }
  });
});
