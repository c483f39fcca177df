/** The commands of a router: what each needs, does and answers. */
import type { AddressList, Entry } from './address-lists';
import type { Family } from './addresses';
import { attributes, type Sentence } from './codec';
import { printDuration } from './durations';
import { matches } from './query';
import { done, fatal, type Reply, TEXT, Trap } from './replies';
import { POLICIES, type Policy, type User } from './users';

/** A mail as `/tool/e-mail/send` got it: `to`, `subject`, `body`, … */
export type Mail = ReadonlyMap<string, string>;

/** Everything that commands read and change, and where routers differ or nobody knows. */
export interface RouterState {
  lists: Record<Family, AddressList>;
  mails: Mail[];
  users: User[];
  /** A print that finds nothing: `!empty` came with 7.18; whether `!done` follows is disputed
   * [P empty-print]. */
  emptyPrint: 'empty and done' | 'empty' | 'done';
  /** A print without policy `read`: a trap [C], or as if there were nothing [? read-refusal]. */
  readRefusal: 'trap' | 'empty';
  /** Further menus that can be printed, with their items as the API prints them. */
  menus: Record<string, readonly Item[]>;
}

/** An item of a menu: its properties as texts. */
export type Item = Readonly<Record<string, string>>;

interface Command {
  needs: Policy[];
  run(given: Map<string, string>, words: Sentence, state: RouterState): Reply;
}

/** Arguments of `/tool/e-mail/send` [C]. */
const MAIL_PARAMETERS =
  'address bcc body cc file from password port server start-tls subject tls to user vrf'.split(' ');

/** Of what `/system/resource` shows; the version has the form of a real one [C]. */
const RESOURCE = new Map([
  ['version', '7.18 (stable)'],
  ['architecture-name', 'x86_64'],
]);

const MENUS: Record<string, Record<string, Command>> = {
  '/ip/firewall/address-list': addressListMenu('v4'),
  '/ipv6/firewall/address-list': addressListMenu('v6'),
  '/system/resource': {
    print: {
      needs: ['read'],
      run: (given, words, state) => print([RESOURCE], given, words, state),
    },
  },
  '/user': {
    // That `read` is enough for it is [I user-print]: the manual calls it read access to the
    // configuration.
    print: {
      needs: ['read'],
      run: (given, words, state) => print(users(state), given, words, state),
    },
  },
  '/user/group': {
    // [I group-print] likewise. That all policies are printed, those that are not granted with `!`,
    // is [C].
    print: {
      needs: ['read'],
      run: (given, words, state) => print(groups(state), given, words, state),
    },
  },
  '/tool': {
    ping: {
      // `test` grants the right to run ping [C]; one row for each packet, and then the end [C].
      // In the root of the tree it is gone since 7.23beta2 [C].
      needs: ['test'],
      run(given) {
        refuseUnknown(given, ['address', 'count']);
        const rows = Array.from({ length: Number(given.get('count') ?? 1) }, (_, index) => [
          '!re',
          `=seq=${index}`,
          `=host=${given.get('address') ?? ''}`,
          '=time=44us',
        ]);
        return { sentences: [...rows, ['!done']] };
      },
    },
  },
  '/tool/e-mail': {
    send: {
      // `test` is what lets a user send mail [C]; whether `write` is needed as well is
      // [? email-write].
      needs: ['write', 'test'],
      run(given, _words, { mails }) {
        refuseUnknown(given, MAIL_PARAMETERS);
        mails.push(given);
        return done();
      },
    },
  },
};

/** Runs one sentence of a logged-in user. */
export function execute(words: Sentence, user: User, state: RouterState): Reply {
  const [path = ''] = words;
  if (path === '/quit') return fatal(TEXT.quit);
  const slash = path.lastIndexOf('/');
  const menu = menuOf(path.slice(0, slash), state);
  const command = menu?.[path.slice(slash + 1)];
  try {
    if (!command) throw new Trap(menu ? TEXT.noSuchCommand : TEXT.noSuchMenu, 0);
    if (!command.needs.every((policy) => user.policies.includes(policy))) {
      if (command.needs[0] === 'read' && state.readRefusal === 'empty') return noItems(state);
      throw new Trap(TEXT.noPermission);
    }
    return command.run(attributes(words), words, state);
  } catch (error) {
    if (error instanceof Trap) return error.reply;
    throw error;
  }
}

