/**
 * The router at hand, and what a question may do there: over the API as one of the users, and with
 * the shipped executable; in an address list of its own, which is emptied after each question.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sentence } from '../../simulator/api/codec';
import { run } from '../support/run';
import { Conversation, isLetIn } from './conversation';
import { hider } from './secrets';
import type { Login, Role, Settings } from './settings';
import { type Added, type Family, MENUS, removeAdded, removeFound } from './tidy';

/** How the report calls the list of a question. */
export const LIST = 'FWKNOP_LIVE';
/** The usual values of an entry: it expires soon, so that it goes even if it cannot be removed. */
const ENTRY = {
  v4: { address: '192.0.2.1', timeout: '30s' },
  v6: { address: '2001:db8::1', timeout: '30s' },
};
const COMMENT = 'fwknop-mikrotik test:live';

/** Words that name a user or a group. */
const NAME = /^([=?](?:name|group)=)(?!<).*/;

/** One thing said to the router, and its answer, without secrets. */
export interface Exchange {
  /** A role; `nobody`, who has not logged in; or `$`, the executable. */
  readonly who: Role | 'nobody' | '$';
  readonly sent: Sentence;
  readonly replies: readonly Sentence[];
}

export class LiveRouter {
  /** All sentences since this was emptied. */
  exchanges: Exchange[] = [];
  /** Makes a text fit for the report. */
  readonly hide: (text: string) => string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'fwknop-live-'));
  readonly #conversations = new Map<Role, Conversation>();
  readonly #strangers: Conversation[] = [];
  /** Unlike any list that somebody else may have, and another one for each question. */
  readonly #run = `${LIST}_${randomBytes(6).toString('hex').toUpperCase()}`;
  #questions = 0;
  #added: Added[] = [];
  /** The lists in which something may be left. */
  readonly #unsure = new Set<string>();

  /** @param stop aborted when no further step shall begin; a step that has begun is ended */
  constructor(
    readonly settings: Settings,
    private readonly stop: AbortSignal,
  ) {
    this.hide = hider(settings);
  }

  /** The list of this question. */
  get list(): string {
    return `${this.#run}_${this.#questions}`;
  }

  /** Says a sentence as a user who has logged in. @returns the reply, as `Conversation.ask` does */
  async talk(role: Role, ...words: Sentence): Promise<Sentence[]> {
    this.stop.throwIfAborted();
    const replies = await (await this.#as(role)).ask(...words);
    return this.#note(role, words, replies);
  }

  /** Adds to the list of this question. @param values to be left out where undefined */
  async add(
    role: Role,
    values: Readonly<Record<string, string | undefined>> = {},
    family: Family = 'v4',
  ): Promise<Sentence[]> {
    if ('timeout' in values) this.user('admin'); // Only who may read can find what stays for long.
    this.#unsure.add(this.list);
    const given = { list: this.list, ...ENTRY[family], comment: COMMENT, ...values };
    const words = Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : `=${name}=${value}`,
    );
    const replies = await this.talk(role, `${MENUS[family]}/add`, ...words);
    const id = idIn(replies);
    if (id !== '') this.#added.push({ family, id });
    return replies;
  }

  /** Adds an entry that a question is about. @returns its id; throws when there is none */
  async entry(...given: Parameters<LiveRouter['add']>): Promise<string> {
    const id = idIn(await this.add(...given));
    if (id === '') throw new Error('the add that the question needs was answered with no id');
    return id;
  }

  /** The list of this question as the admin sees it. @param proplist such as `address,timeout` */
  show(proplist: string, family: Family = 'v4', ...query: Sentence): Promise<Sentence[]> {
    const words = [`=.proplist=${proplist}`, `?list=${this.list}`, ...query];
    return this.talk('admin', `${MENUS[family]}/print`, ...words);
  }

  /** Says something on a connection of its own. @param shown what the report shows as sent */
  async stranger(
    shown: Sentence,
    say: (conversation: Conversation) => Promise<Sentence[]>,
  ): Promise<Sentence[]> {
    this.stop.throwIfAborted();
    const conversation = await Conversation.open(this.settings).catch((error: Error) => {
      this.#note('nobody', shown, [[error.message]]);
      throw error;
    });
    this.#strangers.push(conversation);
    return this.#note('nobody', shown, await say(conversation));
  }

  /** Logs in on a connection of its own. */
  login(role: Role): Promise<Sentence[]> {
    const shown = ['/login', `=name=<${role}>`, '=password=***'];
    return this.stranger(shown, (conversation) => conversation.login(this.user(role)));
  }

  /** Connects to another port, and returns the outcome. */
  async knockAt(port: number | undefined): Promise<Sentence[]> {
    this.stop.throwIfAborted();
    if (port === undefined) throw new Error('no such port');
    const { host } = this.settings;
    return this.#note('nobody', ['(connects)'], await Conversation.knockAt(host, port));
  }

  /**
   * Runs the shipped executable, with this question's list for every service.
   * @param args flags, and fwknopd's four words
   * @param password another than the role's
   * @returns its exit status and what it says
   */
  async knock(role: Role, args: readonly string[], password?: string): Promise<Sentence[]> {
    this.stop.throwIfAborted();
    this.#unsure.add(this.list);
    const config = this.#configuration({ ...this.user(role), ...(password && { password }) });
    const { status, stderr } = await run(['--config', config, ...args]);
    const said = stderr.split('\n').filter((line) => line !== '');
    return this.#note('$', ['fwknop-mikrotik', ...args], [[`(exit status ${status})`, ...said]]);
  }

  async pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.stop });
  }

  /** The login of a role, which the question said it needs. */
  user(role: Role): Login {
    const login = this.settings.users[role];
    if (login === undefined) throw new Error(`no user for ${role}`);
    return login;
  }

  /** Ends the connections of strangers. */
  dismiss(): void {
    for (const conversation of this.#strangers.splice(0)) conversation.close();
  }

  /** Removes what a question left, and takes another list for the next one. Never throws. */
  async tidy(): Promise<void> {
    this.dismiss();
    const { admin } = this.settings.users;
    try {
      if (this.#unsure.size > 0 && admin !== undefined) {
        const conversation = await this.#as('admin');
        for (const list of this.#unsure) {
          if (await removeFound(conversation, list)) this.#unsure.delete(list);
        }
      } else if (this.#added.length > 0) {
        await removeAdded(await this.#as('writer'), this.#added);
      }
    } catch {
      // Tried again after the next question; in the end the report says what may be left.
    }
    this.#added = [];
    this.#questions += 1;
  }

  /** Ends it all. @returns whether something may be left in the lists; never throws */
  async leave(): Promise<boolean> {
    await this.tidy();
    for (const conversation of this.#conversations.values()) conversation.close();
    rmSync(this.#folder, { recursive: true, force: true });
    return this.#unsure.size > 0;
  }

  async #as(role: Role): Promise<Conversation> {
    const before = this.#conversations.get(role);
    if (before !== undefined && !before.isOver) return before;
    const conversation = await Conversation.open(this.settings);
    const replies = await conversation.login(this.user(role));
    if (!isLetIn(replies)) {
      conversation.close();
      throw new Error(`the login as ${role} was answered with ${replies.flat().join(' ')}`);
    }
    this.#conversations.set(role, conversation);
    return conversation;
  }

  #note(who: Exchange['who'], sent: Sentence, replies: Sentence[]): Sentence[] {
    const plain = (words: Sentence) => words.map((word) => word.replaceAll(this.list, LIST));
    const shown = (words: Sentence) =>
      plain(words).map((word) => this.hide(word.replace(NAME, '$1<name>')));
    this.exchanges.push({ who, sent: shown(sent), replies: replies.map(shown) });
    return replies.map(plain);
  }

  /** Writes a configuration that knows this question's list only. @returns its path */
  #configuration({ name, password }: Login): string {
    const { host, port, trust, caFile } = this.settings;
    const secret = join(this.#folder, 'password');
    writeFileSync(secret, `${password}\n`, { mode: 0o600 });
    const pin = trust.mode === 'pinned' ? { fingerprint: trust.fingerprint } : {};
    const ca = trust.mode === 'verify' && caFile !== undefined ? { 'ca-file': caFile } : {};
    const router = { name: 'live', host, port, user: name, 'password-file': secret, ...pin, ...ca };
    const tls = trust.mode === 'pinned' ? 'verify' : trust.mode;
    const toToml = (values: object) =>
      Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
    const file = join(this.#folder, 'mikrotik.toml');
    const ours = { list: this.list, comment: COMMENT, syslog: 'off', deadline: '8s' };
    const text = [...toToml(ours), '[[router]]\n', ...toToml({ ...router, tls })].join('');
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }
}

/** The id in the answer to an add; '' if there is none. */
function idIn(replies: readonly Sentence[]): string {
  const [, id = ''] = /^=ret=(\*[0-9A-F]+)$/.exec(replies.at(-1)?.[1] ?? '') ?? [];
  return id;
}
