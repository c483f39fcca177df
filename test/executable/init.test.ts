import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfigFile } from '../../src/config/config-file';
import { thisHost } from '../../src/init/this-host';
import { undoScript } from '../../src/init/undo';
import { USAGE } from '../../src/init/usage';
import { leftOut } from '../support/left-out';
import { ownFolder, ownPath } from '../support/router';
import { line, run } from '../support/run';
import { runOnTerminal, testOnTerminal } from './terminal';

const NEEDED = [
  '--router=192.168.88.1',
  '--fwknopd=192.168.88.50',
  '--server=fw.example.com',
  '--service=tcp/22',
  '--service=tcp/443=192.168.88.10',
  '--client=phone',
];
const without = (option: string) => NEEDED.filter((one) => !one.startsWith(option));
const FILES = ['access.conf', 'mikrotik.toml', 'phone/fwknoprc', 'phone/phone.svg', 'router.rsc'];

/** The files below a directory, without their directories. */
const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(directory, name)).isFile())
    .sort();

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

const missing = ['/usr/bin/zbarimg', '/usr/bin/rsvg-convert'].filter((path) => !existsSync(path));
const withDecoder =
  missing.length === 0
    ? test
    : leftOut('the QR codes', 'the Debian packages zbar-tools and librsvg2-bin');

/** The text that an independent decoder reads in a picture. */
function decode(picture: string): string {
  const options = ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable'];
  const text = execFileSync('zbarimg', [...options, picture], { encoding: 'utf8', stdio: 'pipe' });
  return text.trimEnd();
}

/** The text that the phone must scan, from access.conf. */
function phoneText(out: string): string {
  const access = readFileSync(join(out, 'access.conf'), 'utf8');
  const [, key] = /^KEY_BASE64 +(\S{44})$/m.exec(access) ?? [];
  const [, hmacKey] = /^HMAC_KEY_BASE64 +(\S{88})$/m.exec(access) ?? [];
  return `KEY_BASE64:${key} HMAC_KEY_BASE64:${hmacKey}`;
}

