/**
 * The assumptions about RouterOS, certain and uncertain ones: a question each, the expected answer, and
 * how to ask. docs/notes/routeros.md explains the marks. The mark `[I zone]` in the simulator leads to the
 * question `zone` here.
 *
 * Expected answers are sentences; `…` in a word stands for anything.
 */
import type { Sentence } from '../../simulator/api/codec';
import { TEXT } from '../../simulator/api/replies';
import { LIST, type LiveRouter } from './live-router';
import type { Need } from './settings';
import { addTwice, crowd, ownGroup, PRINT, REMOVE, SEND, SET, timeoutOf } from './steps';

export interface Question {
  readonly id: string;
  readonly mark: 'C' | 'P' | 'I' | '?';
  readonly asks: string;
  /** The settings that it needs beside the writer. */
  readonly needs?: readonly Need[];
  readonly expects: readonly Sentence[];
  /** The trap's `=category=` is what is asked for; otherwise it does not count. */
  readonly countsCategory?: true;
  /** @returns the reply that is compared with what is expected */
  ask(live: LiveRouter): Promise<Sentence[]>;
}

const DONE: Sentence[] = [['!done']];
const ADDED: Sentence[] = [['!done', '=ret=*…']];
const EMPTY: Sentence[] = [['!empty'], ['!done']];
const trap = (message: string, ...more: Sentence): Sentence[] => [
  ['!trap', ...more, `=message=${message}`],
  ['!done'],
];
const shows = (...words: Sentence): Sentence[] => [['!re', ...words], ['!done']];
const says = (status: number, text: string): Sentence[] => [
  [`(exit status ${status})`, `fwknop-mikrotik: live: ${text}`],
];

/** fwknopd's words: who, which protocol and port, for how long. */
const knocking = (seconds: number, source = '198.51.100.7') => [source, '6', '22', `${seconds}`];
const KNOCKER = { address: '198.51.100.7' };

const LOGIN: readonly Question[] = [
  {
    id: 'plain-login',
    mark: 'C',
    asks: 'Does the login take name and password at once?',
    expects: DONE,
    ask: (live) => live.login('writer'),
  },
  {
    id: 'not-logged-in',
    mark: 'C',
    asks: 'What comes for a command before the login?',
    expects: [['!fatal', TEXT.notLoggedIn]],
    ask: (live) => live.stranger([PRINT], (one) => one.ask(PRINT)),
  },
  {
    id: 'login-without-password',
    mark: '?',
    asks: 'What comes for a login without a password?',
    expects: trap(TEXT.wrongPassword),
    ask: (live) =>
      live.stranger(['/login', '=name=<writer>'], (one) =>
        one.ask('/login', `=name=${live.user('writer').name}`),
      ),
  },
  {
    id: 'user-address',
    mark: 'I',
    asks: "What comes for a user whose address= is another machine's?",
    needs: ['elsewhere'],
    expects: trap(TEXT.wrongPassword),
    ask: (live) => live.login('elsewhere'),
  },
  {
    id: 'no-api',
    mark: 'C',
    asks: 'What comes for a user without the policy api?',
    needs: ['noapi'],
    expects: trap(TEXT.notAllowed),
    ask: (live) => live.login('noapi'),
  },
  {
    id: 'closed-service',
    mark: 'I',
    asks: 'What does the port of a disabled service do?',
    needs: ['closed-port'],
    expects: [['(connection ended: ECONNREFUSED)']],
    ask: (live) => live.knockAt(live.settings.closedPort),
  },
  {
    id: 'fatal-tag',
    mark: 'I',
    asks: 'Does a !fatal go without the tag of the command?',
    expects: [['!fatal', TEXT.quit]],
    ask: (live) =>
      live.stranger(['/quit', '.tag=7'], async (one) => {
        await one.login(live.user('writer'));
        return one.ask('/quit', '.tag=7');
      }),
  },
  {
    id: 'too-many-sessions',
    mark: '?',
    asks: 'What comes when there are too many sessions?',
    needs: ['rough'],
    expects: [['(connection ended: …)']],
    ask: crowd,
  },
  {
    id: 'not-the-api',
    mark: '?',
    asks: 'What comes for a byte with which no word can begin?',
    needs: ['rough'],
    expects: [['(connection ended: …)']],
    ask: (live) => live.stranger(['(ff ff)'], (one) => one.askBytes(Buffer.of(0xff, 0xff))),
  },
  {
    id: 'long-word',
    mark: '?',
    asks: 'What comes for a word of 256 MB, as a TLS client on the plain port seems to send?',
    needs: ['rough'],
    expects: [['(connection ended: …)']],
    ask: (live) =>
      live.stranger(['(ef ff ff ff)'], (one) => one.askBytes(Buffer.of(0xef, 0xff, 0xff, 0xff))),
  },
];

