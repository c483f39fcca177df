/** `check --pin`: what is asked, what is written, and what is refused. */
import { readFileSync, statSync } from 'node:fs';
import { certificates } from '../../simulator/certificates';
import { ourRouter } from '../support/router';
import { EXECUTABLE, run, WORDS } from '../support/run';
import {
  about,
  check,
  checkOnTerminal,
  configuration,
  from,
  testCheck as test,
  testOnTerminal,
} from './check-set-up';

const ROUTER = '127.0.0.1';
const OTHER = 'ab'.repeat(32);
const QUESTION = 'Do the fingerprints match? Pin this certificate? [y/N]';

const pinOf = (which: 'leaf' | 'selfSigned' | 'expired') => certificates()[which].fingerprint;
const ourTls = (which: 'leaf' | 'selfSigned' = 'selfSigned') =>
  ourRouter({ transport: certificates()[which] });

/** The configuration, as it was and as it is: with the line that a pin adds, and nothing else. */
function watched(config: string) {
  const before = readFileSync(config, 'utf8');
  const inode = statSync(config).ino;
  return {
    expectUntouched() {
      expect(readFileSync(config, 'utf8')).toBe(before);
      expect(statSync(config).ino).toBe(inode);
    },
    expectPinned(fingerprint: string) {
      expect(readFileSync(config, 'utf8')).toBe(
        `${before.trimEnd()}\nfingerprint = "${fingerprint}"\n`,
      );
      expect(statSync(config).mode & 0o777).toBe(0o600);
    },
  };
}