/** A menu of the state can only be printed, and stands before one of MENUS. */
function menuOf(path: string, { menus }: RouterState): Record<string, Command> | undefined {
  const items = menus[path];
  if (items === undefined) return MENUS[path];
  const rows = items.map((item) => new Map(Object.entries(item)));
  return {
    print: { needs: ['read'], run: (given, words, state) => print(rows, given, words, state) },
  };
}

function addressListMenu(family: Family): Record<string, Command> {
  return {
    add: {
      needs: ['write'],
      run: (given, _words, { lists }) => done(`=ret=${lists[family].add(given)}`),
    },
    set: {
      needs: ['write'],
      run(given, _words, { lists }) {
        for (const id of takeIds(given)) lists[family].set(id, given);
        return done();
      },
    },
    remove: {
      needs: ['write'],
      run(given, _words, { lists }) {
        const ids = takeIds(given);
        refuseUnknown(given, []);
        for (const id of ids) lists[family].remove(id);
        return done();
      },
    },
    print: {
      needs: ['read'],
      run: (given, words, state) =>
        print(state.lists[family].entries().map(printed), given, words, state),
    },
  };
}

/** The rows of a print that its query words let through, cut to the properties it asks for. */
function print(
  rows: readonly Map<string, string>[],
  given: Map<string, string>,
  words: Sentence,
  state: RouterState,
): Reply {
  refuseUnknown(given, ['.proplist']);
  const wanted = given.get('.proplist')?.split(',');
  const found = rows
    .filter((item) => matches(item, words))
    .map((item) => [...item].filter(([name]) => wanted?.includes(name) ?? true));
  if (found.length === 0) return noItems(state);
  const items = found.map((item) => ['!re', ...item.map(([key, value]) => `=${key}=${value}`)]);
  return { sentences: [...items, ['!done']] };
}

/** Each user has a group of their own here, called like them. */
function users({ users }: RouterState): Map<string, string>[] {
  return users.map(
    ({ name }, index) =>
      new Map([
        ['.id', `*${index + 1}`],
        ['name', name],
        ['group', `${name}-group`],
        ['address', ''],
      ]),
  );
}

function groups({ users }: RouterState): Map<string, string>[] {
  return users.map(({ name, policies }, index) => {
    const policy = POLICIES.map((one) => (policies.includes(one) ? one : `!${one}`)).join(',');
    return new Map([
      ['.id', `*${index + 1}`],
      ['name', `${name}-group`],
      ['policy', policy],
    ]);
  });
}

/** The properties of an entry as the API prints them: booleans are true and false [C]. */
function printed(entry: Entry): Map<string, string> {
  const { secondsLeft } = entry;
  const properties: [string, string | undefined][] = [
    ['.id', entry.id],
    ['list', entry.list],
    ['address', entry.address],
    ['creation-time', entry.createdAt.toISOString().slice(0, 19).replace('T', ' ')],
    ['timeout', secondsLeft === undefined ? undefined : printDuration(secondsLeft)],
    ['dynamic', String(entry.dynamic)],
    ['disabled', String(entry.disabled)],
    ['comment', entry.comment === '' ? undefined : entry.comment],
  ];
  return new Map(properties.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

function noItems({ emptyPrint }: RouterState): Reply {
  if (emptyPrint === 'empty') return { sentences: [['!empty']] };
  return { sentences: emptyPrint === 'done' ? [['!done']] : [['!empty'], ['!done']] };
}

/** Takes the ids out of the arguments: `.id` or `numbers`, separated by commas [P ids-by-comma]. */
function takeIds(given: Map<string, string>): string[] {
  const ids = given.get('.id') ?? given.get('numbers');
  if (ids === undefined) throw new Trap(TEXT.missingId);
  given.delete('.id');
  given.delete('numbers');
  return ids.split(',');
}

function refuseUnknown(given: Map<string, string>, known: string[]): void {
  for (const name of given.keys()) {
    if (!known.includes(name)) throw new Trap(TEXT.unknownParameter(name));
  }
}