const WRITE_ONLY: readonly Question[] = [
  {
    id: 'write-only-add',
    mark: 'I',
    asks: 'Is the add of a user who may not read answered with an id?',
    expects: ADDED,
    ask: (live) => live.add('writer'),
  },
  {
    id: 'write-only-set',
    mark: 'I',
    asks: 'May a user who may not read set an entry whose id is known?',
    expects: DONE,
    ask: async (live) => {
      const id = await live.entry('writer');
      return live.talk('writer', SET, `=.id=${id}`, '=timeout=20s');
    },
  },
  {
    id: 'write-only-remove',
    mark: 'I',
    asks: 'May a user who may not read remove an entry whose id is known?',
    expects: DONE,
    ask: async (live) => {
      const id = await live.entry('writer');
      return live.talk('writer', REMOVE, `=.id=${id}`);
    },
  },
  {
    id: 'read-refusal',
    mark: '?',
    asks: 'How is a print refused to a user who may not read?',
    expects: trap(TEXT.noPermission),
    ask: async (live) => {
      await live.entry('writer');
      return live.talk('writer', PRINT, '=.proplist=.id', `?list=${live.list}`);
    },
  },
  {
    id: 'email-test',
    mark: 'C',
    asks: 'Is e-mail refused to a user without the policy test? (The mail would go nowhere.)',
    expects: trap(TEXT.noPermission),
    ask: (live) => live.talk('writer', ...SEND),
  },
  {
    id: 'email-write',
    mark: '?',
    asks: 'Does e-mail need the policy write beside test? (The mail would go nowhere.)',
    needs: ['mailer'],
    expects: trap(TEXT.noPermission),
    ask: (live) => live.talk('mailer', ...SEND),
  },
];

const TIMEOUTS: readonly Question[] = [
  {
    id: 'timeout-zero',
    mark: 'I',
    asks: 'Does timeout=0 make an entry that is dynamic and has no end?',
    needs: ['admin'],
    expects: shows('=dynamic=true'),
    ask: async (live) => {
      await live.entry('admin', { timeout: '0' });
      return live.show('timeout,dynamic');
    },
  },
  {
    id: 'duration-units',
    mark: 'P',
    asks: 'Is 1w2d3h4m5s a timeout?',
    needs: ['admin'],
    expects: shows('=timeout=1w2d3h…'),
    ask: (live) => timeoutOf(live, '1w2d3h4m5s'),
  },
  {
    id: 'duration-day',
    mark: 'P',
    asks: 'Is 1d a timeout?',
    needs: ['admin'],
    expects: shows('=timeout=23h59m…s'),
    ask: async (live) => {
      await live.entry('writer', { timeout: '1d' });
      await live.pause(1100); // However the rest of a second is rounded.
      return live.show('timeout');
    },
  },
  {
    id: 'duration-seconds',
    mark: 'P',
    asks: 'Is a bare number a timeout in seconds?',
    needs: ['admin'],
    expects: shows('=timeout=1h…s'),
    ask: (live) => timeoutOf(live, '3630'),
  },
  {
    id: 'longest-timeout',
    mark: 'C',
    asks: 'Is 35w3d13h13m56s taken?',
    needs: ['admin'],
    expects: shows('=timeout=35w3d13h13m…s'),
    ask: (live) => timeoutOf(live, '35w3d13h13m56s'),
  },
  {
    id: 'longer-timeout',
    mark: 'C',
    asks: 'What comes for one second more?',
    needs: ['admin'],
    expects: trap(TEXT.timeoutOutOfRange),
    ask: (live) => live.add('writer', { timeout: '35w3d13h13m57s' }),
  },
  {
    id: 'trap-category',
    mark: 'I',
    asks: 'Which category has the trap for a value that is out of range?',
    needs: ['admin'],
    expects: trap('…', '=category=1'),
    countsCategory: true,
    ask: (live) => live.add('writer', { timeout: '35w3d13h13m57s' }),
  },
  {
    id: 'no-time',
    mark: 'P',
    asks: 'What comes for a timeout that is no time?',
    needs: ['admin'],
    expects: trap(TEXT.noTime),
    ask: (live) => live.add('writer', { timeout: 'soon' }),
  },
  {
    id: 'time-left',
    mark: 'I',
    asks: 'Is the time left shown as whole seconds, rounded down?',
    needs: ['admin'],
    expects: shows('=timeout=4m5…s'),
    ask: (live) => timeoutOf(live, '5m'),
  },
  {
    id: 'set-timed',
    mark: 'P',
    asks: 'Does set change the time that is left of an entry?',
    needs: ['admin'],
    expects: shows('=timeout=1h…s'),
    ask: async (live) => {
      const id = await live.entry('admin');
      await live.talk('admin', SET, `=.id=${id}`, '=timeout=1h30s');
      return live.show('timeout');
    },
  },
  {
    id: 'set-permanent',
    mark: '?',
    asks: 'Does set with a timeout make a permanent entry one that ends?',
    needs: ['admin'],
    expects: shows('=dynamic=true', '=timeout=1h…s'),
    ask: async (live) => {
      const id = await live.entry('admin', { timeout: undefined });
      await live.talk('admin', SET, `=.id=${id}`, '=timeout=1h30s');
      return live.show('timeout,dynamic');
    },
  },
];

