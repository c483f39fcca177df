import { join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { serviceName } from '../access/service';
import { print, say } from '../cli/report';
import { ask, isTerminal } from '../cli/terminal';
import { EXIT } from '../common/failure';
import { shellWord } from '../common/text';
import { BadValue } from '../common/values';
import { secretPackets } from '../knock/packets';
import { passphrasesFor } from '../knock/passphrases';
import { stanzaName } from './client-files';
import { setupFiles } from './files';
import {
  DEFAULT_OUT,
  openQuestions,
  type Question,
  readCommandLine,
  readSetup,
  withAnswer,
} from './options';
import { drawText, phoneText } from './qr';
import { makeSecrets, type Setup } from './setup';
import { undoScript } from './undo';
import { USAGE } from './usage';
import { writeFiles } from './write';

type Texts = Parameters<typeof withAnswer>[0];

/**
 * `fwknop-mikrotik init`: writes the files of a new set-up and says what to do with them.
 *
 * @param argv the command line that follows `init`
 * @returns the exit status
 * @throws Failure `usage`; `config`, where the files cannot be written
 */
export async function run(argv: readonly string[]): Promise<number> {
  const { texts, switches } = await readCommandLine(argv);
  if (switches.has('help')) print(USAGE);
  else if (switches.has('undo')) print(undoScript());
  else {
    const answered = isTerminal() ? await askForMissing(texts) : texts;
    const setup = await withHashes(readSetup({ texts: answered, switches }), texts);
    const [out = DEFAULT_OUT] = texts.get('out') ?? [];
    const secrets = makeSecrets(setup.clients);
    writeFiles(out, setupFiles(setup, secrets), switches.has('force'));
    if (switches.has('qr')) {
      for (const [client, keys] of secrets.clients) {
        print(`${client}:\n${drawText(phoneText(keys), isatty(1))}`);
      }
    }
    print(nextSteps(setup, out));
  }
  return EXIT.open.status;
}

/** A fallback of the kind secret gets its hashes: its passphrases are kept nowhere. */
async function withHashes(setup: Setup, texts: Texts): Promise<Setup> {
  const { fallback } = setup;
  if (fallback?.kind !== 'secret') return setup;
  const { knocks } = fallback;
  const passphrases = await passphrasesFor(knocks, texts.get('passphrase-file')?.[0]);
  const hashes = secretPackets(knocks, passphrases).map(({ payload }) => payload.toString());
  return { ...setup, fallback: { ...fallback, hashes } };
}

async function askForMissing(given: Texts): Promise<Texts> {
  let texts = given;
  for (const question of openQuestions(given)) texts = await askUntilGood(texts, question);
  return texts;
}

async function askUntilGood(texts: Texts, question: Question): Promise<Texts> {
  for (;;) {
    const answer = await ask(`${question.question} [${question.defaultAnswer}]: `);
    try {
      return withAnswer(texts, question, answer);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      say(error.message);
    }
  }
}

/** What is left to do, a line a step. */
function nextSteps(setup: Setup, out: string): string {
  const folder = resolve(out);
  const file = (name: string) => shellWord(join(folder, name));
  const script = "'/import file-name=router.rsc; /file/remove router.rsc'";
  // Debian 13's fwknopd.conf enables NFQ capture, which fwknopd prefers to its UDP server and then hears
  // nothing. Debian's service is not enabled when it is installed.
  const lines = `ENABLE_NFQ_CAPTURE N;\\nENABLE_UDP_SERVER Y;\\nUDPSERV_PORT ${setup.spaPort};\\n`;
  const listen = `printf '${lines}'`;
  const [door] = setup.services;
  const knock = door === undefined ? '' : `fwknop -n ${stanzaName(setup, door)}`;
  return `The files are in ${folder}. What is left:
1. router: scp ${file('router.rsc')} admin@${setup.router}:router.rsc && ssh admin@${setup.router} ${script} (it prints a fingerprint)
2. fwknopd's machine: sudo install -b -m 600 ${file('mikrotik.toml')} ${file('access.conf')} /etc/fwknop/ (from another machine: copy the two there first; where access.conf has stanzas of your own: append ours to it instead)
3. there: sudo fwknop-mikrotik check --pin=FINGERPRINT (or write it into /etc/fwknop/mikrotik.toml: fingerprint = "FINGERPRINT")
4. there: ${listen} | sudo tee -a /etc/fwknop/fwknopd.conf && sudo systemctl enable fwknop-server && sudo systemctl restart fwknop-server
5. clients (${setup.clients.join(', ')}, a directory for each): append its fwknoprc to ~/.fwknoprc (mode 600), or let the phone scan its phone.svg, and knock: ${knock}
${fallbackStep(setup)}`;
}

function fallbackStep({ server, fallback }: Setup): string {
  if (fallback === undefined) return '';
  const knocks = fallback.kind === 'payload' ? [fallback.knock] : fallback.knocks;
  const carried = { sequence: '', payload: ' --payload TEXT', secret: ' --secret' }[fallback.kind];
  const command = `fwknop-mikrotik knock ${server} ${knocks.map(serviceName).join(' ')}${carried}`;
  return `6. when fwknopd's machine is down: ${command}\n`;
}
