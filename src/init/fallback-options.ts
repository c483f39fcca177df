import type { Fault } from '../common/failure';
import { quote } from '../common/text';
import { BadValue } from '../common/values';
import { filledText } from '../config/settings';
import { type Knock, readKnock } from '../knock/knocks';
import { type Fallback, isHost } from './setup';

export const KINDS = ['sequence', 'payload', 'secret'] as const;
type Kind = (typeof KINDS)[number];

export const FALLBACK_TEXTS = [
  'fallback',
  'knocks',
  'payload',
  'passphrase-file',
  'always',
] as const;

/** The options that may stand with a kind, beside --knocks and --always. */
const FITTING: Readonly<Record<Kind, readonly string[]>> = {
  sequence: [],
  payload: ['payload', 'regexp'],
  secret: ['passphrase-file'],
};

/** Knocks that the kind takes. */
const EXAMPLES: Readonly<Record<Kind, string>> = {
  sequence: 'tcp/1337,udp/17954',
  payload: 'udp/1234',
  secret: 'udp/1234,udp/9876',
};

/** Every reader takes the values of its option and throws BadValue. */
export const FALLBACK_READERS = {
  fallback: ([value]: readonly string[]): Kind => {
    const kind = KINDS.find((name) => name === value);
    if (kind === undefined) throw new BadValue('expected sequence, payload or secret');
    return kind;
  },
  knocks: ([value = '']: readonly string[]): readonly Knock[] => value.split(',').map(readKnock),
  payload: ([value]: readonly string[]): string => filledText(value),
  always: ([value = '']: readonly string[]): readonly string[] => value.split(',').map(source),
};

/** The options of a fallback; undefined where an option is missing or bad. */
export interface GivenFallback {
  readonly kind: Kind | undefined;
  readonly knocks: readonly Knock[] | undefined;
  readonly payload: string | undefined;
  readonly always: readonly string[] | undefined;
  readonly layer7: boolean;
}

/**
 * Puts a fallback together; the hashes of the kind secret are not known yet.
 *
 * @param names the options that are given, good or bad
 * @param faults gets the contradictions
 * @returns undefined where no fallback is asked for, or its options are at fault
 */
export function makeFallback(
  { kind, knocks, payload, always = [], layer7 }: GivenFallback,
  names: readonly string[],
  faults: Fault[],
): Fallback | undefined {
  const misfits = names.filter((name) => isOfFallback(name) && !fits(name, kind));
  if (kind === undefined) {
    if (names.includes('fallback')) return undefined; // its reader has added the fault
    faults.push(...misfits.map((name) => ({ what: `--${name}: needs --fallback` })));
    return undefined;
  }
  faults.push(
    ...misfits.map((name) => ({ what: `--${name}: cannot be combined with --fallback ${kind}` })),
  );
  if (!names.includes('knocks')) {
    const hint = `for example --knocks ${EXAMPLES[kind]}`;
    faults.push({ what: `--fallback ${kind}: needs --knocks`, hint });
  }
  if (kind === 'payload' && !names.includes('payload')) {
    faults.push({ what: '--fallback payload: needs --payload' });
  }
  if (knocks === undefined) return undefined;
  if (kind === 'sequence') return { kind, always, knocks };
  if (kind === 'secret') return { kind, always, knocks, hashes: [] };
  const [knock, ...others] = knocks;
  if (others.length > 0) faults.push({ what: '--knocks: a payload is one packet' });
  return knock === undefined || payload === undefined
    ? undefined
    : { kind, always, knock, text: payload, layer7 };
}

function isOfFallback(name: string): boolean {
  return name === 'regexp' || (FALLBACK_TEXTS as readonly string[]).includes(name);
}

function fits(name: string, kind: Kind | undefined): boolean {
  if (kind === undefined) return false;
  return ['fallback', 'knocks', 'always', ...FITTING[kind]].includes(name);
}

/**
 * A single address, a range or a prefix of IPv4. A prefix is written with its first address: the
 * router would take 192.0.2.9/24 for the whole of 192.0.2.0/24.
 */
function source(text: string): string {
  const [from = '', to, ...more] = text.split('-');
  const isRange = to !== undefined && more.length === 0 && isHost(from) && isHost(to);
  if (!(isRange ? addressNumber(from) <= addressNumber(to) : isNetwork(text))) {
    throw new BadValue(
      `expected such as 192.0.2.1, 192.0.2.0/24 or 192.0.2.1-192.0.2.9, not ${quote(text)}`,
    );
  }
  return text;
}

function isNetwork(text: string): boolean {
  const [first = '', length = '32', ...more] = text.split('/');
  const isPrefix = more.length === 0 && /^(?:[1-9]|[12]\d|3[0-2])$/.test(length);
  return isHost(first) && isPrefix && addressNumber(first) % 2 ** (32 - Number(length)) === 0;
}

/** An IPv4 address as a number of 32 bits. */
export function addressNumber(address: string): number {
  return address.split('.').reduce((total, byte) => total * 256 + Number(byte), 0);
}
