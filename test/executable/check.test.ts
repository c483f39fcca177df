/** `check`: what it says of routers in every state, what it sends to them, and how it ends. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { certificates } from '../../simulator/certificates';
import { cutShort, type Fault, refusing, type Stage, saying } from '../../simulator/faults';
import { Configuration } from '../../simulator/script/configuration';
import { importScript } from '../../simulator/script/script';
import { USAGE } from '../../src/check/usage';
import { MARKER_BEGIN, MARKER_END } from '../../src/common/fwknopd';
import {
  downRouter,
  ourRouter,
  ownFile,
  ownPath,
  PASSWORD,
  passwordFile,
  transportOf,
  WAYS,
} from '../support/router';
import { EXECUTABLE, line, run } from '../support/run';
import { NODE } from '../support/shipped';
import {
  about,
  accessConf,
  besideFwknopd,
  check,
  checkOnTerminal,
  configuration,
  from,
  sentTo,
  steps,
  testCheck as test,
  testOnTerminal,
} from './check-set-up';

const ROUTER = '127.0.0.1';
const ALL = ['name', 'TCP', 'TLS', 'login', 'write', 'read', 'policies'];
const OFF = ['tls = "off"'];
const SET_CLOCK = `if today is not ${new Date().toISOString().slice(0, 10)}, set the clock; `;

/** The lines of a table that suit a way to speak to a router. */
function tlsLines(way: (typeof WAYS)[number]): readonly string[] {
  const { ca, selfSigned } = certificates();
  if (way === 'plain') return OFF;
  if (way === 'ca-file') return [`ca-file = "${ca.certPath}"`];
  if (way === 'pinned') return [`fingerprint = "${selfSigned.fingerprint}"`];
  return [`tls = "${way}"`];
}

/** Of a user without the policy read. */
function statusOf(step: string, isSafe: boolean): string {
  if (step === 'policies') return 'skip';
  return step === 'TLS' && !isSafe ? 'warn' : 'ok';
}

describe('all is well', () => {
  test.concurrent.each(WAYS)('%s', async (way) => {
    const router = await ourRouter({ transport: transportOf(way) });
    const result = await check(configuration([{ router, lines: tlsLines(way) }]));
    expect(result).toMatchObject({ status: 0, stderr: '' });
    const isSafe = way === 'ca-file' || way === 'pinned';
    expect(steps(ROUTER, result)).toEqual(ALL.map((step) => `${statusOf(step, isSafe)} ${step}`));
    expect(steps('fwknopd', result)).toContain('ok CMD_CYCLE_OPEN');
  });

  test.concurrent('the line of the certificate', async () => {
    const { leaf, ca } = certificates();
    const router = await ourRouter({ transport: leaf });
    const result = await check(configuration([{ router, lines: [`ca-file = "${ca.certPath}"`] }]));
    expect(from('TLS', ROUTER, result)[0]).toBe(
      `ok    TLS: trusted: TLSv1.2, CN=leaf, 29 days left, fingerprint ${leaf.fingerprint}`,
    );
  });

  test.concurrent('a host by its name, and an old router', async () => {
    const { port, host } = await ourRouter({ login: 'challenge' });
    const target = { router: { host: 'localhost', port }, lines: OFF };
    const result = await check(configuration([target]));
    expect(result.status).toBe(0);
    expect(about('localhost', result)[0]).toMatch(new RegExp(`^ok    name: .*${host}`));
  });
});

