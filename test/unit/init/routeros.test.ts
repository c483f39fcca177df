import fc from 'fast-check';
import { readString } from '../../../simulator/script/script';
import { command, comment, find, put, renderScript } from '../../../src/init/routeros';
import { quoteText } from '../../../src/router/console';

describe('quoteText', () => {
  test.each([
    ['plain', '"plain"'],
    ['a "word"', '"a \\"word\\""'],
    ['back\\slash', '"back\\\\slash"'],
    ['$HOME', '"\\$HOME"'],
    ['what?', '"what\\?"'],
    ['line\nend', '"line\\0Aend"'],
    ['\u00e9', '"\\C3\\A9"'],
    ['', '""'],
  ])('writes %j', (text, written) => {
    expect(quoteText(text)).toBe(written);
  });

  test('writes any text so that a reader of its own gets it back', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', '\\', '$', '?', '0A', 'n', ' ', '\n') }),
    );
    fc.assert(fc.property(texts, (text) => expect(readString(quoteText(text))).toBe(text)));
  });

  test('writes one line of printable ASCII for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) =>
        expect(quoteText(text)).toMatch(/^[\x20-\x7e]*$/),
      ),
    );
  });
});

describe('renderScript', () => {
  test('quotes an argument only where a word would not do', () => {
    const named = { a: '192.0.2.0/24', b: 'two words', c: '', d: '-1', e: 'x,y', f: '!LAN' };
    expect(renderScript([command('/ip/x/add', named)])).toBe(
      '/ip/x/add a=192.0.2.0/24 b="two words" c="" d="-1" e=x,y f="!LAN"\n',
    );
  });

  test('quotes every text in a condition: a dash would subtract', () => {
    expect(find('/user', { name: 'a-b', comment: 'c' }).expression).toBe(
      '[/user/find where name="a-b" and comment="c"]',
    );
  });

  test('marks every line of a comment', () => {
    expect(renderScript([comment('one', '', 'two'), put('done')])).toBe(
      '# one\n\n# two\n:put "done"\n',
    );
  });
});