describe('--pin=HEX', () => {
  test.concurrent('pins what the router shows, and goes on', async () => {
    const router = await ourTls();
    const config = configuration([{ router }]);
    const file = watched(config);
    const result = await check(config, [`--pin=${pinOf('selfSigned')}`]);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    file.expectPinned(pinOf('selfSigned'));
    expect(from('pin', ROUTER, result).slice(0, 3)).toEqual([
      `ok    pin: ${pinOf('selfSigned')} is written to the configuration`,
      expect.stringMatching(/^ok {4}TLS: pinned: /),
      'ok    login: as fwknop',
    ]);
    const again = await check(config, [`--pin=${pinOf('selfSigned')}`]);
    expect(again.status).toBe(0);
    expect(about(ROUTER, again).join('\n')).not.toContain('pin: ');
    file.expectPinned(pinOf('selfSigned'));
    expect((await check(config)).status).toBe(0);
    expect((await run(['--config', config, ...WORDS])).status).toBe(0);
  });

  test.concurrent('takes colons and capitals', async () => {
    const router = await ourTls();
    const config = configuration([{ router }]);
    const file = watched(config);
    const written = pinOf('selfSigned')
      .toUpperCase()
      .replace(/..(?!$)/g, '$&:');
    expect((await check(config, [`--pin=${written}`])).status).toBe(0);
    file.expectPinned(pinOf('selfSigned'));
  });

  const NOTHING = 'nothing is written';
  const OTHERS: readonly [string, 'leaf' | 'selfSigned', () => string][] = [
    ['not trusted', 'selfSigned', () => '# nothing'],
    ['trusted by its CA', 'leaf', () => `ca-file = "${certificates().ca.certPath}"`],
    ['pinned', 'leaf', () => `fingerprint = "${pinOf('leaf')}"`],
    ['not looked at', 'leaf', () => 'tls = "insecure"'],
  ];
  test.concurrent.each(OTHERS)(
    'refuses another, of a router that is %s, and sends no login',
    async (...args) => {
      const [, which, written] = args;
      const router = await ourTls(which);
      const config = configuration([{ router, lines: [written()] }]);
      const file = watched(config);
      const result = await check(config, [`--pin=${OTHER}`]);
      expect(result.status).toBe(77);
      file.expectUntouched();
      expect(router.bytesReceived).toBe(0);
      expect(from('TLS', ROUTER, result)).toEqual([
        `FAIL  TLS: not the certificate of --pin: it shows ${pinOf(which)}; ${NOTHING}`,
        'hint: compare with /certificate/print detail on the router',
        'skip  login, write, read, policies: skipped: TLS failed',
      ]);
      expect(about('pin', result)).toEqual([]);
    },
  );

  test.concurrent('refuses what none of several routers shows', async () => {
    const router = await ourTls('leaf');
    const lines = [`ca-file = "${certificates().ca.certPath}"`];
    const config = configuration([
      { router, lines },
      { router, lines },
    ]);
    const file = watched(config);
    const result = await check(config, [`--pin=${OTHER}`]);
    expect(result.status).toBe(77);
    file.expectUntouched();
    expect(about('pin', result)[0]).toBe(
      `FAIL  --pin: not the certificate of --pin: no router shows it; ${NOTHING}`,
    );
  });

  test.concurrent.each([
    ['ca-file', () => `ca-file = "${certificates().ca.certPath}" # ours`, '#'],
    ['an old fingerprint', () => `fingerprint = "${OTHER}" # old`, undefined],
    ['insecure', () => 'tls = "insecure" # for now', undefined],
  ])('takes the place of %s', async (_, written, comment) => {
    const router = await ourTls();
    const config = configuration([{ router, lines: [written(), '# the end'] }]);
    expect((await check(config, [`--pin=${pinOf('selfSigned')}`])).status).toBe(0);
    const text = readFileSync(config, 'utf8');
    expect(text).toContain(`fingerprint = "${pinOf('selfSigned')}"`);
    expect(text).toContain('# the end');
    if (comment !== undefined) expect(text).toContain(comment + written());
    else expect(text).toContain(written().replace(/^.*?#/, '#'));
    expect((await check(config)).status).toBe(0);
  });

  test.concurrent('of several routers it pins the one that shows it', async () => {
    const [first, second] = [await ourTls('leaf'), await ourTls()];
    const config = configuration([{ router: first }, { router: second }]);
    const file = watched(config);
    const result = await check(config, [`--pin=${pinOf('selfSigned')}`]);
    expect(result.status).toBe(77); // the first is still not trusted
    expect(about('pin', result)).toEqual([]);
    file.expectPinned(pinOf('selfSigned'));
  });

  test.concurrent('a disk that is full in the middle of it leaves the file as it was', async () => {
    const router = await ourTls();
    const config = configuration([{ router, lines: [`# ${'x'.repeat(2000)}`] }]);
    const file = watched(config);
    // The write stops at the limit, as on a full disk.
    const limited = ['/bin/sh', '-c', 'trap "" XFSZ; ulimit -f 2; exec "$0" "$@"', EXECUTABLE];
    const result = await check(config, [`--pin=${pinOf('selfSigned')}`], { command: limited });
    expect(result.status).toBe(78);
    expect(from('TLS', ROUTER, result)[0]).toContain('cannot be written: EFBIG');
    file.expectUntouched();
  });

  test.concurrent('a router without a certificate shows none', async () => {
    const router = await ourRouter();
    const config = configuration([{ router, lines: ['tls = "off"'] }]);
    const file = watched(config);
    expect((await check(config, [`--pin=${OTHER}`])).status).toBe(77);
    file.expectUntouched();
  });
});

describe('--pin on a terminal', () => {
  testOnTerminal(
    'asks, shows the fingerprint and what to compare it with, and writes',
    async () => {
      const router = await ourTls();
      const config = configuration([{ router }]);
      const file = watched(config);
      const { status, output } = await checkOnTerminal(config, ['--pin'], 'y');
      expect(status).toBe(0);
      file.expectPinned(pinOf('selfSigned'));
      expect(output).toContain(
        `127.0.0.1 shows a certificate that is not trusted yet. Its fingerprint:\n\n  ${pinOf('selfSigned')}\n`,
      );
      expect(output).toContain('/certificate/print detail');
      expect(output.split(QUESTION)).toHaveLength(2);
    },
  );

  testOnTerminal.each(['n', '', 'perhaps'])('takes %j for a no', async (answer) => {
    const router = await ourTls();
    const config = configuration([{ router }]);
    const file = watched(config);
    const { status } = await checkOnTerminal(config, ['--pin'], answer);
    expect(status).toBe(77);
    file.expectUntouched();
    expect(router.bytesReceived).toBe(0);
  });

  testOnTerminal('says so where it is not the pinned one', async () => {
    const router = await ourTls();
    const config = configuration([{ router, lines: [`fingerprint = "${OTHER}"`] }]);
    const { output } = await checkOnTerminal(config, ['--pin'], 'n');
    expect(output).toContain('shows a certificate that is not the pinned one');
  });

  testOnTerminal('the time for an answer is not the router’s', async () => {
    const router = await ourTls();
    const config = configuration([{ router }], ['syslog = "off"', 'deadline = 1']);
    const { status } = await checkOnTerminal(config, ['--pin'], 'y', {}, 1500);
    expect(status).toBe(0);
    const insecure = configuration(
      [{ router, lines: ['tls = "insecure"'] }],
      ['syslog = "off"', 'deadline = 1'],
    );
    expect((await checkOnTerminal(insecure, ['--pin'], 'n', {}, 1500)).status).toBe(0);
  });

  testOnTerminal('asks about what is not looked at, and not about what is trusted', async () => {
    const [byCa, pinned, insecure] = [await ourTls('leaf'), await ourTls(), await ourTls()];
    const config = configuration([
      { router: byCa, lines: [`ca-file = "${certificates().ca.certPath}"`] },
      { router: pinned, lines: [`fingerprint = "${pinOf('selfSigned')}"`] },
      { router: insecure, lines: ['tls = "insecure"', 'name = "third"'] },
    ]);
    const { status, output } = await checkOnTerminal(config, ['--pin'], 'y');
    expect(status).toBe(0);
    expect(output.split(QUESTION)).toHaveLength(2);
    const text = readFileSync(config, 'utf8');
    expect(text).toContain('ca-file = ');
    expect(text.match(/^fingerprint = /gm)).toHaveLength(2);
    expect(text).toContain(
      `tls = "verify"\nname = "third"\nfingerprint = "${pinOf('selfSigned')}"`,
    );
  });
});

describe('colour', () => {
  const ESCAPE = '\x1b[';
  const healthy = async () =>
    configuration([{ router: await ourRouter(), lines: ['tls = "off"'] }]);

  testOnTerminal('on a terminal', async () => {
    const { output } = await checkOnTerminal(await healthy(), []);
    expect(output).toContain(`${ESCAPE}32mok${ESCAPE}0m    127.0.0.1: TCP: `);
  });

  testOnTerminal('not with NO_COLOR', async () => {
    const { output } = await checkOnTerminal(await healthy(), [], '', { NO_COLOR: '1' });
    expect(output).not.toContain(ESCAPE);
    expect(output).toContain('ok    127.0.0.1: TCP: ');
  });

  test('not in a pipe', async () => {
    expect((await check(await healthy())).stdout).not.toContain(ESCAPE);
  });
});
