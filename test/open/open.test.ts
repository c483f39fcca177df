import type { Sentence } from '../../simulator/api/codec';
import type { RouterOptions, TestRouter } from '../../simulator/api/server';
import { certificates } from '../../simulator/certificates';
import { cutShort, type Fault, fatal, type How, late, saying, trap } from '../../simulator/faults';
import { entryFor } from '../../src/router/address-list';
import { aim, attempt, ENTRY, isOpen, PASSWORD, startTarget, TRANSPORTS } from './attempt';

jest.setTimeout(20_000);

/** Runs a story against a plain router of its own. */
async function withTarget(
  options: RouterOptions,
  story: (target: TestRouter) => Promise<void>,
): Promise<void> {
  await story(await startTarget('plain', options));
}

/** A refusal whose `!done` comes so many milliseconds after its `!trap`. */
const trapThenDone = (text: string, pause: number): How => ({
  ...trap(text),
  pieces: (reply) => {
    const done = reply.indexOf('\x05!done', 0, 'latin1');
    return [reply.subarray(0, done), reply.subarray(done)];
  },
  pause,
});

/** A refusal as RouterOS 7.18 and later may word it. */
const emptyThenTrap = (text: string): How => ({
  carriedOut: false,
  reply: ({ frame }) => frame([['!empty'], ['!trap', `=message=${text}`], ['!done']]),
});

/** The same sentence again and again, 4 MiB of it, and no `!done`. */
const flood = (sentence: Sentence): How => ({
  carriedOut: false,
  reply: ({ frame }) => {
    const once = frame([sentence]);
    return Buffer.concat(new Array<Buffer>(Math.ceil(2 ** 22 / once.length)).fill(once));
  },
});

const ROW = { list: 'FWKNOP_6_22', address: '203.0.113.9' };

describe.each(TRANSPORTS)('a first knock, %s', (transport) => {
  test('adds one entry with an end, in three sentences at most', async () => {
    const target = await startTarget(transport);
    const { opening } = await attempt(aim(target, transport));
    expect(opening).toEqual({
      what: 'opened tcp/22 to 203.0.113.9 (FWKNOP_6_22) for 1m',
      changed: true,
    });
    const [entry, ...others] = target.lists.v4.entries();
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ ...ROW, comment: 'fwknop', disabled: false, dynamic: true });
    expect(entry?.secondsLeft).toBeGreaterThan(50);
    expect(target.sentences.map(([command]) => command)).toEqual([
      '/login',
      '/ip/firewall/address-list/add',
    ]);
  });
});

test('an IPv6 source goes to the IPv6 menu', () =>
  withTarget({}, async (target) => {
    const grant = {
      source: { family: 6, text: '2001:db8::9' },
      network: '2001:db8::9',
      client: undefined,
      protocol: 'udp',
      port: 51820,
      timeout: 3600,
      cutFrom: undefined,
      warning: undefined,
    } as const;
    const entry = entryFor(grant, 'FWKNOP_{proto}_{port}', 'fwknop');
    const { opening } = await attempt(aim(target, 'plain'), 1000, entry);
    expect(opening?.what).toBe('opened udp/51820 to 2001:db8::9 (FWKNOP_17_51820) for 1h');
    expect(target.lists.v6.entries()).toMatchObject([{ list: 'FWKNOP_17_51820' }]);
    expect(target.lists.v4.entries()).toEqual([]);
  }));

test('a router before 6.43, which answers with a challenge, opens too', () =>
  withTarget({ login: 'challenge' }, async (target) => {
    expect((await attempt(aim(target, 'plain'))).opening?.changed).toBe(true);
    expect(isOpen(target)).toBe(true);
  }));

