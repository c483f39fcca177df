/**
 * RouterOS's own words, in one place. docs/notes/routeros.md explains the marks; the words behind a
 * letter name the question of test/live/questions.ts that a real router answers.
 */
import type { Sentence } from './codec';

export const TEXT = {
  /** [C] login from 6.43 on; a frame published from a 6.47.6 router has it. */
  wrongPassword: 'invalid user name or password (6)',
  /** [C] login before 6.43. */
  wrongResponse: 'cannot log in',
  /** [C] login of a user whose group lacks the policy `api` (CHR 7.23.2 and 7.23.3, published). */
  notAllowed: 'std failure: not allowed (9)',
  /** [C] a `!fatal`: a command came before the login (CHR 7.23.3, published). */
  notLoggedIn: 'not logged in',
  /** [C] a `!fatal` on v6: the fifth failed login on one connection. */
  tooManyLogins: 'too many commands before login',
  /** [C] the group lacks a policy that the command needs. */
  noPermission: 'not enough permissions (9)',
  /** [C] `add` of what the list holds already; its category is unknown, so none is sent
   * [? entry-exists-category]. */
  entryExists: 'failure: already have such entry',
  /** [C] `set` or `remove` of an entry that is gone. */
  noSuchItem: 'no such item',
  /** [C] a `!fatal`: the answer to `/quit`. */
  quit: 'session terminated on request',
  /** [P unknown-command] go-routeros and others: an unknown command of a menu that is there. */
  noSuchCommand: 'no such command',
  /** [P unknown-menu] librouteros, Home Assistant and others: a menu that is not there. */
  noSuchMenu: 'no such command prefix',
  /** [C] manual, "Address lists": a timeout above 21474836 s. */
  timeoutOutOfRange: 'value of timeout is out of range (00:00:00 .. 35w3d13:13:56)',
  /** [P no-time] published for other timeouts: a value that is no time at all, also the empty one. */
  noTime: 'invalid time value for argument timeout',
  /** [C] manual, "Address lists": text with a colon that is no address of this menu. The manual
   * shows it for an IPv6 range in the v6 menu; for an IPv6 address in the v4 menu it is
   * [I v6-in-v4-list]. */
  noDnsName: (address: string) => `failure: ${address} is not a valid dns name`,
  /** [P unknown-parameter] an argument the command does not know. */
  unknownParameter: (name: string) => `unknown parameter ${name}`,
  /** [P address-left-out] an argument that must be there is not. */
  missingValue: (name: string) => `missing value(s) of argument(s) ${name}`,
  /** [P missing-id] `set` or `remove` without an id. */
  missingId: 'missing =.id=',
  /** [P no-boolean] neither yes nor no. */
  noBoolean: (name: string) => `input does not match any value of ${name}`,
} as const;

/** The answer to one sentence: sentences, and whether the router closes the connection then. */
export interface Reply {
  sentences: Sentence[];
  closes?: boolean;
}

/** A command refused: becomes `!trap` and then `!done` [C]. */
export class Trap extends Error {
  /** @param category 0 missing item or command, 1 argument value, … [C]; which trap carries which
   *   is [I trap-category], and many carry none */
  constructor(
    message: string,
    readonly category?: number,
  ) {
    super(message);
  }

  get reply(): Reply {
    const category = this.category === undefined ? [] : [`=category=${this.category}`];
    return { sentences: [['!trap', ...category, `=message=${this.message}`], ['!done']] };
  }
}

/** The success of a command that has something to say (`=ret=`) or nothing. */
export function done(...words: string[]): Reply {
  return { sentences: [['!done', ...words]] };
}

/** The end of a session: a bare word, no `=message=`, and the connection closes [C]. */
export function fatal(text: string): Reply {
  return { sentences: [['!fatal', text]], closes: true };
}

/**
 * Gives every sentence the tag of the command it answers [C]. An empty tag is none [C]. A `!fatal`
 * ends the connection, not a command, and goes without [I fatal-tag].
 */
export function tagged(sentences: Sentence[], tag: string): Sentence[] {
  return sentences.map((words) =>
    tag === '' || words[0] === '!fatal' ? words : [...words, `.tag=${tag}`],
  );
}