describe('what it sends', () => {
  const ADD = [
    '/ip/firewall/address-list/add',
    '=list=FWKNOP_CHECK',
    '=address=192.0.2.1',
    '=timeout=1s',
    '=comment=fwknop-mikrotik check',
  ];
  const PRINT = [
    '/ip/firewall/address-list/print',
    '=.proplist=.id,list,address,timeout,disabled',
    '?list=FWKNOP_CHECK',
    '?address=192.0.2.1',
  ];
  const PING = ['/tool/ping', '=address=127.0.0.1', '=count=1'];
  const group = (user: string) => [
    ['/user/print', '=.proplist=name,group', `?name=${user}`],
    ['/user/group/print', '=.proplist=name,policy', `?name=${user}-group`],
  ];

  const inside = (user: string) => [
    ['/ip/service/print', '?name=api'],
    ['/user/print', `?name=${user}`],
    ['/ip/firewall/filter/print'],
    ['/ip/firewall/nat/print'],
  ];

  test.concurrent.each([
    ['fwknop', [ADD, PRINT, PING]],
    ['reader', [ADD, PRINT, ...group('reader'), ...inside('reader')]],
    ['looker', [ADD, PRINT, ...group('looker'), ...inside('looker')]],
  ])('for %s: one entry of a second, and nothing else that changes anything', async (user, all) => {
    const router = await ourRouter();
    await check(configuration([{ router, user, lines: OFF }]));
    expect(sentTo(router)).toEqual([['/login', `=name=${user}`], ...all]);
  });

  test.concurrent('the entry is gone after a second, and a second check minds it not', async () => {
    const router = await ourRouter();
    const config = configuration([{ router, lines: OFF }]);
    const [first, second] = [await check(config), await check(config)];
    expect([first.status, second.status]).toEqual([0, 0]);
    expect(from('write', ROUTER, first)[0]).toBe(
      'ok    write: yes: 192.0.2.1 added for one second, in FWKNOP_CHECK',
    );
    await sleep(1100);
    expect(router.lists.v4.entries()).toEqual([]);
    router.addEntry({ list: 'FWKNOP_CHECK', address: '192.0.2.1', timeout: '1m' });
    const third = await check(config);
    expect(from('write', ROUTER, third)[0]).toBe(
      'ok    write: yes: 192.0.2.1 is still there from the last check, in FWKNOP_CHECK',
    );
    expect(third.status).toBe(0);
  });

  test.concurrent('no mail', async () => {
    const router = await ourRouter();
    await check(configuration([{ router, user: 'admin', lines: [...OFF, 'email = "a@b"'] }]));
    expect(router.mails).toEqual([]);
  });
});

describe('what the user may do', () => {
  const of = async (user: string, lines: readonly string[] = [], options = {}) => {
    const router = await ourRouter(options);
    const result = await check(configuration([{ router, user, lines: [...OFF, ...lines] }]));
    return { result, at: (step: string) => from(step, ROUTER, result) };
  };

  test.concurrent.each(['trap', 'empty'] as const)(
    'may not read, which the router says by %s',
    async (readRefusal) => {
      const { result, at } = await of('fwknop', [], { readRefusal });
      expect(result.status).toBe(0);
      expect(at('read')[0]).toMatch(/^ok {4}read: no: another knock does not extend an entry/);
    },
  );

  test.concurrent('may read, and the price of it', async () => {
    const { at } = await of('reader');
    expect(at('read')[0]).toBe(
      'ok    read: yes: another knock extends an entry; but anybody with the password can read the whole configuration',
    );
    expect(at('policies')[0]).toBe('ok    policies: none too many: read, write, api');
  });

  test.concurrent('may read, and not write', async () => {
    const { result, at } = await of('looker');
    expect(result.status).toBe(77);
    expect(at('write').slice(0, 3)).toEqual([
      'FAIL  write: the router refused the add: not enough permissions (9)',
      "hint: give the user's group the policy write",
      expect.stringMatching(/^ok {4}read: yes/),
    ]);
  });

  test.concurrent('more than needed', async () => {
    const user = { name: 'all', password: PASSWORD };
    const policies = ['api', 'write', 'read', 'policy', 'sensitive', 'reboot'] as const;
    const { result, at } = await of('all', [], {
      users: [{ ...user, policies: [...policies] }],
    });
    expect(result.status).toBe(0);
    expect(at('policies').slice(0, 2)).toEqual([
      'warn  policies: more than needed: reboot, policy, sensitive',
      'hint: /user/group/set [find name=all-group] policy=!reboot,!policy,!sensitive',
    ]);
  });

  test.concurrent('test without read is seen, and needed for e-mail alone', async () => {
    const users = [{ name: 'tester', password: PASSWORD, policies: ['api', 'write', 'test'] }];
    const without = await of('tester', [], { users });
    expect(without.at('policies')[0]).toMatch(
      /^warn {2}policies: more than needed: test; the others cannot be/,
    );
    const withMail = await of('tester', ['email = "a@b"'], { users });
    expect(withMail.at('policies').map((text) => text.slice(0, 20))).toEqual([
      'skip  policies: skip',
      'ok    e-mail: the us',
    ]);
  });

  test.concurrent('e-mail without test', async () => {
    const { result, at } = await of('fwknop', ['email = "a@b"']);
    expect(result.status).toBe(0);
    expect(at('e-mail')).toEqual([
      'warn  e-mail: the user lacks the policy test: no note will be sent',
      'hint: /user/group/set [find name=<its group>] policy=test',
    ]);
  });

  test.concurrent.each([
    ['a wrong password', { name: 'x', password: 'other' }, 'invalid user name or password (6)'],
    ['no policy api', { name: 'x', password: PASSWORD }, 'std failure: not allowed (9)'],
  ])('%s', async (_, user, said) => {
    const { result, at } = await of('x', ['email = "a@b"'], {
      users: [{ ...user, policies: ['write'] }],
    });
    expect(result.status).toBe(77);
    expect(at('login')[0]).toBe(`FAIL  login: login refused: ${said}`);
    expect(at('login')[1]).toMatch(/^hint: /);
    expect(at('login')[2]).toBe('skip  write, read, policies, e-mail: skipped: login failed');
  });
});