describe('a knock while the entry is there', () => {
  const reader = { user: 'reader' };

  test.each([
    ['a trap', 'trap'],
    ['an empty answer', 'empty'],
  ] as const)(
    'by a user who may not read, which the router answers by %s, leaves the timer',
    (_, readRefusal) =>
      withTarget({ readRefusal }, async (target) => {
        target.addEntry({ ...ROW, timeout: '30s' });
        const { opening } = await attempt(aim(target, 'plain'));
        expect(opening).toEqual({
          what: 'already has 203.0.113.9 for tcp/22 (FWKNOP_6_22); its expiry is unchanged',
          changed: false,
        });
        expect(target.lists.v4.entries()[0]?.secondsLeft).toBeLessThanOrEqual(30);
      }),
  );

  test('by a user who may read extends an entry that ends sooner', () =>
    withTarget({}, async (target) => {
      const id = target.addEntry({ ...ROW, timeout: '30s' });
      target.addEntry({ ...ROW, address: '203.0.113.10', timeout: '40s' });
      const { opening } = await attempt(aim(target, 'plain', reader));
      expect(opening).toEqual({
        what: 'extended tcp/22 for 203.0.113.9 (FWKNOP_6_22) to 1m',
        changed: true,
      });
      const [entry, other] = target.lists.v4.entries();
      expect(entry?.id).toBe(id);
      expect(entry?.secondsLeft).toBeGreaterThan(50);
      expect(other?.secondsLeft).toBeLessThanOrEqual(40);
    }));

  test('warns with the reason when extending it is refused', () =>
    withTarget(
      { faults: [{ at: 'set', how: emptyThenTrap('failure: no way') }] },
      async (target) => {
        target.addEntry({ ...ROW, timeout: '30s' });
        const { opening } = await attempt(aim(target, 'plain', reader));
        expect(opening).toMatchObject({ changed: false, warning: 'failure: no way' });
      },
    ));

  test.each([
    ['203.0.113.0/24', '203.0.113.0-203.0.113.255'],
    ['203.0.113.8/31', '203.0.113.9/31'],
  ])('extends a network, %s, however it was added', (network, added) =>
    withTarget({}, async (target) => {
      target.addEntry({ ...ROW, address: added, timeout: '10s' });
      const entry = { ...ENTRY, address: network };
      const { opening } = await attempt(aim(target, 'plain', reader), 1000, entry);
      expect(opening?.what).toBe(`extended tcp/22 for ${network} (FWKNOP_6_22) to 1m`);
      expect(target.lists.v4.entries()).toMatchObject([{ address: network }]);
    }),
  );

  test('never shortens one that ends later', () =>
    withTarget({}, async (target) => {
      target.addEntry({ ...ROW, timeout: '2h' });
      const { opening } = await attempt(aim(target, 'plain', reader));
      expect(opening?.what).toMatch(
        /^already has 203\.0\.113\.9 for tcp\/22 \(FWKNOP_6_22\), 1h59m\d+s left$/,
      );
      expect(target.lists.v4.entries()[0]?.secondsLeft).toBeGreaterThan(7000);
    }));

  test('never touches a permanent one', () =>
    withTarget({}, async (target) => {
      target.addEntry(ROW);
      const { opening } = await attempt(aim(target, 'plain', reader));
      expect(opening?.what).toBe(
        'already has 203.0.113.9 for tcp/22 (FWKNOP_6_22), without an end',
      );
      expect(target.sentences.some(([command]) => command?.endsWith('/set'))).toBe(false);
    }));

  test('is denied the status of an opening when the entry is disabled', () =>
    withTarget({}, async (target) => {
      target.addEntry({ ...ROW, timeout: '1h', disabled: 'yes' });
      const { failure } = await attempt(aim(target, 'plain', reader));
      expect(failure).toMatchObject({
        kind: 'router',
        faults: [
          {
            what: 'already has 203.0.113.9 for tcp/22 (FWKNOP_6_22), but disabled',
            hint: 'enable or remove that entry',
          },
        ],
      });
    }));

  test('adds it again when it expired before it was read', () =>
    withTarget(
      { faults: [{ at: 'add', how: trap('failure: already have such entry'), times: 1 }] },
      async (target) => {
        const { opening } = await attempt(aim(target, 'plain', reader));
        expect(opening?.what).toBe('opened tcp/22 to 203.0.113.9 (FWKNOP_6_22) for 1m');
        expect(isOpen(target)).toBe(true);
      },
    ));

  test('adds it again when it expired before it was extended', () =>
    withTarget({ faults: [{ at: 'print', how: late(1300) }] }, async (target) => {
      target.addEntry({ ...ROW, timeout: '1s' });
      const { opening } = await attempt(aim(target, 'plain', reader), 5000);
      expect(opening?.what).toBe('opened tcp/22 to 203.0.113.9 (FWKNOP_6_22) for 1m');
      expect(target.adds).toBe(2);
    }));

  test.each(['fin', 'silence'] as const)(
    'warns where the rest of the refusal comes after the next command, and then %s',
    (ending) =>
      withTarget(
        {
          faults: [
            { at: 'add', how: trapThenDone('failure: already have such entry', 100) },
            {
              at: 'print',
              how: { ...saying(''), late: 250, ...(ending === 'fin' ? { ending } : {}) },
            },
          ],
        },
        async (target) => {
          const { opening } = await attempt(aim(target, 'plain', reader));
          expect(opening).toEqual({
            what: 'already has 203.0.113.9 for tcp/22 (FWKNOP_6_22); its expiry is unchanged',
            changed: false,
            warning:
              ending === 'fin'
                ? 'connection closed by the router (print)'
                : 'no answer in time (print)',
          });
        },
      ),
  );

  test.each(['plain', 'prefixed'] as const)('finds an IPv6 entry that is stored %s', (ipv6Form) =>
    withTarget({ ipv6Form }, async (target) => {
      const entry = {
        ...ENTRY,
        menu: '/ipv6/firewall/address-list',
        address: '2001:db8::9',
      } as const;
      target.addEntry({ ...ROW, address: '2001:db8::9', timeout: '10s' }, 'v6');
      const { opening } = await attempt(aim(target, 'plain', reader), 1000, entry);
      expect(opening?.what).toBe('extended tcp/22 for 2001:db8::9 (FWKNOP_6_22) to 1m');
    }),
  );
});