describe('fwknop-mikrotik init', () => {
  test('writes the directory', async () => {
    const out = ownPath('setup');
    const { status, stderr } = await run(['init', ...NEEDED, '--out', out]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(filesIn(out)).toEqual(FILES);
    expect([modeOf(out), modeOf(join(out, 'phone'))]).toEqual(['700', '700']);
    for (const file of FILES) expect(modeOf(join(out, file))).toBe('600');
  });

  test('prints the steps that are left: a heading each, and lines to paste', async () => {
    const out = ownPath('steps');
    const { stdout } = await run(['init', ...NEEDED, '--name=home', '--out', out]);
    const paragraphs = stdout.trimEnd().split('\n\n');
    expect(paragraphs).toEqual([
      `The files are in ${out}. These steps are left:`,
      expect.stringMatching(/^1\. On the router: /),
      `scp ${out}/router.rsc admin@192.168.88.1:router.rsc
ssh admin@192.168.88.1 '/import file-name=router.rsc; /file/remove router.rsc'`,
      expect.stringMatching(/^Or in WinBox: /),
      '/import file-name=router.rsc; /file/remove router.rsc',
      expect.stringMatching(/^2\. On the fwknopd host: /),
      `scp -rp ${out} 192.168.88.50:fwknop-setup
ssh -t 192.168.88.50 sudo fwknop-mikrotik install fwknop-setup`,
      expect.stringMatching(/^3\. On each client: /),
      'cat phone/fwknoprc >> ~/.fwknoprc && chmod 600 ~/.fwknoprc',
      expect.stringMatching(/^4\. From outside your network/),
      'fwknop -n home-ssh\nfwknop -n home-https',
      expect.stringMatching(/^5\. .*delete the directory/),
      `rm -r ${out}\nssh 192.168.88.50 rm -r fwknop-setup`,
    ]);
  });

  test('on the fwknopd host itself nothing is copied', async () => {
    const out = ownPath('here');
    const helper = '--helper=/usr/bin/fwknop-mikrotik';
    const { stdout } = await run([
      'init',
      ...without('--fwknopd'),
      '--fwknopd=127.0.0.1',
      helper,
      '--out',
      out,
    ]);
    expect(stdout).toContain(`\n\nsudo fwknop-mikrotik install ${out}\n\n`);
    expect(stdout).not.toContain('192.168.88.50');
    const elsewhere = ['--helper=/opt/x/fwknop-mikrotik', '--out', ownPath('elsewhere')];
    const other = await run(['init', ...without('--fwknopd'), '--fwknopd=127.0.0.1', ...elsewhere]);
    expect(other.stdout).toContain('\n\nsudo /opt/x/fwknop-mikrotik install /');
  });

  test('--container: the script and the steps put fwknopd on the router', async () => {
    const out = ownPath('container');
    const args = ['--container=192.168.88.5', '--out', out];
    const { status, stdout } = await run(['init', ...without('--fwknopd'), ...args]);
    expect(status).toBe(0);
    const script = readFileSync(join(out, 'router.rsc'), 'utf8');
    expect(script).toContain('address=192.168.88.5/32');
    expect(script).toContain('to-addresses=192.168.88.5 ');
    expect(readFileSync(join(out, 'access.conf'), 'utf8')).toContain(
      ' /usr/bin/fwknop-mikrotik --client phone ',
    );
    const paragraphs = stdout.trimEnd().split('\n\n');
    expect(paragraphs).toContain(`/container/mounts/add list=fwknop src=/usb1/fwknop dst=/config
/container/add file=usb1/fwknop-mikrotik.tar interface=veth-fwknop root-dir=usb1/fwknop-root mountlists=fwknop dns=192.168.88.1 logging=yes start-on-boot=yes`);
    expect(paragraphs).toContain(`/container/mounts/add name=fwknop src=/usb1/fwknop dst=/config
/container/add file=usb1/fwknop-mikrotik.tar interface=veth-fwknop root-dir=usb1/fwknop-root mounts=fwknop dns=192.168.88.1 logging=yes start-on-boot=yes`);
    expect(
      paragraphs,
    ).toContain(`/interface/veth/add name=veth-fwknop address=192.168.88.5/24 gateway=192.168.88.1
/interface/bridge/port/add bridge=bridge interface=veth-fwknop`);
    expect(stdout).toContain('\n/system/device-mode/update container=yes\n');
    expect(stdout).not.toContain('fwknop-mikrotik install');
    // Headings of commands that no router has run say so.
    const commands = paragraphs.flatMap((paragraph, index) =>
      /(?:^|')\/(?:container|interface|system|file\/add)\b/.test(paragraph) ? [index] : [],
    );
    expect(commands).toHaveLength(6);
    for (const index of commands) expect(paragraphs[index - 1]).toMatch(/ \(inferred\)$/);
    const path = join(out, 'mikrotik.toml');
    const pin = /^echo 'fingerprint .*$/m.exec(stdout)?.[0].replace('FINGERPRINT', 'a'.repeat(64));
    execFileSync('sh', ['-c', pin ?? 'false']);
    expect(readConfigFile(path, [['host'], ['user'], ['password']], []).routers).toMatchObject([
      { host: '192.168.88.1', fingerprint: 'a'.repeat(64) },
    ]);
  });

  test('a private --server: written, with a warning', async () => {
    const args = ['--server=192.168.1.1', '--out', ownPath('private')];
    const { status, stderr } = await run(['init', ...without('--server'), ...args]);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: line(
        '--server 192.168.1.1: a private address, which clients on the Internet cannot reach; hint: name the public address of the router',
      ),
    });
  });

  test('shows no secret', async () => {
    const out = ownPath('secrets');
    const { stdout, stderr } = await run(['init', ...NEEDED, '--out', out]);
    const toml = readFileSync(join(out, 'mikrotik.toml'), 'utf8');
    const [, password = ''] = /^password = "(.*)"$/m.exec(toml) ?? [];
    const secrets = [
      password,
      ...phoneText(out)
        .split(/ ?[A-Z_0-9]+:/)
        .slice(1),
    ];
    expect(secrets.map(({ length }) => length)).toEqual([43, 44, 88]);
    for (const secret of secrets) expect(stdout + stderr).not.toContain(secret);
  });

  test('makes a directory of its usual name where it is run', async () => {
    const { status } = await run(['init', ...NEEDED], { cwd: ownFolder() });
    expect(status).toBe(0);
    expect(filesIn(join(ownFolder(), 'fwknop-setup'))).toEqual(FILES);
  });

  test('overwrites nothing without --force, and makes new keys with it', async () => {
    const out = ownPath('again');
    const args = ['init', ...NEEDED, '--out', out];
    await run(args);
    const before = phoneText(out);
    const again = await run(args);
    expect(again).toMatchObject({ status: 78, stdout: '' });
    expect(again.stderr).toMatch(/^fwknop-mikrotik: \S+: router\.rsc, .* already exist; hint: /);
    expect(phoneText(out)).toBe(before);
    expect(await run([...args, '--force'])).toMatchObject({ status: 0, stderr: '' });
    expect(phoneText(out)).not.toBe(before);
  });

  test('without a terminal it names all missing options', async () => {
    const out = ownPath('missing');
    const { status, stdout, stderr } = await run([
      'init',
      '--client=phone',
      '--out',
      out,
      '--wan=WAN',
    ]);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    const missing = ['router', 'fwknopd', 'server', 'service'].map((option) =>
      expect.stringMatching(
        new RegExp(`^fwknop-mikrotik: --${option}: missing; hint: for example --${option} \\S+$`),
      ),
    );
    expect(lines).toEqual(missing);
    // The examples are taken.
    const examples = lines.flatMap((text) => (text.split('for example ')[1] ?? '').split(' '));
    expect((await run(['init', ...examples, '--out', ownPath('example')])).status).toBe(0);
    expect(existsSync(out)).toBe(false);
  });

  test('refuses a bad option, and writes nothing', async () => {
    const out = ownPath('wrong');
    const { status, stderr } = await run(['init', ...NEEDED, '--out', out, '--spa-port=99999']);
    expect({ status, stderr }).toEqual({
      status: 64,
      stderr: line('--spa-port: expected a port, 1-65535'),
    });
    expect(existsSync(out)).toBe(false);
  });

  test('prints its help, and the script that undoes', async () => {
    expect(await run(['init', '--help'])).toMatchObject({ status: 0, stdout: USAGE, stderr: '' });
    expect(await run(['init', '--undo'])).toMatchObject({
      status: 0,
      stdout: undoScript(),
      stderr: '',
    });
  });

  withDecoder('draws the keys for the phone', async () => {
    const out = ownPath('phone');
    const { stdout } = await run(['init', ...NEEDED, '--out', out, '--qr']);
    const picture = ownPath('phone.png');
    execFileSync('rsvg-convert', ['-o', picture, join(out, 'phone/phone.svg')]);
    expect(decode(picture)).toBe(phoneText(out));

    // The same in the terminal's blocks: light ones are drawn, two rows a line.
    const drawn = Buffer.from(stdout, 'latin1').toString('utf8').split('\n');
    const blocks = drawn.filter((text) => /^[ \u2580\u2584\u2588]+$/.test(text));
    const rows = blocks.flatMap((text) => [
      [...text].map((block) => ('\u2580\u2588'.includes(block) ? 0 : 1)),
      [...text].map((block) => ('\u2584\u2588'.includes(block) ? 0 : 1)),
    ]);
    const drawing = ownPath('drawing.pbm');
    const scale = (values: number[]) => values.flatMap((value) => Array(4).fill(value));
    const pixels = rows.flatMap((row) => Array(4).fill(scale(row).join(' ')));
    writeFileSync(
      drawing,
      `P1\n${(rows[0]?.length ?? 0) * 4} ${pixels.length}\n${pixels.join('\n')}\n`,
    );
    expect(decode(drawing)).toBe(phoneText(out));
  });
});