describe("the router's own side", () => {
  const HOST = '127.0.0.2'; // init refuses the address of fwknopd
  const ADMIN = { name: 'boss', group: 'full', password: 'Rohrzucker', comment: 'ours' };

  /** A router with init's script, and more, and a configuration that knows it. */
  async function installed(change: (configuration: Configuration) => void = () => undefined) {
    const out = ownPath('setup');
    const options = [`--router=${HOST}`, '--fwknopd=127.0.0.1', '--server=fw.example'];
    const services = ['--service=tcp/22', '--service=tcp/443=192.168.88.10'];
    await run(['init', ...options, ...services, '--client=phone', `--out=${out}`]);
    const made = new Configuration('7.24');
    made.add('/user/group', { name: 'full', policy: 'read,write,api,policy,test' });
    made.add('/user', ADMIN);
    made.addConnection('api-ssl');
    importScript(readFileSync(join(out, 'router.rsc'), 'utf8'), made);
    change(made);
    const { port: _, transport, ...rest } = made.serve(0);
    const router = await ourRouter({ ...rest, host: HOST, transport: transport ?? 'plain' });
    const fingerprint = new X509Certificate((transport as { cert: string }).cert).fingerprint256;
    const toml = readFileSync(join(out, 'mikrotik.toml'), 'utf8');
    const lines = `port = ${router.port}\nfingerprint = "${fingerprint}"\n`;
    const config = ownFile('mikrotik.toml', `syslog = "off"\n${toml}${lines}`);
    return { router, config };
  }
  const PASSWORD_FILE = () => ownFile('boss', `${ADMIN.password}\n`);
  const SIDE = ['service', 'user', 'SPA packets', 'firewall', 'firewall'];

  test.concurrent('of a router that init has set up, seen by its owner', async () => {
    const { router, config } = await installed();
    const result = await check(config, ['--as=boss', `--password-file=${PASSWORD_FILE()}`]);
    expect(result.status).toBe(0);
    expect(from('policies', HOST, result)).toEqual([
      'ok    policies: none too many: write, api',
      'ok    service: api-ssl is open to 127.0.0.1/32 (Available From)',
      'ok    user: may log in from 127.0.0.1/32 (Allowed Address)',
      'ok    SPA packets: udp/62201 goes to 127.0.0.1',
      'ok    firewall: tcp/22: addresses in FWKNOP_6_22 get in, others do not',
      'ok    firewall: tcp/443: addresses in FWKNOP_6_443 get in to 192.168.88.10, others do not',
    ]);
    expect(result.stdout + result.stderr).not.toContain(ADMIN.password);
    const changes = sentTo(router).filter(([path]) => !/\/(?:print|login)$/.test(path ?? ''));
    expect(changes.map(([path]) => path)).toEqual(['/ip/firewall/address-list/add', '/tool/ping']);
  });

  test.concurrent.each<[string, (configuration: Configuration) => void, string, number]>([
    [
      'a rule behind the one that drops',
      (configuration) => {
        const filter = configuration.menus['/ip/firewall/filter'] ?? [];
        filter.push(
          ...filter.splice(
            filter.findIndex((rule) => rule['dst-port'] === '22'),
            1,
          ),
        );
      },
      'tcp/22: rule 3 (defconf: drop all not coming from LAN) drops it before',
      78,
    ],
    [
      'a rule that somebody has disabled',
      (configuration) => {
        for (const rule of configuration.menus['/ip/firewall/nat'] ?? []) {
          if (rule['dst-port'] === '443') rule.disabled = 'true';
        }
      },
      'which uses FWKNOP_6_443, is disabled or invalid',
      78,
    ],
    [
      'a service for everybody',
      (configuration) => {
        for (const service of configuration.menus['/ip/service'] ?? []) {
          service['available-from'] = '';
        }
      },
      'service: api-ssl is open to every address: set its Available From',
      0,
    ],
  ])('%s', async (_, change, expected, status) => {
    const { config } = await installed(change);
    const result = await check(config, ['--as=boss', `--password-file=${PASSWORD_FILE()}`]);
    expect(result.stdout).toContain(expected);
    expect(result.status).toBe(status);
  });

  test.concurrent('where the user of the file may read, without being asked', async () => {
    const { config } = await installed((configuration) => {
      for (const group of configuration.menus['/user/group'] ?? []) {
        if (group.name !== 'full') group.policy = 'write,api,read';
      }
    });
    const result = await check(config);
    expect(result.status).toBe(0);
    expect(steps(HOST, result).slice(-5)).toEqual(SIDE.map((step) => `ok ${step}`));
  });

  test.concurrent('the password comes from stdin', async () => {
    const { config } = await installed();
    const command = ['/bin/sh', '-c', `echo ${ADMIN.password} | "$0" "$@"`, EXECUTABLE];
    const result = await check(config, ['--as=boss', '--password-file=-'], { command });
    expect(steps(HOST, result).slice(-5)).toEqual(SIDE.map((step) => `ok ${step}`));
  });

  testOnTerminal('the password is asked for, and not shown', async () => {
    const { config } = await installed();
    const { status, output } = await checkOnTerminal(config, ['--as=boss'], ADMIN.password);
    expect(status).toBe(0);
    expect(output).toContain('Password of boss on the router: ');
    expect(output).toContain('SPA packets: udp/62201 goes to 127.0.0.1');
    expect(output).not.toContain(ADMIN.password);
  });

  test.concurrent('a wrong password is a warning', async () => {
    const { config } = await installed();
    const file = ownFile('boss', 'wrong\n');
    const result = await check(config, ['--as=boss', `--password-file=${file}`]);
    expect(result.status).toBe(0);
    expect(from('--as', HOST, result)[0]).toMatch(/^warn {2}--as: boss: login refused/);
  });

  test.concurrent('no password goes over a connection that is not verified', async () => {
    const router = await ourRouter();
    const config = configuration([{ router, lines: OFF }]);
    const result = await check(config, ['--as=boss', `--password-file=${PASSWORD_FILE()}`]);
    expect(from('--as', ROUTER, result)[0]).toBe(
      'skip  --as: skipped: the connection is not verified: the password of boss is not sent',
    );
    expect(JSON.stringify(router.sentences)).not.toContain(ADMIN.password);
  });

  test.concurrent('e-mail that the router cannot send', async () => {
    const menus = { '/system/device-mode': [{ mode: 'home', email: 'false' }] };
    const router = await ourRouter({ menus });
    const lines = [...OFF, 'email = "me@example.com"'];
    const result = await check(configuration([{ router, user: 'admin', lines }]));
    expect(result.stdout).toContain('e-mail: device-mode home blocks e-mail: no note will be sent');
  });
});

