/** The knock client as people run it: packets at real ports, its messages, and its exit status. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { USAGE } from '../../src/knock/usage';
import { makeFolder, writeAs } from '../support/files';
import { EXECUTABLE, line, run, said } from '../support/run';
import { until } from '../support/wait';
import { fileInPlaceOf, inNamespace, testInNamespace } from './namespace';
import { listen, type Ports } from './sockets';
import { runOnTerminal, testOnTerminal } from './terminal';

const HOST = '127.0.0.1';
const HELP = 'hint: see fwknop-mikrotik knock --help';

const folder = makeFolder();
const ports: Ports[] = [];
let homes = 0;

afterEach(() => Promise.all(ports.splice(0).map((some) => some.close())));

async function open(host: '127.0.0.1' | '::1', ...protocols: ('tcp' | 'udp')[]): Promise<Ports> {
  const some = await listen(host, ...protocols);
  ports.push(some);
  return some;
}

/** The arrivals, as soon as the expected number is there. */
async function arrived({ arrivals }: Ports, number: number): Promise<[string, string][]> {
  await until(`${number} knocks`, () => arrivals.length >= number);
  return arrivals.map(({ knock, payload }) => [knock, payload]);
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const freshHome = () => join(folder, `home-${++homes}`);
const knock = (args: readonly string[], home = freshHome()) =>
  run(['knock', ...args], { env: { HOME: home } });
const SILENCE = { status: 0, signal: null, stdout: '', stderr: '' };

describe('packets', () => {
  test('go out in order, with a pause between them, and in silence', async () => {
    const some = await open(HOST, 'tcp', 'udp', 'udp', 'tcp');
    const result = await knock([HOST, ...some.knocks, '--delay', '150ms']);
    expect(result).toMatchObject(SILENCE);
    expect(await arrived(some, 4)).toEqual(some.knocks.map((text) => [text, '']));
    const times = some.arrivals.map(({ at }) => at);
    const pauses = times.slice(1).map((at, index) => at - times[index]!);
    expect(Math.min(...pauses)).toBeGreaterThan(120);
  });

  test('are the same ones for IPv6', async () => {
    const some = await open('::1', 'udp', 'tcp');
    expect(await knock(['::1', ...some.knocks])).toMatchObject(SILENCE);
    expect(await arrived(some, 2)).toEqual(some.knocks.map((text) => [text, '']));
  });

  testInNamespace('knocking at a name')('go to the first address of a name alone', async () => {
    const some = await open(HOST, 'udp', 'tcp');
    const hosts = writeAs(
      join(folder, 'hosts'),
      `${HOST} router.example\n127.0.0.2 router.example\n`,
    );
    const command = inNamespace([fileInPlaceOf('/etc/hosts', hosts)]);
    const result = await run(['knock', 'router.example', ...some.knocks], { command });
    expect(result).toMatchObject(SILENCE);
    expect(await arrived(some, 2)).toEqual(some.knocks.map((text) => [text, '']));
  });

  test('carry a payload', async () => {
    const some = await open(HOST, 'udp');
    const result = await knock([HOST, ...some.knocks, '--payload', 'Open, "sesame"!']);
    expect(result).toMatchObject(SILENCE);
    expect(await arrived(some, 1)).toEqual([[some.knocks[0], 'Open, "sesame"!']]);
  });

  test('carry the hashes of passphrases', async () => {
    const some = await open(HOST, 'udp', 'tcp', 'udp');
    const file = writeAs(join(folder, 'passphrases'), 'MikroTik\n\nawesome\n');
    const result = await knock([HOST, ...some.knocks, '--passphrase-file', file]);
    expect(result).toMatchObject(SILENCE);
    expect((await arrived(some, 3)).map(([, payload]) => payload)).toEqual([
      hash('MikroTik'),
      '',
      hash('awesome'),
    ]);
  });

  test('to closed ports are knocks as good as others', async () => {
    const closed = await listen(HOST, 'tcp', 'udp');
    await closed.close();
    expect(await knock([HOST, ...closed.knocks])).toMatchObject(SILENCE);
  });
});

describe('refused, before anything is sent', () => {
  const few = writeAs(join(folder, 'few'), 'hunter2\n');
  const loose = writeAs(join(folder, 'loose'), 'hunter2\nhunter3\n', 0o640);

  test.each([
    ['nothing to do', [], 64, `no host and no target; ${HELP}`],
    ['an unknown option', ['--frobnicate'], 64, `unknown option --frobnicate; ${HELP}`],
    [
      'an unknown protocol',
      [HOST, 'sctp/22'],
      64,
      'knock 1: expected tcp/PORT or udp/PORT, ports 1-65535',
    ],
    [
      'a payload for TCP',
      [HOST, 'KNOCKS', 'tcp/1', '--payload', 'hunter2'],
      64,
      '--payload: tcp/1 cannot carry one; hint: use UDP knocks',
    ],
    [
      'too few passphrases',
      [HOST, 'KNOCKS', 'udp/1', '--passphrase-file', few],
      64,
      '1 passphrase for 2 knocks; hint: give a line a knock, an empty one for TCP',
    ],
    [
      'passphrases without a terminal',
      [HOST, 'KNOCKS', '--secret'],
      64,
      'passphrases: no terminal to ask for them on; hint: use --passphrase-file',
    ],
    [
      'an insecure passphrase file',
      [HOST, 'KNOCKS', '--passphrase-file', loose],
      78,
      `${loose}: holds a secret that others may read; hint: chmod go= ${loose}`,
    ],
    [
      'no passphrase file',
      [HOST, 'KNOCKS', '--passphrase-file', 'hunter2'],
      78,
      'passphrase file: no such file',
    ],
    [
      'an unknown target',
      ['home'],
      64,
      'no target "home"; hint: give its knocks, or add it by --add',
    ],
  ])('%s', async (_, args, status, text) => {
    const some = await open(HOST, 'udp');
    const words = args.flatMap((word) => (word === 'KNOCKS' ? some.knocks : [word]));
    expect(await knock(words)).toMatchObject(said(status, text));
    expect(some.arrivals).toEqual([]);
  });

  test('a name that leads nowhere: status 69', async () => {
    expect(await knock(['nowhere.invalid', 'udp/1'])).toMatchObject(
      said(69, 'nowhere.invalid: not reachable: name not found; hint: use its IP address as host'),
    );
  });
});

describe('--then', () => {
  test('says that the port answers, also if it opens only after a while', async () => {
    const spare = await listen(HOST, 'tcp');
    await spare.close();
    const door = spare.knocks[0]!;
    const pending = knock([HOST, 'udp/9', '--then', door]);
    await sleep(900);
    const server = createServer().listen(Number(door.slice('tcp/'.length)), HOST);
    await once(server, 'listening');
    expect(await pending).toMatchObject({ ...SILENCE, stdout: `${door} at ${HOST} answers\n` });
    server.close();
  });

  test('gives up in time: status 69', async () => {
    const spare = await listen(HOST, 'tcp');
    await spare.close();
    const result = await knock([HOST, 'udp/9', '--then', spare.knocks[0]!, '--wait', '700ms']);
    const what = `${spare.knocks[0]} at ${HOST}: no answer in 0.7 s`;
    const hint = 'hint: knock again, perhaps with a longer --delay';
    expect(result).toMatchObject(said(69, `${what}; ${hint}`));
    expect(result.took).toBeGreaterThan(700);
  });
});

describe('targets', () => {
  const fileOf = (home: string) => join(home, '.secrets', 'spknock-targets.conf');

  test('are added, listed, knocked at and removed', async () => {
    const some = await open(HOST, 'udp', 'tcp');
    const [udp = '', tcp = ''] = some.knocks;
    const home = freshHome();
    expect(await knock(['--add', 'home', HOST, udp, tcp], home)).toMatchObject(SILENCE);
    expect(await knock(['--add', HOST, udp, '--secret'], home)).toMatchObject(SILENCE);
    expect(statSync(fileOf(home)).mode & 0o777).toBe(0o600);
    expect(await knock(['--list'], home)).toMatchObject({
      ...SILENCE,
      stdout: `home ${HOST} sequence ${udp} ${tcp}\n${HOST} ${HOST} secret ${udp}\n`,
    });
    expect(await knock(['home'], home)).toMatchObject(SILENCE);
    expect(await arrived(some, 2)).toEqual([
      [udp, ''],
      [tcp, ''],
    ]);
    expect(await knock(['--add', 'home', HOST, tcp], home)).toMatchObject(
      said(64, 'there is a target "home"; hint: knock --remove home'),
    );
    expect(await knock(['--remove', 'home'], home)).toMatchObject(SILENCE);
    expect(await knock(['--remove', 'home'], home)).toMatchObject(
      said(64, 'no target "home"; hint: see knock --list'),
    );
    const port = udp.slice('udp/'.length);
    expect(readFileSync(fileOf(home), 'utf8')).toBe(
      `# fwknop-mikrotik: kind=secret\n${HOST}:${port}/udp\n`,
    );
  });

  test('an odd port is named; its target is not knocked at, the others are', async () => {
    const some = await open(HOST, 'tcp', 'tcp');
    const [good = '', other = ''] = some.knocks;
    const home = freshHome();
    await knock(['--add', 'good', HOST, good], home);
    const text = readFileSync(fileOf(home), 'utf8');
    const port = other.slice('tcp/'.length);
    writeAs(
      fileOf(home),
      `# fwknop-mikrotik: name=bad; kind=sequence\n${HOST}:${port},7O00\n${text}`,
    );
    const odd = line(`${fileOf(home)}, line 2: no knock: "7O00": expected such as 1234/udp`);
    expect(await knock(['--list'], home)).toMatchObject({
      status: 0,
      stdout: `good ${HOST} sequence ${good}\n`,
      stderr: odd,
    });
    expect(await knock(['bad'], home)).toMatchObject({
      status: 78,
      stderr:
        odd +
        line(
          'target "bad": one of its knocks is unreadable; hint: correct line 2, or knock --remove bad and add it again',
        ),
    });
    expect(await knock(['good'], home)).toMatchObject({ status: 0, stderr: odd });
    expect(await arrived(some, 1)).toEqual([[good, '']]);
    expect(await knock(['--add', 'bad', HOST, good], home)).toMatchObject({ status: 64 });
    expect((await knock(['--remove', 'bad'], home)).status).toBe(0);
    expect(readFileSync(fileOf(home), 'utf8')).toBe(text);
  });

  test('targets that are added at the same time are all there', async () => {
    const home = freshHome();
    const names = Array.from({ length: 8 }, (_, number) => `t${number}`);
    const runs = await Promise.all(
      names.map((name) => knock(['--add', name, HOST, 'tcp/1'], home)),
    );
    expect(runs.map(({ status }) => status)).toEqual(names.map(() => 0));
    const { stdout } = await knock(['--list'], home);
    expect(stdout.match(/^t\d/gm)?.sort()).toEqual(names);
  });

  test('spknock’s own file serves as it is, with a warning about its permissions', async () => {
    const some = await open(HOST, 'udp', 'udp');
    const home = mkdtempSync(join(tmpdir(), 'fm-'));
    try {
      await knock(['--add', 'x', HOST, 'tcp/1'], home); // makes the folder
      const list = some.knocks.map((text) => text.split('/').reverse().join('/')).join(',');
      const path = writeAs(fileOf(home), `${HOST}:${list}\nbad line\n`, 0o644);
      const file = writeAs(join(home, 'p'), 'is\nawesome');
      const { status, stderr } = await knock([HOST, '--passphrase-file', file], home);
      expect([status, stderr]).toEqual([
        0,
        line(`${path}: holds a secret that others may read; hint: chmod go= ${path}`) +
          line(`${path}, line 2: no target: expected host:1234/udp`),
      ]);
      expect((await arrived(some, 2)).map(([, payload]) => payload)).toEqual([
        hash('is'),
        hash('awesome'),
      ]);
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  test('two of a name: neither', async () => {
    const home = freshHome();
    await knock(['--add', HOST, 'tcp/1'], home);
    writeAs(fileOf(home), `${HOST}:1/tcp\n${HOST}:2/tcp\n`);
    expect(await knock([HOST], home)).toMatchObject(
      said(64, `more than one target "${HOST}"; hint: give the knocks`),
    );
  });
});

test('without a HOME the targets are not those of the working directory', async () => {
  const cwd = mkdtempSync(join(folder, 'somewhere-'));
  mkdirSync(join(cwd, '.secrets'));
  writeAs(join(cwd, '.secrets/spknock-targets.conf'), 'stray.example:1/tcp\n');
  for (const env of [{ HOME: '' }, {}]) {
    const { status, stdout } = await run(['knock', '--list'], { cwd, env });
    expect(status).toBe(0);
    expect(stdout).not.toContain('stray');
  }
});

describe('--hash', () => {
  const piped = (text: string) =>
    run([], { command: ['/bin/sh', '-c', `printf '${text}' | ${EXECUTABLE} knock --hash`] });

  test('of stdin', async () => {
    expect(await piped('MikroTik\\n')).toMatchObject({
      ...SILENCE,
      stdout: `${hash('MikroTik')}\n`,
    });
  });

  test('of a file, a line each', async () => {
    const file = writeAs(join(folder, 'to-hash'), 'is\nawesome\n');
    const stdout = `${hash('is')}\n${hash('awesome')}\n`;
    expect(await knock(['--hash', '--passphrase-file', file])).toMatchObject({
      ...SILENCE,
      stdout,
    });
  });

  test('of nothing: refused', async () => {
    expect(await piped('')).toMatchObject(said(64, '--hash: an empty passphrase'));
    const file = writeAs(join(folder, 'with-a-gap'), 'is\n\nawesome\n');
    expect(await knock(['--hash', '--passphrase-file', file])).toMatchObject(
      said(64, '--hash: an empty passphrase'),
    );
  });
});

describe('on a terminal', () => {
  const onTerminal = testOnTerminal('knocking on a terminal');

  onTerminal('asks for the passphrases without echo, and tells of its progress', async () => {
    const some = await open(HOST, 'udp', 'tcp', 'udp');
    const [first = '', second = '', third = ''] = some.knocks;
    const { status, screen } = await runOnTerminal(
      ['knock', HOST, ...some.knocks, '--secret'],
      [
        [`passphrase for ${first}: `, 'MikroTik'],
        [`passphrase for ${third}: `, ' awe some '],
      ],
    );
    expect((await arrived(some, 3)).map(([, payload]) => payload)).toEqual([
      hash('MikroTik'),
      '',
      hash(' awe some '),
    ]);
    const says = (number: number, text: string) => line(`knock ${number} of 3: ${text} at ${HOST}`);
    expect(screen).toBe(
      `passphrase for ${first}: \npassphrase for ${third}: \n` +
        says(1, first) +
        says(2, second) +
        says(3, third),
    );
    expect(status).toBe(0);
  });

  onTerminal('takes passphrases that come all at once, and shows none', async () => {
    const some = await open(HOST, 'udp', 'udp');
    const [first, second] = some.knocks;
    const { status, screen } = await runOnTerminal(
      ['knock', HOST, ...some.knocks, '--secret'],
      [[`passphrase for ${first}: `, 'MikroTik\nawesome']],
    );
    expect((await arrived(some, 2)).map(([, payload]) => payload)).toEqual([
      hash('MikroTik'),
      hash('awesome'),
    ]);
    expect(screen).toContain(`passphrase for ${first}: \npassphrase for ${second}: \n`);
    expect(screen).not.toMatch(/MikroTik|awesome/);
    expect(status).toBe(0);
  });

  onTerminal('asks for the passphrase to hash', async () => {
    const answers = [['passphrase: ', 'MikroTik']] as const;
    expect(await runOnTerminal(['knock', '--hash'], answers)).toEqual({
      status: 0,
      screen: `passphrase: \n${hash('MikroTik')}\n`,
    });
  });
});

test('--help is the usage, in lines that fit a terminal', async () => {
  expect(await knock(['--help'])).toMatchObject({ ...SILENCE, stdout: USAGE });
  for (const text of USAGE.split('\n')) expect(text.length).toBeLessThanOrEqual(80);
  const source = readFileSync(join(__dirname, '../../src/knock/request.ts'), 'utf8');
  const lists = [...source.matchAll(/^const (?:TEXTS|SWITCHES) = \[(.*?)\]/gms)];
  const known = lists.flatMap(([, list = '']) => [...list.matchAll(/'([a-z-]+)'/g)]);
  const named = [...USAGE.matchAll(/^ +--([a-z-]+)/gm)].map(([, name]) => name);
  expect(named.sort()).toEqual(known.map(([, name]) => name).sort());
});