const ADDRESSES: readonly Question[] = [
  {
    id: 'slash-32',
    mark: 'C',
    asks: 'Is 192.0.2.1/32 stored as 192.0.2.1?',
    needs: ['admin'],
    expects: shows('=address=192.0.2.1'),
    ask: async (live) => {
      await live.entry('writer', { address: '192.0.2.1/32' });
      return live.show('address');
    },
  },
  {
    id: 'ipv6-form',
    mark: 'C',
    asks: 'Is a single IPv6 address stored with /128?',
    needs: ['admin'],
    expects: shows('=address=2001:db8::1/128'),
    ask: async (live) => {
      await live.entry('writer', { address: '2001:DB8:0::1' }, 'v6');
      return live.show('address', 'v6');
    },
  },
  {
    id: 'v6-in-v4-list',
    mark: 'I',
    asks: 'What comes for an IPv6 address in an IPv4 list?',
    expects: trap(TEXT.noDnsName('2001:db8::1')),
    ask: (live) => live.add('writer', { address: '2001:db8::1' }),
  },
  {
    id: 'mapped-in-v4-list',
    mark: 'C',
    asks: 'What comes for ::ffff:192.0.2.1 in an IPv4 list?',
    expects: trap(TEXT.noDnsName('::ffff:192.0.2.1')),
    ask: (live) => live.add('writer', { address: '::ffff:192.0.2.1' }),
  },
  {
    id: 'zone',
    mark: 'I',
    asks: 'Is an IPv6 address with a zone refused?',
    expects: trap(TEXT.noDnsName('fe80::1%ether1')),
    ask: (live) => live.add('writer', { address: 'fe80::1%ether1' }, 'v6'),
  },
  {
    id: 'dns-name',
    mark: 'C',
    asks: 'Is what is no address stored as a DNS name, without an error?',
    needs: ['admin'],
    expects: shows('=address=fwknop-live.invalid'),
    ask: async (live) => {
      await live.entry('writer', { address: 'fwknop-live.invalid' });
      return live.show('address');
    },
  },
];

