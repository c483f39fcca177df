import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { splitCommandLine } from '../cli/arguments';
import { print } from '../cli/report';
import { isTerminal } from '../cli/terminal';
import { EXIT, Failure } from '../common/failure';
import { DEFAULT_ACCESS_CONF } from '../common/fwknopd';
import { shellWord } from '../common/text';
import { showPath } from '../common/trusted-file';
import { BadValue } from '../common/values';
import { type Config, DEFAULT_CONFIG_FILE, DEFAULT_DEADLINE, loadConfig } from '../config/config';
import { fingerprint } from '../config/settings';
import { labelOf } from '../router/router';
import { checkFwknopd } from './fwknopd-steps';
import { Output } from './output';
import { Pinning } from './pin';
import { checkRouter, routerSteps } from './router-steps';
import { USAGE } from './usage';

interface CheckOptions {
  readonly config: string;
  readonly accessConf: string;
  /** A fingerprint, or `ask`. */
  readonly pin: string | undefined;
}

/**
 * Says step by step what works and how to mend what does not, from the configuration to fwknopd.
 *
 * @returns the exit status: that of the first failure, which is the one that an opening would have
 * @throws Failure `usage`
 */
export async function run(argv: readonly string[]): Promise<number> {
  const request = await readRequest(argv);
  if (request === undefined) {
    print(USAGE);
    return EXIT.open.status;
  }
  const report = new Output(print, isatty(1) && !process.env.NO_COLOR);
  const config = readConfig(request.config, report);
  if (config !== undefined) await checkRouters(config, request, report);
  const check = {
    accessConf: request.accessConf,
    config: request.config,
    syslog: config?.syslog,
    deadline: config?.deadline ?? DEFAULT_DEADLINE,
  };
  await checkFwknopd(check, report.about('fwknopd'));
  return report.status;
}

/** @returns undefined where help is asked for */
async function readRequest(argv: readonly string[]): Promise<CheckOptions | undefined> {
  const {
    positionals: words,
    texts,
    switches,
  } = await splitCommandLine(argv, {
    texts: ['config', 'access-conf', 'pin'],
    optional: ['pin'],
    switches: ['help'],
    help: 'fwknop-mikrotik check --help',
  });
  if (switches.has('help')) return undefined;
  if (words.length > 0) {
    const hint = texts.has('pin') ? 'write --pin=HEX' : 'see fwknop-mikrotik check --help';
    throw new Failure('usage', 'check: takes options only', hint);
  }
  const config = resolve(texts.get('config')?.[0] ?? DEFAULT_CONFIG_FILE);
  return {
    config,
    accessConf: resolve(texts.get('access-conf')?.[0] ?? DEFAULT_ACCESS_CONF),
    pin: readPin(texts.get('pin')?.[0]),
  };
}

/** Reads the value of --pin: a fingerprint, or `ask` where it is empty. @throws Failure `usage` */
export function readPin(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (value === '') {
    if (isTerminal()) return 'ask';
    const hint = 'name the fingerprint: --pin=HEX';
    throw new Failure('usage', '--pin: there is no terminal to ask on', hint);
  }
  try {
    return fingerprint(value);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new Failure('usage', `--pin: ${error.message}`);
  }
}

function readConfig(path: string, report: Output): Config | undefined {
  const section = report.about('configuration');
  const flags = { config: path, list: undefined, deadline: undefined, syslog: undefined };
  try {
    const config = loadConfig({ ...flags, router: {} });
    const count = config.routers.length;
    section.ok('file', `${showPath(path)}, ${count} ${count === 1 ? 'router' : 'routers'}`);
    return config;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    section.fail('file', error);
    report.about('router').skip(routerSteps({ email: undefined }), 'no configuration');
    return undefined;
  }
}

async function checkRouters(
  { routers, deadline }: Config,
  { config, pin }: CheckOptions,
  report: Output,
): Promise<void> {
  const named = config === DEFAULT_CONFIG_FILE ? '' : ` --config ${shellWord(config)}`;
  const wanted = pin === 'ask' ? undefined : pin;
  const pinning = pin === undefined ? undefined : new Pinning(config, wanted, routers.length === 1);
  const pinCommand = `fwknop-mikrotik check${named} --pin`;
  for (const [index, router] of routers.entries()) {
    const section = report.about(labelOf(router));
    await checkRouter(router, index, { deadline, pinning, pinCommand }, section);
  }
  try {
    pinning?.requirePinned();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    report.about('pin').fail('--pin', error);
  }
}
