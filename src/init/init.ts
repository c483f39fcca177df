import { isatty } from 'node:tty';
import { print, say } from '../cli/report';
import { ask, isTerminal } from '../cli/terminal';
import { EXIT, faultText } from '../common/failure';
import { BadValue } from '../common/values';
import { secretPackets } from '../knock/packets';
import { passphrasesFor } from '../knock/passphrases';
import { setupFiles } from './files';
import {
  DEFAULT_OUT,
  openQuestions,
  type Question,
  readCommandLine,
  readSetup,
  warningsOf,
  withAnswer,
} from './options';
import { drawText, phoneText } from './qr';
import { makeSecrets, type Setup } from './setup';
import { remainingSteps } from './steps';
import { type ThisHost, thisHost } from './this-host';
import { undoScript } from './undo';
import { USAGE } from './usage';
import { writeFiles } from './write';

type Texts = Parameters<typeof withAnswer>[0];

/**
 * `fwknop-mikrotik init`: writes the files of a new setup and prints the steps that are left.
 *
 * @param argv the command line that follows `init`
 * @returns the exit status
 * @throws Failure `usage`; `config` where the files cannot be written
 */
export async function run(argv: readonly string[]): Promise<number> {
  const { texts, switches } = await readCommandLine(argv);
  if (switches.has('help')) print(USAGE);
  else if (switches.has('undo')) print(undoScript());
  else {
    const host = thisHost();
    const answered = isTerminal() ? await askForMissing(texts, host) : texts;
    const setup = await withHashes(readSetup({ texts: answered, switches }, host), texts);
    const [out = DEFAULT_OUT] = texts.get('out') ?? [];
    const secrets = makeSecrets(setup.clients);
    writeFiles(out, setupFiles(setup, secrets), switches.has('force'));
    for (const warning of warningsOf(setup)) say(faultText(warning));
    if (switches.has('qr')) {
      for (const [client, keys] of secrets.clients) {
        print(`${client}:\n${drawText(phoneText(keys), isatty(1))}`);
      }
    }
    print(remainingSteps(setup, out, host));
  }
  return EXIT.open.status;
}

/** Adds the hashes to a fallback of the kind secret: its passphrases are kept nowhere. */
async function withHashes(setup: Setup, texts: Texts): Promise<Setup> {
  const { fallback } = setup;
  if (fallback?.kind !== 'secret') return setup;
  const { knocks } = fallback;
  const passphrases = await passphrasesFor(knocks, texts.get('passphrase-file')?.[0]);
  const hashes = secretPackets(knocks, passphrases).map(({ payload }) => payload.toString());
  return { ...setup, fallback: { ...fallback, hashes } };
}

async function askForMissing(given: Texts, host: ThisHost): Promise<Texts> {
  let texts = given;
  for (;;) {
    const [question] = openQuestions(texts, host);
    if (question === undefined) return texts;
    texts = await askUntilGood(texts, question);
  }
}

async function askUntilGood(texts: Texts, question: Question): Promise<Texts> {
  const { defaultAnswer } = question;
  const shown = defaultAnswer === undefined ? '' : ` [${defaultAnswer}]`;
  for (;;) {
    const answer = await ask(`${question.question}${shown}: `);
    try {
      return withAnswer(texts, question, answer);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      say(error.message);
    }
  }
}