describe('a refusal', () => {
  const withUser = (policies: string[]) =>
    ({ users: [{ name: 'fwknop', password: PASSWORD, policies }] }) as RouterOptions;

  test.each([
    [
      'of the password',
      {},
      { password: 'wrong' },
      'denied',
      'login refused: invalid user name or password (6)',
      "check user and password, and the user's Allowed Address on the router",
    ],
    [
      'of the policy api',
      withUser(['write']),
      {},
      'denied',
      'login refused: std failure: not allowed (9)',
      "give the user's group the policy api",
    ],
    [
      'of the policy write',
      withUser(['api']),
      {},
      'denied',
      'the router refused the add: not enough permissions (9)',
      "give the user's group the policy write",
    ],
    [
      'of the value',
      { faults: [{ at: 'add', how: trap('value of timeout out of range', 1) }] } as RouterOptions,
      {},
      'router',
      'the router refused the add: value of timeout out of range',
      undefined,
    ],
  ])('%s is said as it is, with its hint', (_, options, more, kind, what, hint) =>
    withTarget(options, async (target) => {
      const { failure } = await attempt(aim(target, 'plain', more));
      expect(failure).toMatchObject({ kind, faults: [{ what, hint }] });
      expect(target.connections).toBe(1);
      expect(isOpen(target)).toBe(false);
    }),
  );
});