describe('a certificate that is not trusted', () => {
  test.concurrent.each([
    ['self-signed', 'selfSigned', 'self-signed', 'CN=self-signed, 29 days left'],
    [
      'made for another name',
      'wrongName',
      'made for router.example',
      'CN=wrong-name, 29 days left',
      'server-name = "router.example" if it is the router\'s; or ',
    ],
    ['expired', 'expired', 'expired', 'CN=expired, ended 1 day ago', SET_CLOCK],
  ] as const)('%s: it is shown, how to pin it is said, no login is sent', async (...args) => {
    const [, which, why, subject, first = ''] = args;
    const { ca, [which]: shown } = certificates();
    const router = await ourRouter({ transport: shown });
    const config = configuration([{ router, lines: [`ca-file = "${ca.certPath}"`] }]);
    const result = await check(config);
    expect(result.status).toBe(77);
    expect(from('TLS', ROUTER, result)).toEqual([
      `FAIL  TLS: certificate not trusted: ${why}; TLSv1.2, ${subject}, fingerprint ${shown.fingerprint}`,
      `hint: ${first}if /certificate/print detail on the router shows the same: fwknop-mikrotik check --config ${config} --pin=${shown.fingerprint}`,
      'skip  login, write, read, policies: skipped: TLS failed',
    ]);
    expect(router.bytesReceived).toBe(0);
  });

  test.concurrent('not valid yet: the clock comes first, and nothing is pinned', async () => {
    const { ca, early } = certificates();
    const router = await ourRouter({ transport: early });
    const config = configuration([{ router, lines: [`ca-file = "${ca.certPath}"`] }]);
    const before = readFileSync(config, 'utf8');
    for (const args of [[], [`--pin=${early.fingerprint}`]]) {
      const result = await check(config, args);
      expect(result.status).toBe(78);
      expect(from('TLS', ROUTER, result).slice(0, 2)).toEqual([
        expect.stringMatching(/^FAIL {2}TLS: the certificate begins on \d{4}-.*, and the clock of/),
        'hint: set the clock of this host, or that of the router, first',
      ]);
    }
    expect(readFileSync(config, 'utf8')).toBe(before);
    expect(router.bytesReceived).toBe(0);
    const pinned = [`fingerprint = "${early.fingerprint}"`];
    const result = await check(configuration([{ router, lines: pinned }]));
    expect(result.status).toBe(0);
    expect(from('TLS', ROUTER, result)[0]).toMatch(/^warn .*; not valid yet$/);
  });

  test.concurrent('not the pinned one', async () => {
    const { leaf, selfSigned } = certificates();
    const router = await ourRouter({ transport: leaf });
    const lines = [`fingerprint = "${selfSigned.fingerprint}"`];
    const result = await check(configuration([{ router, lines }]));
    expect(result.status).toBe(77);
    expect(from('TLS', ROUTER, result)[0]).toMatch(
      /^FAIL {2}TLS: certificate not trusted: not the pinned/,
    );
    expect(router.bytesReceived).toBe(0);
  });

  test.concurrent('expired, but pinned: a warning', async () => {
    const { expired } = certificates();
    const router = await ourRouter({ transport: expired });
    const lines = [`fingerprint = "${expired.fingerprint}"`];
    const result = await check(configuration([{ router, lines }]));
    expect(result.status).toBe(0);
    expect(from('TLS', ROUTER, result)[0]).toMatch(
      /^warn {2}TLS: pinned: .*, ended 1 day ago, .*; the pin is accepted all the same$/,
    );
  });

  test.concurrent('none at all, where one is wanted', async () => {
    const router = await ourRouter({ transport: 'anonymous' });
    const result = await check(configuration([{ router }]));
    expect(result.status).toBe(69);
    expect(from('TLS', ROUTER, result).slice(0, 2)).toEqual([
      'FAIL  TLS: TLS handshake failed: no cipher in common',
      'hint: api-ssl may have no certificate: give it one, or set tls = "anonymous"',
    ]);
  });
});

