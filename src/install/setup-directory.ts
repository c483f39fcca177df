import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { join, resolve } from 'node:path';
import { isContainer } from '../common/container';
import { Failure } from '../common/failure';
import { shellWord } from '../common/text';
import { readRegularFile, showPath } from '../common/trusted-file';

/** A file that init wrote for the fwknopd host. */
export interface SetupText {
  /** Its path, for messages. */
  readonly name: string;
  readonly text: string;
}

export interface SetupTexts {
  readonly configuration: SetupText;
  readonly accessConf: SetupText;
}

/**
 * Reads the files of init's directory that the fwknopd host needs. They become root's, so nobody but
 * root and the user who called sudo may own the directory or a file in it, or write to it; links are
 * not followed. In the container /config is trusted as it is.
 *
 * @throws Failure `config`
 */
export function readSetupDirectory(path: string): SetupTexts {
  const directory = resolve(path); // with a slash at its end, a link would be followed
  const opened = openDirectory(directory);
  try {
    if (!isContainer()) requireOwn(directory, fstatSync(opened));
    const read = (file: string): SetupText => {
      const name = join(directory, file);
      // By the directory that is open, so that nobody can put another in its place meanwhile.
      const inside = `/proc/self/fd/${opened}/${file}`;
      const { stats, text } = readRegularFile(inside, showPath(name), INIT, constants.O_NOFOLLOW);
      if (!isContainer()) requireOwn(name, stats);
      if (text.includes('\ufffd')) throw new Failure('config', `${showPath(name)}: not UTF-8`);
      return { name: showPath(name), text: text.replaceAll('\r\n', '\n') };
    };
    return { configuration: read('mikrotik.toml'), accessConf: read('access.conf') };
  } finally {
    closeSync(opened);
  }
}

const INIT = 'fwknop-mikrotik init writes it';

function openDirectory(directory: string): number {
  try {
    const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
    return openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const name = showPath(directory);
    if (code === 'ENOENT') {
      const hint = isContainer()
        ? 'mount there the directory that fwknop-mikrotik init made'
        : 'name the directory that fwknop-mikrotik init made';
      throw new Failure('config', `${name}: no such directory`, hint);
    }
    if (code === 'ENOTDIR' || code === 'ELOOP') {
      throw new Failure('config', `${name}: not a directory, or a symbolic link`);
    }
    // Without capabilities, root is no more than the owner of its own files.
    const hint = code === 'EACCES' ? `chown -R root ${shellWord(directory)}` : undefined;
    throw new Failure('config', `${name}: unreadable: ${code ?? message}`, hint);
  }
}

function requireOwn(path: string, { uid, mode }: Stats): void {
  const caller = sudoCaller();
  if (uid !== 0 && uid !== caller) {
    const who = caller === undefined ? 'root' : 'root and the user who called sudo';
    const what = `${showPath(path)}: belongs to another user than ${who}`;
    throw new Failure('config', what, `chown -R root ${shellWord(path)}`);
  }
  if ((mode & 0o022) !== 0) {
    const what = `${showPath(path)}: may be written by others`;
    throw new Failure('config', what, `chmod go-w ${shellWord(path)}`);
  }
}

/** The number of the user who called sudo; undefined where nobody did. */
export function sudoCaller(): number | undefined {
  const text = process.env.SUDO_UID;
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