describe('trust', () => {
  test('a certificate of the CA file is accepted', async () => {
    const { ca, leaf } = certificates();
    const target = await startTarget('TLS', { transport: leaf });
    const trust = { mode: 'verify', ca: ca.cert } as const;
    expect((await attempt(aim(target, 'TLS', { trust }))).failure?.faults).toBeUndefined();
    expect(isOpen(target)).toBe(true);
  });

  test.each([
    ['of an unknown CA', 'selfSigned', 'self-signed'],
    ['past its time', 'expired', 'expired'],
  ] as const)(
    'a certificate %s gets no login, and its fingerprint is shown',
    async (_, name, reason) => {
      const all = certificates();
      const target = await startTarget('TLS', { transport: all[name] });
      const trust = {
        mode: 'verify',
        ca: name === 'selfSigned' ? all.ca.cert : all.ca.cert,
      } as const;
      const { failure } = await attempt(aim(target, 'TLS', { trust }));
      expect(failure).toMatchObject({
        kind: 'denied',
        faults: [
          {
            what: `certificate not trusted: ${reason}`,
            hint: `if it is the router's: fingerprint = "${all[name].fingerprint}"`,
          },
        ],
      });
      expect(target.bytesReceived).toBe(0);
    },
  );

  describe('a certificate for a name, of a router given by its address', () => {
    const { ca, wrongName } = certificates();
    const trust = { mode: 'verify', ca: ca.cert } as const;

    test('gets no login, and a hint that names the setting', async () => {
      const target = await startTarget('TLS', { transport: wrongName });
      const { failure } = await attempt(aim(target, 'TLS', { trust }));
      expect(failure).toMatchObject({
        kind: 'denied',
        faults: [
          {
            what: 'certificate not trusted: made for router.example',
            hint: 'server-name = "router.example" if it is the router\'s; or fwknop-mikrotik check --pin',
          },
        ],
      });
      expect(target.bytesReceived).toBe(0);
    });

    test('is accepted with that name', async () => {
      const target = await startTarget('TLS', { transport: wrongName });
      const more = { trust, serverName: 'router.example' };
      expect((await attempt(aim(target, 'TLS', more))).opening?.changed).toBe(true);
    });

    test('is refused with another name', async () => {
      const target = await startTarget('TLS', { transport: wrongName });
      const more = { trust, serverName: 'other.example' };
      expect((await attempt(aim(target, 'TLS', more))).failure?.kind).toBe('denied');
      expect(target.bytesReceived).toBe(0);
    });
  });

  test('a router with a certificate gets no login where none is expected', async () => {
    const target = await startTarget('TLS', { tls13: true });
    const more = { trust: { mode: 'anonymous' } } as const;
    const { failure } = await attempt(aim(target, 'TLS', more));
    expect(failure).toMatchObject({
      kind: 'unreachable',
      faults: [
        {
          what: 'TLS handshake failed: no cipher in common',
          hint: 'api-ssl may have a certificate: take out tls = "anonymous", and pin it',
        },
      ],
    });
    expect(target.bytesReceived).toBe(0);
  });

  test('a certificate that is not the pinned one gets no login', async () => {
    const target = await startTarget('TLS');
    const trust = { mode: 'pinned', fingerprint: '0'.repeat(64) } as const;
    const { failure } = await attempt(aim(target, 'TLS', { trust }));
    expect(failure).toMatchObject({
      kind: 'denied',
      message: 'certificate not trusted: not the pinned one',
    });
    expect(target.bytesReceived).toBe(0);
  });

  test('a router without a certificate is refused with a hint, and accepted with the setting', async () => {
    const target = await startTarget('TLS', { transport: 'anonymous' });
    const { failure } = await attempt(aim(target, 'TLS', { trust: { mode: 'insecure' } }));
    expect(failure).toMatchObject({
      kind: 'unreachable',
      faults: [{ hint: 'api-ssl may have no certificate: give it one, or set tls = "anonymous"' }],
    });
    const { opening } = await attempt(aim(target, 'TLS', { trust: { mode: 'anonymous' } }));
    expect(opening?.changed).toBe(true);
  });
});

describe('trying again', () => {
  const STARTING = trap('std failure: timeout (13)');

  test.each<[string, Fault['at'], How]>([
    ['that was reset', 'connect', cutShort(0, 'rst')],
    ['that ended at the login', 'login', saying('', 'fin')],
    ['whose login was refused while the router starts', 'login', STARTING],
  ])('a connection %s is tried again', (_, at, how) =>
    withTarget({ faults: [{ at, how, times: 3 }] }, async (target) => {
      expect((await attempt(aim(target, 'plain'), 5000)).opening?.changed).toBe(true);
      expect(target.connections).toBe(4);
    }),
  );

  test.each<[string, Fault['at'], How, object]>([
    ['reset', 'connect', cutShort(0, 'rst'), { kind: 'unreachable' }],
    [
      'refused at the login',
      'login',
      STARTING,
      {
        kind: 'denied',
        faults: [
          {
            what: 'login refused: std failure: timeout (13)',
            hint: 'is the router still starting? otherwise see its log',
          },
        ],
      },
    ],
  ])('until the deadline, where it is always %s', (_, at, how, failure) =>
    withTarget({ faults: [{ at, how }] }, async (target) => {
      const result = await attempt(aim(target, 'plain'), 2000);
      expect(result.failure).toMatchObject(failure);
      expect(result.took).toBeGreaterThan(1800);
      expect(target.connections).toBeGreaterThan(3);
      expect(target.connections).toBeLessThan(6);
    }),
  );

  test('a router that begins to listen a second later is reached', async () => {
    // Where no other test listens, so that the port stays free.
    const gone = await startTarget('plain', { host: '127.0.0.8' });
    await gone.close();
    const { host, port } = gone;
    setTimeout(() => startTarget('plain', { host, port }), 1000);
    const { opening, trace } = await attempt(aim(gone, 'plain'), 5000);
    expect(opening?.changed).toBe(true);
    expect(trace.filter((text) => text.includes('connection refused')).length).toBeGreaterThan(1);
  });

  test.each(['invalid user name or password (6)', 'cannot log in', 'std failure: not allowed (9)'])(
    'never after the answer %j to a login',
    (text) =>
      withTarget({ faults: [{ at: 'login', how: trap(text) }] }, async (target) => {
        expect((await attempt(aim(target, 'plain'))).failure?.kind).toBe('denied');
        expect(target.connections).toBe(1);
      }),
  );

  test('an add that was lost stays unanswered, also where the network fails later', () =>
    withTarget(
      {
        faults: [
          { at: 'add', how: saying('', 'rst') },
          { at: 'connect', how: cutShort(0, 'rst'), after: 1 },
        ],
      },
      async (target) => {
        const { failure } = await attempt(aim(target, 'plain'));
        expect(failure).toMatchObject({
          kind: 'unanswered',
          faults: [{ hint: 'it may be open: try, or knock again' }],
        });
      },
    ));

  test('a host name is looked up', () =>
    withTarget({}, async (target) => {
      const { opening } = await attempt(aim(target, 'plain', { host: 'localhost' }), 5000);
      expect(opening?.changed).toBe(true);
    }));

  test('a host name that is none says so', () =>
    withTarget({}, async (target) => {
      const { failure } = await attempt(aim(target, 'plain', { host: 'router.invalid' }), 5000);
      expect(failure).toMatchObject({
        kind: 'unreachable',
        faults: [{ what: 'not reachable: name not found', hint: 'use its IP address as host' }],
      });
    }));
});