describe('a router that is not well', () => {
  const DEADLINE = ['syslog = "off"', 'deadline = 1'];

  test.concurrent('refused', async () => {
    const router = await downRouter();
    const result = await check(configuration([{ router, lines: OFF }]));
    expect(result.status).toBe(69);
    expect(from('TCP', router.host, result)).toEqual([
      'FAIL  TCP: connection refused',
      'hint: is the router up, the API service enabled, and this host in its Available From?',
      'skip  TLS, login, write, read, policies: skipped: TCP failed',
    ]);
  });

  test.concurrent('a name that is none', async () => {
    const router = { host: 'nowhere.invalid', port: 8729 };
    const result = await check(configuration([{ router }]));
    expect(result.status).toBe(69);
    expect(steps('nowhere.invalid', result)).toEqual([
      'FAIL name',
      'skip TCP, TLS, login, write, read, policies',
    ]);
  });

  const hangs = (at: Stage): Fault => ({ at, how: at === 'add' ? cutShort(0) : saying('') });
  test.concurrent.each([
    ['tls', 69, 'TLS'],
    ['login', 69, 'login'],
    ['add', 75, 'write'],
    ['print', 69, 'read'],
  ] as const)('hangs at %s: status %i at the deadline', async (stage, status, step) => {
    const router = await ourRouter({ transport: transportOf('pinned'), faults: [hangs(stage)] });
    const result = await check(configuration([{ router, lines: tlsLines('pinned') }], DEADLINE));
    expect(result.status).toBe(status);
    expect(steps(ROUTER, result)).toContain(`FAIL ${step}`);
    expect(result.stdout).toContain('no answer in time');
    expect(result.took).toBeLessThan(6000);
  });

  test.concurrent('no RouterOS', async () => {
    const router = await ourRouter({ faults: [{ at: 'login', how: saying('HTTP/1.0 400\r\n') }] });
    const result = await check(configuration([{ router, lines: OFF }]));
    expect(result.status).toBe(76);
    expect(steps(ROUTER, result)).toContain('FAIL login');
  });

  test.concurrent('one of several: each has its turn, the status is the first failing one’s', async () => {
    const [good, strange] = [await ourRouter(), await ourRouter()];
    const config = configuration([
      { router: good, lines: [...OFF, 'name = "good"'] },
      { router: strange, user: 'looker', lines: [...OFF, 'name = "closed"'] },
      { router: { host: 'nowhere.invalid', port: 1 }, lines: [...OFF, 'name = "gone"'] },
    ]);
    const result = await check(config);
    expect(result.status).toBe(77);
    expect(steps('good', result)).toHaveLength(ALL.length);
    expect(steps('closed', result)).toContain('FAIL write');
    expect(steps('gone', result)).toContain('FAIL name');
  });
});

