import { pinnedText } from '../../../src/check/pinned-text';
import { Failure } from '../../../src/common/failure';
import { mergeConfiguration } from '../../../src/install/configuration';

const router = (host: string, ...lines: string[]) =>
  ['[[router]]', `host = "${host}"`, 'user = "u"', 'password = "p"', ...lines, ''].join('\n');

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
const SETUP = `[grant]\nservices = ["tcp/22"]\n\n${router('192.0.2.1', '# why', 'tls = "verify"')}`;
const pinned = (text: string, fingerprint: string, index = 0) =>
  pinnedText(text, index, fingerprint) ?? '';

const merge = (setup: string, installed: string | undefined, force = false) =>
  mergeConfiguration({ name: 'setup', text: setup }, { name: 'old', text: installed }, force);

test('a new file is the one of the setup', () => {
  expect(merge(SETUP, undefined)).toEqual({ text: SETUP, isKept: false });
});

test.each([
  ['the same', SETUP, SETUP],
  ['the same with a pin', SETUP, pinned(SETUP, A)],
  ['another pin than the one of the setup', pinned(SETUP, A), pinned(SETUP, B)],
  ['a pin in place of tls = "insecure"', SETUP.replace('verify', 'insecure'), pinned(SETUP, A)],
])('an installed file that is %s does not change', (_, setup, installed) => {
  expect(merge(setup, installed)).toEqual({ text: installed, isKept: false });
});

test('a pin that only the setup has is taken', () => {
  expect(merge(pinned(SETUP, A), SETUP)).toEqual({ text: pinned(SETUP, A), isKept: false });
});

test('of two routers each keeps its pin', () => {
  const two = SETUP + router('192.0.2.2');
  const half = pinned(two, B, 1);
  expect(merge(pinned(two, A, 0), half).text).toBe(pinned(half, A, 0));
  expect(merge(pinned(half, A, 0), two).text).toBe(pinned(half, A, 0));
});

describe('an installed file that says something else', () => {
  const installed = pinned(SETUP.replace('tcp/22', 'tcp/2222'), A);

  test('stays', () => {
    expect(merge(SETUP, installed)).toEqual({ text: installed, isKept: true });
  });

  test('gives way by force, and its pin does not', () => {
    expect(merge(SETUP, installed, true)).toEqual({ text: pinned(SETUP, A), isKept: false });
  });

  test('gives way by force to the pin of the setup', () => {
    expect(merge(pinned(SETUP, B), installed, true).text).toBe(pinned(SETUP, B));
  });

  test.each([
    ['of another router', installed.replace('192.0.2.1', '192.0.2.9')],
    ['of another port', installed.replace('user', 'port = 8730\nuser')],
    ['that is no TOML', `${installed}\n=`],
  ])('%s: its pin does not go on', (_, other) => {
    expect(merge(SETUP, other, true).text).toBe(SETUP);
  });
});

test.each([
  ['no TOML', 'x', 'setup: not TOML'],
  ['without a router', '', 'setup: router: none given'],
  ['with a typing error', `${SETUP}passwort = "x"\n`, 'passwort: unknown'],
  ['without a password', SETUP.replace(/password.*\n/, ''), 'password-file or password: missing'],
])('a setup %s is refused', (_, setup, why) => {
  expect(() => merge(setup, undefined)).toThrow(Failure);
  expect(() => merge(setup, undefined)).toThrow(why);
});
