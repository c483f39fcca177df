import { Trap } from '../router/errors';
import type { Router } from '../router/router';
import type { Session } from '../router/session';
import type { Finding } from './output';

/** The rights of the configured user, as far as they can be seen. */
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
const OPTIONAL = ['read']; // has a step of its own

/**
 * Finds the rights of the configured user, by commands that change nothing.
 *
 * A user who may read can print the group with its policies: the manual calls read "access to the
 * router's configuration"; that it includes /user without the policy `policy` is inferred. For
 * others, one ping of the router to itself shows the policy `test` (manual, User). Further policies,
 * such as `reboot` or `sensitive`, cannot be tried without harm.
 *
 * @param session of that user, or of another who may read
 * @param readsBack whether a print shows an entry that is there
 * @throws SessionError
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

/** Names the policies that the user does not need, and the one that e-mail lacks. */
export function checkPolicies(
  { mayRead, group, granted, mayTest }: Policies,
  { email }: Pick<Router, 'email'>,
): readonly Finding[] {
  const step = 'policies';
  const wanted = [...NEEDED, ...OPTIONAL, ...(email === undefined ? [] : ['test'])];
  const extra = granted?.filter((name) => !wanted.includes(name)) ?? [];
  if (granted === undefined && mayTest && email === undefined) extra.push('test');
  const unseen = mayRead
    ? 'the router does not show the group'
    : 'the user has no read policy (check --as USER shows them)';
  const findings: Finding[] = [];
  if (extra.length > 0) {
    const rest = granted === undefined ? `; the others cannot be seen: ${unseen}` : '';
    findings.push({
      status: 'warn',
      step,
      what: `more than needed: ${extra.join(', ')}${rest}`,
      hint: setPolicies(
        group,
        extra.map((name) => `!${name}`),
      ),
    });
  } else if (granted === undefined) findings.push({ status: 'skip', step, what: unseen });
  else findings.push({ status: 'ok', step, what: `none too many: ${granted.join(', ')}` });
  if (email !== undefined) findings.push(checkEmail(mayTest, group));
  return findings;
}

function checkEmail(mayTest: boolean, group: string | undefined): Finding {
  if (!mayTest) {
    return {
      status: 'warn',
      step: 'e-mail',
      what: 'the user lacks the policy test: no note will be sent',
      hint: setPolicies(group, ['test']),
    };
  }
  const what =
    'the user may send it, and nothing was sent; on the router, /tool/e-mail must name a server and a sender, and /system/device-mode allow e-mail (home routers do not, as they come)';
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
