/** Steps that several questions share, or that take more than a line or two. */
import type { Sentence } from '../../simulator/api/codec';
import { isLetIn, NoConnection } from './conversation';
import type { LiveRouter } from './live-router';
import { MENUS } from './tidy';

export const PRINT = `${MENUS.v4}/print`;
export const SET = `${MENUS.v4}/set`;
export const REMOVE = `${MENUS.v4}/remove`;

/** A mail that reaches nobody, should the router take it: neither the server nor the name exists. */
export const SEND: Sentence = [
  '/tool/e-mail/send',
  '=to=nobody@fwknop-live.invalid',
  '=server=192.0.2.1',
  '=subject=fwknop-mikrotik test:live',
  '=body=to nobody',
];

/** More than RouterOS lets in by default, which is 20. */
const CROWD = 30;
/** Milliseconds in which the router notices that the crowd has left. */
const DISPERSAL = 1000;

/** Adds an entry with a timeout. @returns what the router shows of that */
export async function timeoutOf(live: LiveRouter, timeout: string): Promise<Sentence[]> {
  await live.entry('writer', { timeout });
  return live.show('timeout');
}

/** Adds an entry, and again. @returns the second answer */
export async function addTwice(live: LiveRouter): Promise<Sentence[]> {
  await live.entry('writer');
  return live.add('writer');
}

/** Logs in on more and more connections. @returns the first answer that lets nobody in */
export async function crowd(live: LiveRouter): Promise<Sentence[]> {
  await live.login('writer'); // The first one must get in, and throws if it does not.
  try {
    for (let count = 1; count < CROWD; count += 1) {
      const replies = await live.login('writer');
      if (!isLetIn(replies)) return replies;
    }
    return [[`(${CROWD} sessions at once)`]];
  } catch (error) {
    if (error instanceof NoConnection) return [[error.message]];
    throw error;
  } finally {
    live.dismiss();
    await live.pause(DISPERSAL);
  }
}

/** The group of the admin. */
export function ownGroup(live: LiveRouter): Promise<Sentence[]> {
  return live.talk('admin', '/user/print', '=.proplist=group', `?name=${live.user('admin').name}`);
}