const REFUSALS: readonly Question[] = [
  {
    id: 'entry-exists',
    mark: 'C',
    asks: 'What comes for an entry that is there?',
    expects: trap(TEXT.entryExists),
    ask: addTwice,
  },
  {
    id: 'entry-exists-category',
    mark: '?',
    asks: 'Has that trap no category?',
    expects: trap('…'),
    countsCategory: true,
    ask: addTwice,
  },
  {
    id: 'address-left-out',
    mark: '?',
    asks: 'What comes for an add without an address?',
    expects: trap(TEXT.missingValue('address')),
    ask: (live) => live.add('writer', { address: undefined }),
  },
  {
    id: 'address-empty',
    mark: '?',
    asks: 'What comes for an add with an empty address?',
    expects: trap(TEXT.missingValue('address')),
    ask: (live) => live.add('writer', { address: '' }),
  },
  {
    id: 'unknown-parameter',
    mark: 'P',
    asks: 'What comes for an argument that the command does not know?',
    expects: trap(TEXT.unknownParameter('fwknop')),
    ask: (live) => live.add('writer', { fwknop: 'live' }),
  },
  {
    id: 'no-boolean',
    mark: 'P',
    asks: 'What comes for disabled=maybe?',
    expects: trap(TEXT.noBoolean('disabled')),
    ask: (live) => live.add('writer', { disabled: 'maybe' }),
  },
  {
    id: 'missing-id',
    mark: 'P',
    asks: 'What comes for a set that names no entry (and changes nothing)?',
    expects: trap(TEXT.missingId),
    ask: (live) => live.talk('writer', SET),
  },
  {
    id: 'no-such-item',
    mark: 'C',
    asks: 'What comes for a remove of what is gone?',
    expects: trap(TEXT.noSuchItem),
    ask: async (live) => {
      const id = await live.entry('writer');
      await live.talk('writer', REMOVE, `=.id=${id}`);
      return live.talk('writer', REMOVE, `=.id=${id}`);
    },
  },
  {
    id: 'ids-by-comma',
    mark: 'P',
    asks: 'May one remove name two ids, with a comma between them?',
    needs: ['admin'],
    expects: EMPTY,
    ask: async (live) => {
      const ids = [await live.entry('admin'), await live.entry('admin', { address: '192.0.2.2' })];
      await live.talk('admin', REMOVE, `=.id=${ids.join()}`);
      return live.show('.id');
    },
  },
  {
    id: 'unknown-command',
    mark: 'P',
    asks: 'What comes for a command that the menu does not have?',
    expects: trap(TEXT.noSuchCommand),
    ask: (live) => live.talk('writer', '/ip/firewall/address-list/fwknop'),
  },
  {
    id: 'unknown-menu',
    mark: 'P',
    asks: 'What comes for a menu that is not there?',
    expects: trap(TEXT.noSuchMenu),
    ask: (live) => live.talk('writer', '/fwknop/live'),
  },
];

const PRINTS: readonly Question[] = [
  {
    id: 'empty-print',
    mark: 'P',
    asks: 'Does !done follow the !empty of a print that finds nothing?',
    needs: ['admin'],
    expects: EMPTY,
    ask: (live) => live.show('.id'),
  },
  {
    id: 'query-as-printed',
    mark: '?',
    asks: 'Does a query compare texts: is 192.0.2.1/32 no match for 192.0.2.1?',
    needs: ['admin'],
    expects: EMPTY,
    ask: async (live) => {
      await live.entry('writer');
      return live.show('address', 'v4', '?address=192.0.2.1/32');
    },
  },
  {
    id: 'query-yes-no',
    mark: 'P',
    asks: 'Does the query disabled=yes find what is shown as disabled=true?',
    needs: ['admin'],
    expects: shows('=disabled=true'),
    ask: async (live) => {
      await live.entry('writer', { disabled: 'yes' });
      return live.show('disabled', 'v4', '?disabled=yes');
    },
  },
];

/** The rows that `check` reads of its own user. */
const POLICIES: readonly Question[] = [
  {
    id: 'user-print',
    mark: 'I',
    asks: 'May a user who may read see which group it is in?',
    needs: ['admin'],
    expects: shows('=group=…'),
    ask: ownGroup,
  },
  {
    id: 'group-print',
    mark: 'I',
    asks: "And that group's policies?",
    needs: ['admin'],
    expects: shows('=policy=…'),
    ask: async (live) => {
      const [, group = ''] = (await ownGroup(live))[0] ?? [];
      const name = group.replace('=group=', '?name=');
      return live.talk('admin', '/user/group/print', '=.proplist=policy', name);
    },
  },
];