describe('the configuration', () => {
  test.concurrent('all its faults at once; routers are left out, fwknopd is not', async () => {
    const config = ownFile('mikrotik.toml', 'dedline = 3\n[[router]]\nport = 0\n');
    const result = await check(config);
    expect(result.status).toBe(78);
    const faults = about('configuration', result).filter((text) => text.startsWith('FAIL  file: '));
    expect(faults.length).toBeGreaterThan(3);
    expect(about('router', result)).toEqual([`skip  ${ALL.join(', ')}: skipped: no configuration`]);
    expect(steps('fwknopd', result)).toContain('ok program');
  });

  test.concurrent.each([
    ['writable by others', 0o622, 'may be written by others', 'chmod go-w'],
    ['not there', undefined, 'no such file', undefined],
  ])('%s', async (_, mode, why, fix) => {
    const config = mode === undefined ? ownPath('none') : ownFile('m.toml', '', mode);
    const result = await check(config);
    expect(result.status).toBe(78);
    const [what, hint] = about('configuration', result);
    expect(what).toMatch(new RegExp(`^FAIL  file: .*${why}$`));
    if (fix !== undefined) expect(hint).toContain(`hint: ${fix}`);
  });
});

describe('a CMD_CYCLE_OPEN line with options of the router', () => {
  const WORDS = '$SRC $PROTO $PORT $CLIENT_TIMEOUT';
  /** A check without --config, of an access.conf with such a line. */
  async function checkLine(options: string, args: readonly string[] = []) {
    const open = `${NODE} ${EXECUTABLE} ${options} ${WORDS}`;
    const conf = accessConf('', { CMD_CYCLE_OPEN: open });
    const all = ['check', '--access-conf', conf, ...args];
    const result = await run(all, { command: besideFwknopd(conf) });
    return { result, line: `${conf}:5` };
  }
  const optionsFor = (router: { host: string; port: number }, more: string, user = 'fwknop') =>
    `--routerip ${router.host} --routerport ${router.port} --routeruser ${user} --password-file ${passwordFile()} --syslog off ${more}`;

  test.concurrent('and no configuration file: the router of the line is checked', async () => {
    const router = await ourRouter({ transport: transportOf('insecure') });
    const options = optionsFor(router, '--tls insecure');
    const { result, line: place } = await checkLine(options);
    expect(result.status).toBe(0);
    expect(about('configuration', result)).toEqual([
      `ok    file: the options of ${place}, 1 router`,
    ]);
    expect(steps(ROUTER, result)).toEqual(ALL.map((step) => `${statusOf(step, false)} ${step}`));
    expect(result.stdout).not.toMatch(/FAIL|as checked above/);
    expect(result.stdout.trimEnd().split('\n').at(-1)).toBe('ready: knock from outside');
  });

  test.concurrent('a relative path is one from the root', async () => {
    const router = await ourRouter();
    const relative = optionsFor(router, '--tls off').replace(
      '--password-file /',
      '--password-file ',
    );
    expect((await checkLine(relative)).result.status).toBe(0);
  });

  test.concurrent('and --pin: the line is where the fingerprint goes', async () => {
    const { fingerprint } = certificates().selfSigned;
    const router = await ourRouter({ transport: transportOf('insecure') });
    const options = optionsFor(router, '--tls insecure');
    const { result, line: place } = await checkLine(options, [`--pin=${fingerprint}`]);
    expect(result.status).toBe(78);
    expect(from('TLS', ROUTER, result).slice(0, 2)).toEqual([
      'FAIL  TLS: --pin: the options of the line decide whom to trust; nothing is written',
      `hint: write into ${place}, in place of --tls, --fingerprint=${fingerprint}`,
    ]);
    const file = configuration([{ router, lines: ['tls = "insecure"'] }]);
    const pinned = `--config ${file} --fingerprint=${fingerprint}`;
    expect((await checkLine(pinned, [`--pin=${fingerprint}`])).result.status).toBe(0);
  });

  test.concurrent('that is not trusted', async () => {
    const router = await ourRouter({ transport: transportOf('pinned') });
    const { ca, selfSigned } = certificates();
    const options = optionsFor(router, `--ca-file ${ca.certPath}`);
    const { result, line: place } = await checkLine(options);
    expect(result.status).toBe(77);
    expect(from('TLS', ROUTER, result)[1]).toBe(
      `hint: if /certificate/print detail on the router shows the same: write into ${place} --fingerprint=${selfSigned.fingerprint}`,
    );
  });

  test.concurrent('over those of the file', async () => {
    const router = await ourRouter();
    const config = configuration([{ router, user: 'nobody', lines: OFF }]);
    const { result, line: place } = await checkLine(`--config ${config} --routeruser reader`);
    expect(result.status).toBe(0);
    const shown = config.length <= 60 ? config : `...${config.slice(-57)}`;
    expect(about('configuration', result)).toEqual([
      `ok    file: ${shown}, the options of ${place}, 1 router`,
    ]);
    expect(from('login', ROUTER, result)[0]).toBe('ok    login: as reader');
  });

  test.concurrent('the file that the line names is checked without --config', async () => {
    const router = await ourRouter();
    const { result } = await checkLine(`--config ${configuration([{ router, lines: OFF }])}`);
    expect(result.status).toBe(0);
    expect(steps(ROUTER, result)).toHaveLength(ALL.length);
  });
});

