import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { version } from '../../package.json';
import { Failure } from '../common/failure';
import { printable, shellWord } from '../common/text';
import { showPath } from '../common/trusted-file';
import { checkOwners } from './code';
import type { Finding } from './output';
import { resolveProgram } from './program-path';
import { runProgram } from './run-program';

const LONGEST_SHEBANG = 256; // bytes, Linux's BINPRM_BUF_SIZE
/** Directories that dash and bash search without a PATH. */
const SHELL_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** The program's own line where it cannot run: that Node.js is missing, or that it is not built. */
const SAID = /^fwknop-mikrotik: (.{1,120}?)(?:; hint: ([\x20-\x7e]{1,120}))?$/m;

/** The process that runs a command. */
export interface Caller {
  /** The directories in which it looks for a command without a path (execvpe(3)). */
  readonly path: readonly string[];
  /** The environment that the command gets. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Checks that fwknopd gets this program to run: first its files, so that a fault can be named, and
 * then its answer to --version.
 *
 * @param words the command line up to the program: itself, or an interpreter and it
 * @param wrapper the script that runs them, absolute; undefined where fwknopd does
 * @param caller fwknopd
 * @param seconds how long it may take
 */
export async function checkProgram(
  words: readonly string[],
  wrapper: string | undefined,
  { path, environment }: Caller,
  seconds: number,
): Promise<readonly Finding[]> {
  const step = 'program';
  const [first = '', ...rest] = words;
  const searched = wrapper === undefined ? path : SHELL_PATH;
  let interpreter: string;
  let program: string;
  try {
    if (wrapper !== undefined) requireRunnable(wrapper);
    interpreter = requireProgram(first, searched);
    // An interpreter takes its script from the directory /; env and timeout search for a program.
    const script = rest.at(-1);
    program =
      script === undefined
        ? interpreter
        : (resolveProgram(`/${script}`) ?? requireProgram(script, searched));
    if (script === undefined) requireRunnable(program);
    else requireExecutable(interpreter);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.faults.map((fault) => ({ status: 'FAIL', step, ...fault }));
  }
  const { isFine, stdout, stderr } = await runProgram(
    interpreter,
    [...rest, '--version'],
    seconds,
    environment,
  );
  const shown = stdout.trim();
  const isEmpty = Object.keys(environment).length === 0;
  const surroundings = isEmpty ? 'an empty environment' : "fwknopd's environment";
  if (!isFine || !/^\d+\.\d+\.\d+\S{0,20}$/.test(shown)) {
    const [, why = `does not run with ${surroundings}`, hint] = SAID.exec(stderr) ?? [];
    const what = `${showPath(program)}: ${printable(why)}`;
    const command = [interpreter, ...rest, '--version'].join(' ');
    return [
      {
        status: 'FAIL',
        step,
        what,
        hint: hint ?? `see why: ${isEmpty ? `cd / && env -i ${command}` : command}`,
      },
    ];
  }
  const by = wrapper === undefined ? '' : `, run by ${showPath(wrapper)}`;
  const runs = `${showPath(program)}, version ${shown}, runs with ${surroundings}${by}`;
  const findings: Finding[] = [{ status: 'ok', step, what: runs }];
  if (shown !== version) {
    const hint = 'check with the one that fwknopd runs';
    findings.push({ status: 'warn', step, what: `this check is of version ${version}`, hint });
  }
  const files = [wrapper, interpreter, program].filter((file) => file !== undefined);
  return [...findings, ...checkOwners(files)];
}

function requireProgram(word: string, path: readonly string[]): string {
  const found = resolveProgram(word, path);
  if (found !== undefined) return found;
  if (word.includes('/')) {
    const hint = 'name the installed program';
    throw new Failure('config', `${showPath(resolve('/', word))}: no such file`, hint);
  }
  const what = `${showPath(word)}: not found where fwknopd looks: ${path.join(', ')}`;
  throw new Failure('config', what, `write the path that command -v ${basename(word)} prints`);
}

function requireExecutable(path: string): void {
  if (isExecutable(path)) return;
  const hint = `chmod a+rx ${shellWord(path)}`;
  throw new Failure('config', `${showPath(path)}: not executable`, hint);
}

/** Refuses a program that cannot be executed, or whose interpreter cannot be found. */
function requireRunnable(path: string): void {
  requireExecutable(path);
  requireInterpreter(path);
}

/** The interpreter in the first line of a script must be found without a PATH. */
function requireInterpreter(script: string): void {
  const [, interpreter = '', name] =
    /^#!\s*(\S+)(?:[ \t]+([^\s-]\S*))?/.exec(firstBytes(script)) ?? [];
  if (interpreter === '') return; // a program of its own
  const hint = `name Node.js by its full path: CMD_CYCLE_OPEN /path/to/node --use-openssl-ca ${script} ...`;
  if (basename(interpreter) === 'env' && name !== undefined) {
    if (resolveProgram(name) !== undefined) return;
    const what = `${showPath(script)}: ${name} is in neither /usr/bin nor /bin, and fwknopd has no PATH to look in`;
    throw new Failure('config', what, hint);
  }
  if (isExecutable(interpreter)) return;
  throw new Failure(
    'config',
    `${showPath(script)}: its interpreter ${interpreter} is missing`,
    hint,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function firstBytes(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(LONGEST_SHEBANG);
    return bytes.toString('latin1', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
