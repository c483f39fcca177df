import { serviceName } from '../access/service';
import { askSecret, isTerminal } from '../cli/terminal';
import { Failure } from '../common/failure';
import { readTrustedFile } from '../common/trusted-file';
import type { Knock } from './knocks';
import { passphrasesIn } from './packets';

/**
 * Gets a passphrase for each knock: from a file, or asked for without echo. A TCP knock has an empty
 * one, which is not asked for.
 *
 * @throws Failure `config`: the file is missing or insecure; `usage`: there is no terminal
 */
export async function passphrasesFor(
  knocks: readonly Knock[],
  file: string | undefined,
): Promise<readonly string[]> {
  if (file !== undefined) return passphraseFile(file);
  if (!isTerminal()) {
    const what = 'passphrases: no terminal to ask for them on';
    throw new Failure('usage', what, 'use --passphrase-file');
  }
  const passphrases: string[] = [];
  for (const knock of knocks) {
    const isTcp = knock.protocol === 'tcp';
    passphrases.push(isTcp ? '' : await askSecret(`passphrase for ${serviceName(knock)}: `));
  }
  return passphrases;
}

/** Reads a file of passphrases, one a line. @throws Failure `config` */
export function passphraseFile(path: string): readonly string[] {
  // Messages do not repeat the path, which may be a passphrase.
  const name = 'passphrase file';
  const file = readTrustedFile(path, name);
  file.requireSecrecy();
  return passphrasesIn(file.text, name);
}