test.concurrent('networks that a knock lets in', async () => {
  const router = await ourRouter();
  const tables = [
    'syslog = "off"',
    '[grant]',
    'ipv6-prefix = 64',
    '[client.phone]',
    'ipv4-prefix = 24',
  ];
  const result = await check(configuration([{ router, lines: OFF }], tables));
  expect(result.status).toBe(0);
  expect(from('grant', 'configuration', result)).toEqual([
    'ok    grant: [grant] ipv6-prefix 64: a knock lets in all of its network, neighbours of the client too',
    'warn  grant: [client.phone] ipv4-prefix 24: a knock lets in all of 256 addresses, neighbours of the client too',
    'hint: set it for the clients only whose address changes',
  ]);
});

test.concurrent('a client without a table, where others have one', async () => {
  const router = await ourRouter();
  const tables = ['syslog = "off"', '[client.phone]', 'services = ["tcp/22"]'];
  const config = configuration([{ router, lines: OFF }], tables);
  const lineOf = (options: string) =>
    accessConf(config, {
      CMD_CYCLE_OPEN: `${NODE} ${EXECUTABLE} --config ${config} ${options} $SRC $PROTO $PORT 30`,
    });
  const clientOf = async (options: string) =>
    from('client', 'fwknopd', await check(config, ['--access-conf', lineOf(options)]))[0];
  expect(await clientOf('--client tablet')).toMatch(
    /--client tablet has no table: all of \[grant\]/,
  );
  expect(await clientOf('')).toMatch(/no --client: all of \[grant\] is granted/);
  expect(await clientOf('--client phone')).not.toMatch(/client: /);
});

