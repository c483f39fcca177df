import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { version } from '../../package.json';
import { Failure } from '../common/failure';
import { printable, shellWord } from '../common/text';
import { showPath } from '../common/trusted-file';
import type { Finding } from './output';
import { runProgram } from './run-program';

/** Where a program without a path is looked for when there is no PATH. */
const DEFAULT_PATH = ['/bin', '/usr/bin'];
const LONGEST_SHEBANG = 256; // bytes, Linux's BINPRM_BUF_SIZE
/** What the program says of itself when it cannot run: that there is no Node.js, or nothing built. */
const SAID = /^fwknop-mikrotik: (.{1,120}?)(?:; hint: ([\x20-\x7e]{1,120}))?$/m;

/**
 * Checks that fwknopd, with its empty environment, gets this program to run: by its files, so that
 * what is wrong can be named, and then by running it for its version.
 *
 * @param head the command line up to the program: itself, or an interpreter and it
 * @param seconds how long it may take
 */
export async function checkProgram(
  head: readonly string[],
  seconds: number,
): Promise<readonly Finding[]> {
  const step = 'program';
  const [first = '', ...rest] = head;
  const program = rest.at(-1) ?? first;
  try {
    for (const path of [first, program]) requireAbsolute(path);
    requireExecutable(first);
    if (program === first) requireInterpreter(program);
    else requireFile(program);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.faults.map((fault) => ({ status: 'FAIL', step, ...fault }));
  }
  const { isFine, stdout, stderr } = await runProgram(first, [...rest, '--version'], seconds);
  const shown = stdout.trim();
  if (!isFine || !/^\d+\.\d+\.\d+\S{0,20}$/.test(shown)) {
    const [, why = 'does not run with an empty environment', mend] = SAID.exec(stderr) ?? [];
    const what = `${showPath(program)}: ${printable(why)}`;
    const hint = mend ?? `see why: cd / && env -i ${[...head, '--version'].join(' ')}`;
    return [{ status: 'FAIL', step, what, hint }];
  }
  const runs = `${showPath(program)}, version ${shown}, runs with an empty environment`;
  const findings: Finding[] = [{ status: 'ok', step, what: runs }];
  if (shown !== version) {
    const hint = 'check with the one that fwknopd runs';
    findings.push({ status: 'warn', step, what: `this check is of version ${version}`, hint });
  }
  return [...findings, ...checkModes(program)];
}

function requireAbsolute(path: string): void {
  if (path.startsWith('/')) return;
  const what = `${showPath(path)}: no absolute path, and fwknopd has no PATH to look in`;
  throw new Failure('config', what, `write the path that command -v ${basename(path)} prints`);
}

function requireFile(path: string): void {
  try {
    if (statSync(path).isFile()) return;
  } catch {
    // Not there, or not to be seen, which for fwknopd is the same.
  }
  throw new Failure('config', `${showPath(path)}: no such file`, 'name the installed program');
}

function requireExecutable(path: string): void {
  requireFile(path);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new Failure(
      'config',
      `${showPath(path)}: not executable`,
      `chmod a+rx ${shellWord(path)}`,
    );
  }
}

/** What the first line of a script names must be found without a PATH. */
function requireInterpreter(script: string): void {
  const [, interpreter = '', name] =
    /^#!\s*(\S+)(?:[ \t]+([^\s-]\S*))?/.exec(firstBytes(script)) ?? [];
  if (interpreter === '') return; // a program of its own
  const mend = `name Node.js by its full path: CMD_CYCLE_OPEN /path/to/node --use-openssl-ca ${script} ...`;
  if (basename(interpreter) === 'env' && name !== undefined) {
    if (DEFAULT_PATH.some((folder) => isExecutable(`${folder}/${name}`))) return;
    const what = `${showPath(script)}: ${name} is in neither /usr/bin nor /bin, and fwknopd has no PATH to look in`;
    throw new Failure('config', what, mend);
  }
  if (isExecutable(interpreter)) return;
  throw new Failure(
    'config',
    `${showPath(script)}: its interpreter ${interpreter} is missing`,
    mend,
  );
}

function isExecutable(path: string): boolean {
  try {
    requireExecutable(path);
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

/** fwknopd runs it as root: nobody else may be able to change it. */
function checkModes(program: string): readonly Finding[] {
  const real = realpathSync(program);
  return [real, dirname(real)].flatMap((path) => {
    const { uid, mode } = statSync(path);
    if (uid === 0 && (mode & 0o022) === 0) return [];
    const what = `${showPath(path)}: others than root can change it, and fwknopd runs it as root`;
    const hint = `chown root ${shellWord(path)} && chmod go-w ${shellWord(path)}`;
    return [{ status: 'warn' as const, step: 'program', what, hint }];
  });
}
