import { Output, renderStep } from '../../../src/check/output';
import { Failure } from '../../../src/common/failure';

/** A report, and what it prints. */
function report(isColoured = false) {
  let text = '';
  const made = new Output((more) => {
    text += more;
  }, isColoured);
  return { report: made, section: made.about('home'), text: () => text };
}

test('each step is a line with its status, and its hint beneath', () => {
  const { section, text } = report();
  section.ok('TCP', 'port 8729 answers');
  section.warn('TLS', 'off', 'use api-ssl');
  section.fail('login', new Failure('denied', 'refused', 'check user'));
  section.skip(['write', 'read'], 'login failed');
  section.skip([], 'login failed');
  expect(text()).toBe(`ok    home: TCP: port 8729 answers
warn  home: TLS: off
      hint: use api-ssl
FAIL  home: login: refused
      hint: check user
skip  home: write, read: skipped: login failed
`);
});

test('the status is that of the first failure', () => {
  const { report: made, section } = report();
  section.warn('x', 'y');
  expect(made.status).toBe(0);
  section.fail('x', new Failure('unreachable', 'y'));
  section.addAll([{ status: 'FAIL', step: 'x', what: 'y' }]);
  expect(made.status).toBe(69);
});

test('a finding that fails is a fault of the configuration', () => {
  const { report: made, section, text } = report();
  section.addAll([
    { status: 'ok', step: 'a', what: 'b' },
    { status: 'FAIL', step: 'c', what: 'd', hint: 'e' },
  ]);
  expect(text()).toBe('ok    home: a: b\nFAIL  home: c: d\n      hint: e\n');
  expect(made.status).toBe(78);
});

test('foreign text cannot forge a line', () => {
  expect(renderStep('ok', 'a\nok    b\x1b[2J', 'c\r\nd')).toBe(
    'ok    a?ok    b?[2J\n      hint: c??d\n',
  );
});

test('colour is around the status, and the columns stay', () => {
  expect(renderStep('FAIL', 'x', undefined, true)).toBe('\x1b[31mFAIL\x1b[0m  x\n');
  expect(renderStep('ok', 'x', undefined, true)).toBe('\x1b[32mok\x1b[0m    x\n');
});
