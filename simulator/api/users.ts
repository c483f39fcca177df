/** Users, their policies, and both ways to log in. */
import { createHash, randomBytes } from 'node:crypto';
import { BlockList } from 'node:net';
import { attributes, type Sentence } from './codec';
import { done, fatal, type Reply, TEXT, Trap } from './replies';

/** Policies of a user's group, as the manual lists them [C]; `write` does not include `read` [C]. */
export const POLICIES = [
  'local',
  'telnet',
  'ssh',
  'ftp',
  'reboot',
  'read',
  'write',
  'policy',
  'test',
  'winbox',
  'password',
  'web',
  'sniff',
  'sensitive',
  'api',
  'romon',
  'rest-api',
] as const;
export type Policy = (typeof POLICIES)[number];

export interface User {
  name: string;
  password: string;
  policies: Policy[];
  /** The only address or network it may log in from; any, if left out or empty. */
  address?: string;
}

/** `plain` is RouterOS 6.43 and later, `challenge` is before [C]. */
export type LoginStyle = 'plain' | 'challenge';

/** [C] published for v6: four traps, and the fifth failure ends the connection. */
const FAILURES_BEFORE_CLOSING = 5;

/**
 * The answer to a challenge: `00` and the MD5 of a zero byte, the password and the challenge [C].
 * @param challenge 32 hex digits
 */
export function challengeResponse(password: string, challenge: string): string {
  const hash = createHash('md5').update('\0').update(password, 'latin1');
  return `00${hash.update(challenge, 'hex').digest('hex')}`;
}

/** Is an address in one of the networks? @param networks with commas between; empty: anywhere */
export function covers(networks: string, address: string): boolean {
  if (networks === '') return true;
  const list = new BlockList();
  for (const network of networks.split(',')) {
    const [host = '', prefix = '32'] = network.split('/');
    list.addSubnet(host, Number(prefix));
  }
  return list.check(address);
}

/** The login of one connection. */
export class Login {
  /** The user who is logged in. */
  user?: User;
  private challenge = '';
  private failures = 0;

  constructor(
    private readonly users: User[],
    private readonly style: LoginStyle,
    /** Where the connection comes from. */
    private readonly from = '127.0.0.1',
  ) {}

  /** Answers a `/login` sentence. */
  attempt(words: Sentence): Reply {
    const given = attributes(words);
    // From an address that is not the user's it looks as if there were no such user
    // [I user-address].
    const user = this.users.find(
      ({ name, address = '' }) => name === given.get('name') && covers(address, this.from),
    );

    if (this.style === 'plain') {
      // Nothing is known about a `/login` without a password here: it is a wrong one
      // [? login-without-password].
      return user && user.password === given.get('password')
        ? this.admit(user)
        : this.refuse(TEXT.wrongPassword);
    }
    const response = given.get('response');
    if (response === undefined) {
      // An old router takes no notice of a password: it answers with the challenge [C].
      this.challenge = randomBytes(16).toString('hex');
      return done(`=ret=${this.challenge}`);
    }
    return user && response === challengeResponse(user.password, this.challenge)
      ? this.admit(user)
      : this.refuse(TEXT.wrongResponse);
  }

  private admit(user: User): Reply {
    if (!user.policies.includes('api')) return this.refuse(TEXT.notAllowed);
    this.user = user;
    return done();
  }

  private refuse(message: string): Reply {
    this.failures += 1;
    if (this.failures >= FAILURES_BEFORE_CLOSING) return fatal(TEXT.tooManyLogins);
    return new Trap(message).reply;
  }
}