describe('services that are not granted', () => {
  test.concurrent.each<[string, string, string, string, number, string[]]>([
    [
      'to a line that names one',
      '["tcp/22"]',
      'tcp 2222',
      '',
      78,
      [
        'FAIL  services: ACCESS:5: tcp/2222 is not granted',
        'hint: add it to services under [grant]',
      ],
    ],
    [
      'to anybody, though clients knock for it',
      '["tcp/443"]',
      '$PROTO $PORT',
      'tcp/22',
      78,
      [
        'FAIL  services: ACCESS:2: the clients knock for tcp/22, which is granted to none',
        'hint: add it to services under [grant], or take it out of this line',
      ],
    ],
    [
      'beside one that is',
      '["tcp/400-443"]',
      '$PROTO $PORT',
      'tcp/22 tcp/443',
      0,
      [
        'warn  services: ACCESS:2: the clients knock for tcp/22, which is granted to none',
        'hint: add it to services under [grant], or take it out of this line',
      ],
    ],
    ['but all are', '["tcp/22"]', 'tcp 22', 'tcp/22', 0, []],
  ])('%s', async (_, granted, words, noted, status, expected) => {
    const config = configuration(
      [{ router: await ourRouter(), lines: OFF }],
      ['syslog = "off"', '[grant]', `services = ${granted}`],
    );
    const command = `${NODE} ${EXECUTABLE} --config ${config} $SRC ${words} 30`;
    const conf = accessConf(config, { CMD_CYCLE_OPEN: command });
    const stanza = readFileSync(conf, 'utf8');
    if (noted !== '') {
      writeFileSync(conf, `${MARKER_BEGIN}\n# services ${noted}\n${stanza}${MARKER_END}\n`);
    }
    const result = await check(config, ['--access-conf', conf]);
    expect(result.status).toBe(status);
    const lines = about('fwknopd', result).map((line) => line.replace(conf, 'ACCESS'));
    const first = lines.findIndex((line) => / services: /.test(line));
    expect(first < 0 ? [] : lines.slice(first, first + 2)).toEqual(expected);
  });
});

describe('the command line', () => {
  test.concurrent('--help', async () => {
    const result = await run(['check', '--help']);
    expect(result).toMatchObject({ status: 0, stdout: USAGE, stderr: '' });
  });

  test.concurrent.each([
    [['--verbose'], 'unknown option --verbose; hint: see fwknop-mikrotik check --help'],
    [['x'], 'check: takes options only; hint: see fwknop-mikrotik check --help'],
    [['--pin', 'x'], 'check: takes options only; hint: write --pin=HEX'],
    [
      ['--as=x'],
      '--as: there is no terminal to ask on; hint: write --password-file=FILE, or --password-file=- for stdin',
    ],
    [['--password-file=/x'], '--password-file: is for --as; hint: write --as=USER too'],
    [['--pin'], '--pin: there is no terminal to ask on; hint: name the fingerprint: --pin=HEX'],
    [['--pin=xyz'], '--pin: expected a SHA-256 fingerprint, 64 hex digits'],
    [['--config', ''], '--config: needs a value; hint: write --config=VALUE'],
  ])('%j', async (args, text) => {
    const result = await run(['check', ...args]);
    expect(result).toMatchObject({ status: 64, stdout: '', stderr: line(text) });
  });
});

test('a password that the router repeats is not shown', async () => {
  const how = refusing((password) => [['!trap', `=message=${password}`], ['!done']]);
  const router = await ourRouter({ faults: [{ at: 'add', how }] });
  const result = await check(configuration([{ router, lines: OFF }]));
  expect(result.status).toBe(76);
  expect(from('write', ROUTER, result)[0]).toBe('FAIL  write: the router refused the add: ***');
});