const SERVED =
  "check the API service's Available From, max-sessions and port: 8729 for TLS, 8728 without";

describe('the hint points to the reason', () => {
  describe.each(TRANSPORTS)('%s', (transport) => {
    const stage = transport === 'TLS' ? 'TLS handshake' : 'login';

    test.each<[string, RouterOptions]>([
      ['does not let this host in', { availableFrom: '192.0.2.0/24' }],
      ['has no free session', { maxSessions: 0 }],
      ['resets the connection', { faults: [{ at: 'connect', how: saying('', 'rst') }] }],
    ])('of a service that %s', async (_, options) => {
      const target = await startTarget(transport, options);
      const { failure } = await attempt(aim(target, transport), 1000);
      expect(failure).toMatchObject({ kind: 'unreachable', faults: [{ hint: SERVED }] });
      expect(failure?.message).toContain(`(${stage})`);
      expect(failure?.message).not.toMatch(/\bE[A-Z]+\b/);
    });

    test('of a service that closes each connection late, the last one past the deadline', async () => {
      const how = { ...saying('', 'fin'), late: 600 };
      const target = await startTarget(transport, { faults: [{ at: 'login', how }] });
      const { failure } = await attempt(aim(target, transport), 1000);
      expect(failure).toMatchObject({ kind: 'unreachable', faults: [{ hint: SERVED }] });
      expect(failure?.message).toBe('connection closed by the router (login)');
    });

    test('of a login that takes longer than the deadline', async () => {
      const target = await startTarget(transport, { faults: [{ at: 'login', how: late(3000) }] });
      const { failure } = await attempt(aim(target, transport), 1000);
      expect(failure).toMatchObject({
        kind: 'unreachable',
        faults: [
          {
            what: 'no answer in time (login)',
            hint: expect.stringContaining('a login by RADIUS may need a longer deadline'),
          },
        ],
      });
    });
  });

  test('of a session that ends at the login', () =>
    withTarget({ faults: [{ at: 'login', how: fatal('too many sessions') }] }, async (target) => {
      const { failure } = await attempt(aim(target, 'plain'));
      expect(failure?.faults).toEqual([
        {
          what: 'the router ended the session: too many sessions',
          hint: 'has the API service a free session (max-sessions)? otherwise see its log',
        },
      ]);
    }));
});