/** The main cases of the tests with the simulator, asked of this router. */
const KNOCKS: readonly Question[] = [
  {
    id: 'knock-opens',
    mark: 'I',
    asks: 'Does a knock by a user who may not read open?',
    expects: says(0, `opened tcp/22 to 198.51.100.7 (${LIST}) for 10s`),
    ask: (live) => live.knock('writer', knocking(10)),
  },
  {
    id: 'knock-ipv6',
    mark: 'I',
    asks: 'Does one from an IPv6 address?',
    expects: says(0, `opened tcp/22 to 2001:db8::7 (${LIST}) for 10s`),
    ask: (live) => live.knock('writer', knocking(10, '2001:DB8:0::7')),
  },
  {
    id: 'knock-again',
    mark: 'I',
    asks: 'Does another knock by that user leave the expiry, and say so?',
    expects: says(0, `already has 198.51.100.7 for tcp/22 (${LIST}); its expiry is unchanged`),
    ask: async (live) => {
      await live.knock('writer', knocking(10));
      return live.knock('writer', knocking(20));
    },
  },
  {
    id: 'knock-extends',
    mark: 'P',
    asks: 'Does another knock by a user who may read extend the entry?',
    needs: ['admin'],
    expects: says(0, `extended tcp/22 for 198.51.100.7 (${LIST}) to 1h`),
    ask: async (live) => {
      await live.entry('writer', KNOCKER);
      return live.knock('admin', knocking(3600));
    },
  },
  {
    id: 'knock-extends-ipv6',
    mark: 'P',
    asks: 'And an IPv6 entry?',
    needs: ['admin'],
    expects: says(0, `extended tcp/22 for 2001:db8::7 (${LIST}) to 1h`),
    ask: async (live) => {
      await live.entry('writer', { address: '2001:db8::7' }, 'v6');
      return live.knock('admin', knocking(3600, '2001:db8::7'));
    },
  },
  {
    id: 'knock-never-shortens',
    mark: 'P',
    asks: 'Does it leave an entry that ends later?',
    needs: ['admin'],
    expects: says(0, `already has 198.51.100.7 for tcp/22 (${LIST}), 2h…s left`),
    ask: async (live) => {
      await live.entry('writer', { ...KNOCKER, timeout: '2h30s' });
      return live.knock('admin', knocking(60));
    },
  },
  {
    id: 'knock-permanent',
    mark: 'P',
    asks: 'Does it leave an entry without an end?',
    needs: ['admin'],
    expects: says(0, `already has 198.51.100.7 for tcp/22 (${LIST}), without an end`),
    ask: async (live) => {
      await live.entry('writer', { ...KNOCKER, timeout: undefined });
      return live.knock('admin', knocking(60));
    },
  },
  {
    id: 'knock-disabled',
    mark: 'P',
    asks: 'Is a disabled entry no opening?',
    needs: ['admin'],
    expects: says(76, `already has 198.51.100.7 for tcp/22 (${LIST}), but disabled; hint: …`),
    ask: async (live) => {
      await live.entry('writer', { ...KNOCKER, disabled: 'yes' });
      return live.knock('admin', knocking(60));
    },
  },
  {
    id: 'knock-expires',
    mark: 'C',
    asks: 'Is the entry gone when its time is over?',
    needs: ['admin'],
    expects: EMPTY,
    ask: async (live) => {
      await live.knock('writer', knocking(1));
      await live.pause(2500);
      return live.show('address,timeout');
    },
  },
  {
    id: 'knock-wrong-password',
    mark: 'C',
    asks: 'Is a wrong password refused, and said?',
    expects: says(77, `login refused: ${TEXT.wrongPassword}; hint: …`),
    ask: (live) => live.knock('writer', knocking(10), 'not the password of this user'),
  },
  {
    id: 'knock-untrusted',
    mark: 'C',
    asks: 'Does it send no login to a certificate that is not the pinned one?',
    needs: ['tls'],
    expects: says(77, 'certificate not trusted: not the pinned one; hint: …'),
    ask: (live) => live.knock('writer', ['--fingerprint', '0'.repeat(64), ...knocking(10)]),
  },
];

/** All, in the order in which they are asked. */
export const QUESTIONS: readonly Question[] = [
  ...LOGIN,
  ...WRITE_ONLY,
  ...TIMEOUTS,
  ...ADDRESSES,
  ...REFUSALS,
  ...PRINTS,
  ...POLICIES,
  ...KNOCKS,
];

/** Assumptions about a container on RouterOS, which no command of the API answers. */
export const NOT_ASKABLE: readonly Pick<Question, 'id' | 'asks'>[] = [
  {
    id: 'container-on-bridge',
    asks: "Does a container on the LAN's bridge reach the API, and get the SPA packets?",
  },
  { id: 'container-mount', asks: 'Does a directory of a disk appear at /config in the container?' },
  {
    id: 'container-file-owner',
    asks: 'Which owner and mode do mounted files have in the container?',
  },
  { id: 'container-dev-log', asks: 'May syslogd make /dev/log in the container?' },
  { id: 'container-layers', asks: 'How many layers of an image does /container/add take?' },
];