describe('on a terminal', () => {
  const onTerminal = testOnTerminal('the questions of init');

  // The default that this host offers stands between these texts and the answer.
  const [ROUTER, FWKNOPD] = ['in your network', 'that runs fwknopd'];
  const [SERVER, SERVICE] = ['for your clients: ', 'of a host behind it: '];

  onTerminal('asks for the missing options', async () => {
    const out = ownPath('asked');
    const { status, screen } = await runOnTerminal(
      ['init', '--client=phone', '--out', out],
      [
        [ROUTER, '192.168.88.1'],
        [FWKNOPD, '192.168.88.60'],
        [SERVER, 'home.example.net'],
        [SERVICE, 'tcp/22 udp/51820=192.168.88.10'],
      ],
    );
    expect(status).toBe(0);
    expect(screen).toContain('1. On the router: ');
    const rc = readFileSync(join(out, 'phone/fwknoprc'), 'utf8');
    expect(rc).toContain('[home.example.net-udp51820]');
    const script = readFileSync(join(out, 'router.rsc'), 'utf8');
    expect(script).toContain('address=192.168.88.60/32');
    expect(script).toContain('common-name=192.168.88.1 ');
  });

  onTerminal('takes answers that come all at once', async () => {
    const out = ownPath('pasted');
    const answers = ['192.168.88.2', '192.168.88.50', 'home.example.net', 'udp/51820'].join('\n');
    const args = ['init', '--client=phone', '--out', out];
    const { status } = await runOnTerminal(args, [[ROUTER, answers]]);
    expect(status).toBe(0);
    const rc = readFileSync(join(out, 'phone/fwknoprc'), 'utf8');
    expect(rc).toContain('[home.example.net-udp51820]');
    const script = readFileSync(join(out, 'router.rsc'), 'utf8');
    expect(script).toContain('address=192.168.88.50/32');
    expect(script).toContain('common-name=192.168.88.2 ');
  });

  onTerminal('asks again where the answer cannot be', async () => {
    const out = ownPath('again');
    const given = NEEDED.filter((option) => !/^--(?:fwknopd|server)/.test(option));
    const { status, screen } = await runOnTerminal(
      ['init', ...given, '--out', out],
      [
        [FWKNOPD, 'my pi'],
        [FWKNOPD, '192.168.88.1'],
        [FWKNOPD, '192.168.88.60'],
        [SERVER, ''],
        [SERVER, 'home.example.net'],
      ],
    );
    expect(status).toBe(0);
    expect(screen).toContain('fwknop-mikrotik: expected an IPv4 address\n');
    expect(screen).toContain('fwknop-mikrotik: --fwknopd 192.168.88.1: this is the router; hint: ');
    expect(screen).toContain('fwknop-mikrotik: expected a text that is not empty\n');
  });

  const { gateway, addresses } = thisHost();
  const [own] = addresses;
  const withNetwork =
    gateway !== undefined && own !== undefined
      ? onTerminal
      : leftOut('the defaults of init', 'a default route');

  withNetwork('offers the gateway and its own address', async () => {
    const out = ownPath('defaults');
    const { status } = await runOnTerminal(
      ['init', '--server=fw.example.com', '--service=tcp/22', '--out', out],
      [
        [`[${gateway}]: `, ''],
        [`[${own}]: `, ''],
      ],
    );
    expect(status).toBe(0);
    const script = readFileSync(join(out, 'router.rsc'), 'utf8');
    expect(script).toContain(`common-name=${gateway} `);
    expect(script).toContain(`address=${own}/32`);
  });

  onTerminal('asks nothing if no option is missing', async () => {
    const { status, screen } = await runOnTerminal(
      ['init', ...NEEDED, '--out', ownPath('silent')],
      [],
    );
    expect(status).toBe(0);
    expect(screen).toMatch(/^The files are in /);
  });

  onTerminal.each([
    ['Ctrl-D', '\u0004'],
    ['Ctrl-C', '\u0003'],
  ])('ends with %s', async (_, key) => {
    const { status, screen } = await runOnTerminal(
      ['init', '--out', ownPath('ended')],
      [[ROUTER, key]],
    );
    expect(status).toBe(64);
    expect(screen).toMatch(/no answer/);
  });

  onTerminal('colours the QR code, so that light is light on every terminal', async () => {
    const args = ['init', ...NEEDED, '--qr', '--out', ownPath('colour')];
    const { screen } = await runOnTerminal(args, []);
    expect(screen).toContain('\u001b[97;40m\u2588\u2588');
    const { stdout } = await run([...args, '--force']);
    expect(stdout).not.toContain('\u001b');
  });
});

test('an opening has no part of it', () => {
  const dist = join(__dirname, '../../dist');
  const [name = ''] = readdirSync(dist).filter((file) => /^main-.*\.js$/.test(file));
  const main = readFileSync(join(dist, name), 'utf8');
  expect(main).not.toContain('router.rsc');
  expect(main).not.toMatch(/qrcode/i);
});
