import { realpathSync } from 'node:fs';
import { Failure } from './failure';
import { showPath } from './trusted-file';

/**
 * The path by which this program was started, for a line of access.conf.
 *
 * @returns an absolute path; the link rather than the file that it leads to, since an update may put
 *   the file elsewhere
 * @throws Failure `config` where fwknopd could not run it by that path later: below an npx cache, or
 *   with a character that fwknopd splits at
 */
export function ownPath(): string {
  const path = process.argv[1] ?? '';
  if ([path, realpathSync(path)].some((one) => one.includes('/_npx/'))) {
    const what = `${showPath(path)}: npx removes this program again, so fwknopd cannot run it there`;
    throw new Failure('config', what, 'install the Debian package, or npm install -g');
  }
  if (!/^\/[\x21-\x7e]+$/.test(path) || /[;$]/.test(path)) {
    const what = `${showPath(path)}: fwknopd cannot run a program of this path`;
    throw new Failure('config', what, 'install it under a path without spaces, ";" and "$"');
  }
  return path;
}
