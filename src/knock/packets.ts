import { createHash } from 'node:crypto';
import { serviceName } from '../access/service';
import { Failure } from '../common/failure';
import type { Knock } from './knocks';

/** A knock and the content of its packet; that of a TCP knock is empty. */
export interface Packet {
  readonly knock: Knock;
  readonly payload: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** Makes the packets of a plain sequence. */
export function emptyPackets(knocks: readonly Knock[]): readonly Packet[] {
  return knocks.map((knock) => ({ knock, payload: NOTHING }));
}

/** Makes UDP packets that carry a text. @throws Failure `usage`: a TCP knock among them */
export function textPackets(knocks: readonly Knock[], text: string): readonly Packet[] {
  const tcp = knocks.find(({ protocol }) => protocol === 'tcp');
  if (tcp !== undefined) {
    throw new Failure('usage', `--payload: ${serviceName(tcp)} cannot carry one`, 'use UDP knocks');
  }
  return knocks.map((knock) => ({ knock, payload: Buffer.from(text) }));
}

/**
 * Makes the packets of spknock (spknock.py): each UDP packet carries the SHA-256 of its own
 * passphrase.
 *
 * @param passphrases one a knock, empty for a TCP knock
 * @throws Failure `usage`: too many passphrases, too few, or one in the wrong place
 */
export function secretPackets(
  knocks: readonly Knock[],
  passphrases: readonly string[],
): readonly Packet[] {
  const [needed, given] = [knocks.length, passphrases.length];
  if (given !== needed) {
    throw new Failure(
      'usage',
      `${count(given, 'passphrase')} for ${count(needed, 'knock')}`,
      'give a line a knock, an empty one for TCP',
    );
  }
  if (knocks.every(({ protocol }) => protocol === 'tcp')) {
    throw new Failure('usage', 'passphrases: no UDP knock to carry one');
  }
  return knocks.map((knock, index) => {
    const passphrase = passphrases[index] ?? '';
    const isTcp = knock.protocol === 'tcp';
    if (isTcp && passphrase !== '') {
      const what = `passphrase ${index + 1}: ${serviceName(knock)} cannot carry one`;
      throw new Failure('usage', what, 'use a UDP knock, or leave its line empty');
    }
    if (isTcp) return { knock, payload: NOTHING };
    if (passphrase === '') {
      throw new Failure('usage', `passphrase ${index + 1}: empty, for ${serviceName(knock)}`);
    }
    return { knock, payload: Buffer.from(hashOf(passphrase)) };
  });
}

/** The SHA-256 of a passphrase in UTF-8, in 64 lower-case hex digits. */
export function hashOf(passphrase: string): string {
  return createHash('sha256').update(passphrase).digest('hex');
}

/**
 * Splits a text into passphrases, one a line; the last line may lack its end.
 *
 * @param name of the text's source, for messages
 * @throws Failure `config`: not UTF-8, which would give another hash
 */
export function passphrasesIn(text: string, name: string): readonly string[] {
  if (text.includes('\ufffd')) throw new Failure('config', `${name}: not UTF-8`);
  if (text === '') return [];
  // The byte order mark that Windows puts before a text is no part of a passphrase.
  return text.replace(/^\ufeff|\r?\n$/g, '').split(/\r?\n/);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
