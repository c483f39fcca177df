import { Trap } from '../router/errors';
import type { Router } from '../router/router';
import type { Session } from '../router/session';
import type { Finding } from './output';

/** What could be found out about the rights of our user. */
export interface Policies {
  readonly mayRead: boolean;
  /** The user's group; undefined where the router does not show it. */
  readonly group: string | undefined;
  /** The policies of the user's group; undefined where the router does not show them. */
  readonly granted: readonly string[] | undefined;
  /** Whether the user has the policy `test`. */
  readonly mayTest: boolean;
}

const NEEDED = ['write', 'api'];
const OPTIONAL = ['read']; // told of in a step of its own

/**
 * Finds out what our user may do, by commands that change nothing.
 *
 * Who may read can print the group with its policies: the manual calls read "access to the router's
 * configuration"; that it takes in /user without the policy `policy` is inferred. Who may not is
 * known by one ping of the router to itself, which takes the policy `test` (manual, User). Others,
 * such as `reboot` or `sensitive`, cannot be tried without harm.
 *
 * @param readsBack whether a print shows what must be there
 * @throws Broken
 */
export async function readPolicies(
  session: Session,
  user: string,
  readsBack: () => Promise<boolean>,
): Promise<Policies> {
  const shown = await unlessRefused(readsBack);
  const group = shown === undefined ? undefined : await cell(session, '/user', user, 'group');
  const policy =
    group === undefined ? undefined : await cell(session, '/user/group', group, 'policy');
  const granted = policy?.split(',').filter((name) => name !== '' && !name.startsWith('!'));
  const mayTest = granted?.includes('test') ?? (await pings(session));
  return { mayRead: shown === true || group !== undefined, group, granted, mayTest };
}

/** Says what the user may do beyond need, and what is wanting for e-mail. */
export function checkPolicies(
  { mayRead, group, granted, mayTest }: Policies,
  { email }: Pick<Router, 'email'>,
): readonly Finding[] {
  const wanted = [...NEEDED, ...OPTIONAL, ...(email === undefined ? [] : ['test'])];
  const extra = granted?.filter((name) => !wanted.includes(name)) ?? [];
  if (granted === undefined && mayTest && email === undefined) extra.push('test');
  const unseen = mayRead
    ? 'the router does not show the group'
    : 'without read the group is not shown';
  const findings: Finding[] = [];
  if (extra.length > 0) {
    const rest = granted === undefined ? `; more cannot be seen: ${unseen}` : '';
    findings.push({
      status: 'warn',
      step: 'policies',
      what: `more than needed: ${extra.join(', ')}${rest}`,
      hint: setPolicies(
        group,
        extra.map((name) => `!${name}`),
      ),
    });
  } else {
    const what =
      granted === undefined
        ? `none too many can be seen: ${unseen}`
        : `none too many: ${granted.join(', ')}`;
    findings.push({ status: 'ok', step: 'policies', what });
  }
  if (email !== undefined) findings.push(checkEmail(mayTest, group));
  return findings;
}

function checkEmail(mayTest: boolean, group: string | undefined): Finding {
  if (!mayTest) {
    return {
      status: 'warn',
      step: 'e-mail',
      what: 'the user lacks the policy test: nobody will be told of an opening',
      hint: setPolicies(group, ['test']),
    };
  }
  const what =
    'the user may send it; nothing was sent: see that /tool/e-mail on the router names a server and a sender';
  return { status: 'ok', step: 'e-mail', what };
}

/** The line for the router's console that changes these policies of a group and no others. */
function setPolicies(group: string | undefined, policies: readonly string[]): string {
  // Only what needs no quotes: it is somebody else's text, and to be pasted.
  const name = /^[\w.-]+$/.test(group ?? '') ? group : '<its group>';
  return `/user/group/set [find name=${name}] policy=${policies.join(',')}`;
}

async function cell(
  session: Session,
  menu: string,
  name: string,
  field: string,
): Promise<string | undefined> {
  const rows = await unlessRefused(() => session.print(menu, ['name', field], [`?name=${name}`]));
  return rows?.find((row) => row.name === name)?.[field];
}

async function pings(session: Session): Promise<boolean> {
  const ping = () => session.exec('/tool', 'ping', { address: '127.0.0.1', count: '1' });
  return (await unlessRefused(async () => [await ping()])) !== undefined;
}

async function unlessRefused<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Trap) return undefined;
    throw error;
  }
}