describe('a long list', () => {
  const reader = { user: 'reader' };
  const IPV6 = '/ipv6/firewall/address-list';
  const unchanged = {
    what: 'already has 203.0.113.9 for tcp/22 (FWKNOP_6_22); its expiry is unchanged',
    changed: false,
  };

  test.each<[string, 'v4' | 'v6', RouterOptions, object, string]>([
    ['IPv4', 'v4', {}, {}, '203.0.113.9'],
    ['IPv6', 'v6', {}, { menu: IPV6, address: '2001:db8::9' }, '2001:db8::9'],
    [
      'IPv6 without prefix lengths',
      'v6',
      { ipv6Form: 'plain' },
      { menu: IPV6, address: '2001:db8::9' },
      '2001:db8::9',
    ],
  ])('of 30,000 entries of %s is no hindrance', (_, family, options, wanted, address) =>
    withTarget(options, async (target) => {
      for (let index = 0; index < 30_000; index += 1) {
        const [high, low] = [index >> 8, index & 255];
        const other = family === 'v4' ? `10.1.${high}.${low}` : `fd00::${high + 1}:${low}`;
        target.addEntry({ list: ROW.list, address: other, timeout: '1h' }, family);
      }
      target.addEntry({ list: ROW.list, address, timeout: '10s' }, family);
      const { opening } = await attempt(aim(target, 'plain', reader), 3000, {
        ...ENTRY,
        ...wanted,
      });
      expect(opening?.what).toBe(`extended tcp/22 for ${address} (FWKNOP_6_22) to 1m`);
      const print = target.sentences.find(([command]) => command?.endsWith('/print'));
      expect(print).toContain('?list=FWKNOP_6_22');
      expect(print).toContain(`?address=${address}`);
    }),
  );

  test('that the router sends whole all the same is too long to read', () =>
    withTarget({ faults: [{ at: 'print', how: flood(['!re', '=list=x']) }] }, async (target) => {
      target.addEntry({ ...ROW, timeout: '30s' });
      const { opening } = await attempt(aim(target, 'plain', reader), 5000);
      expect(opening).toEqual({ ...unchanged, warning: 'the list is too long to read' });
    }));

  test('that takes long costs two seconds', () =>
    withTarget({ faults: [{ at: 'print', how: late(4000) }] }, async (target) => {
      target.addEntry({ ...ROW, timeout: '30s' });
      const { opening, took } = await attempt(aim(target, 'plain', reader), 10_000);
      const warning = 'no answer in 2 s (print): the list may be too long to read';
      expect(opening).toEqual({ ...unchanged, warning });
      expect(took).toBeGreaterThan(1900);
      expect(took).toBeLessThan(3000);
    }));
});

test('replies without end are no API', () =>
  withTarget({ faults: [{ at: 'login', how: saying(Buffer.alloc(2 ** 22)) }] }, async (target) => {
    const { failure } = await attempt(aim(target, 'plain'), 5000);
    expect(failure).toMatchObject({
      kind: 'router',
      message: 'not the RouterOS API: replies without end',
    });
  }));

test('a duplicate is one in either wording', () =>
  withTarget(
    { faults: [{ at: 'add', how: trap('failure: already have such address') }] },
    async (target) => {
      expect((await attempt(aim(target, 'plain'))).opening?.changed).toBe(false);
    },
  ));

describe('e-mail', () => {
  const mailer = { user: 'mailer', email: 'me@example.com' };

  test('goes out after an opening', () =>
    withTarget({}, async (target) => {
      expect((await attempt(aim(target, 'plain', mailer))).opening?.warning).toBeUndefined();
      expect(target.mails.map((mail) => Object.fromEntries(mail))).toEqual([
        { to: 'me@example.com', subject: 'Router: Port Opened', body: 'Given IP' },
      ]);
    }));

  test('that the router refuses is a warning', () =>
    withTarget({}, async (target) => {
      const { opening } = await attempt(aim(target, 'plain', { email: 'me@example.com' }));
      expect(opening?.warning).toBe('no e-mail: not enough permissions (9)');
      expect(isOpen(target)).toBe(true);
    }));
});

test('an e-mail that is refused after an empty answer is a warning', () =>
  withTarget(
    { faults: [{ at: 'send', how: emptyThenTrap('failure: no smtp') }] },
    async (target) => {
      const more = { user: 'mailer', email: 'me@example.com' };
      const { opening } = await attempt(aim(target, 'plain', more));
      expect(opening).toMatchObject({ changed: true, warning: 'no e-mail: failure: no smtp' });
      expect(target.mails).toEqual([]);
    },
  ));

test.each([
  ['refused', trap('interrupted')],
  ['refused for want of a policy', trap('not enough permissions (9)')],
  ['confirmed without an id', { ...saying(''), reply: ({ frame }) => frame([['!done']]) } as How],
])('an add that was lost, and then %s, may have opened', (_, second) => {
  const faults = [
    { at: 'add', how: cutShort(0, 'rst'), times: 1 },
    { at: 'add', how: second, after: 1 },
  ] as const;
  return withTarget({ faults: [...faults] }, async (target) => {
    const { failure } = await attempt(aim(target, 'plain'), 3000);
    expect(failure).toMatchObject({ kind: 'unanswered' });
    expect(isOpen(target)).toBe(true);
  });
});
