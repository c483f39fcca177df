/** An /etc/fwknop of a test's own, as Debian's package leaves it, and runs that see it. */
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { writeAs } from '../support/files';
import { leftOut } from '../support/left-out';
import { ownPath } from '../support/router';
import { EXECUTABLE, type Run, run } from '../support/run';
import { inNamespace, testInNamespace } from './namespace';

const SHIPPED = '/etc/fwknop';
/** No fwknopd of another test is seen. */
const NO_OTHERS = ['/usr/bin/unshare', '--pid', '--mount-proc', '--fork', '--kill-child'];
const SYSTEMCTL = '/usr/bin/systemctl';

/** `test`, where there are fwknop-server's own files, and a namespace to mount others over them. */
export const testWithFwknop = isReadable(join(SHIPPED, 'fwknopd.conf'))
  ? testInNamespace('install')
  : leftOut('install', 'the Debian package fwknop-server, whose files root may read');

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

export const shipped = (name: string): string => readFileSync(join(SHIPPED, name), 'utf8');

/** The surroundings of a run. */
interface Around {
  /** Shell commands that set up more, such as systemd(). */
  readonly more?: readonly string[];
  /** Such as `SUDO_UID=1000`. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly program?: readonly string[];
}

/** A new directory that stands for /etc/fwknop. */
export class EtcFwknop {
  readonly path = ownPath('etc');

  constructor(files: readonly string[] = ['access.conf', 'fwknopd.conf']) {
    mkdirSync(this.path, { mode: 0o755 });
    for (const name of files) {
      copyFileSync(join(SHIPPED, name), join(this.path, name));
      chmodSync(join(this.path, name), 0o600);
    }
  }

  write(name: string, text: string, mode = 0o600): void {
    writeAs(join(this.path, name), text, mode);
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  /** Every file with its text. */
  files(): Record<string, string> {
    return Object.fromEntries(
      readdirSync(this.path)
        .sort()
        .map((name) => [name, this.read(name)]),
    );
  }

  /** The words that run the executable as root, where this is /etc/fwknop and systemd does not run. */
  command({ more = [], env = [], program = [EXECUTABLE] }: Around = {}): readonly string[] {
    const setUp = [
      `mount --bind ${this.path} ${SHIPPED}`,
      '[ ! -d /run/systemd ] || mount -t tmpfs tmpfs /run/systemd',
      ...more,
    ];
    return inNamespace(setUp, [...NO_OTHERS, '/usr/bin/env', ...env, ...program]);
  }

  /** Runs the executable by these words. */
  run(args: readonly string[], around: Around = {}): Promise<Run> {
    return run(args, { command: this.command(around), cwd: around.cwd ?? '/' });
  }
}

/** `test`, where systemd is installed and can be imitated. */
export const testWithSystemd =
  existsSync(SYSTEMCTL) && existsSync('/run/systemd')
    ? testWithFwknop
    : leftOut('install where systemd runs', 'systemd');

/**
 * Shell commands that make the system one where systemd runs: systemctl writes its arguments to a file.
 *
 * @param status that systemctl ends with
 */
export function systemd(log: string, status = 0): string[] {
  const script = ownPath('systemctl');
  const lines = [
    '#!/bin/sh',
    '[ "$1" != show ] || exit 0', // a question of check
    `echo "$@" >>${log}`,
    'echo "Job failed. See" >&2',
    `exit ${status}`,
  ];
  writeAs(script, `${lines.join('\n')}\n`, 0o755);
  return ['mkdir -p /run/systemd/system', `mount --bind ${script} ${SYSTEMCTL}`];
}

/** Makes init's directory by init itself, for this executable unless options say another. */
export async function makeSetup(...given: readonly string[]): Promise<string> {
  const isElsewhere = given.some((option) => option.startsWith('--helper='));
  const options = isElsewhere ? given : [...given, `--helper=${EXECUTABLE}`];
  const out = ownPath('setup');
  const hosts = ['--router=127.0.0.1', '--fwknopd=127.0.0.2', '--server=fw.example.com'];
  const { status, stderr } = await run([
    'init',
    ...hosts,
    '--service=tcp/22',
    '--client=phone',
    `--out=${out}`,
    ...options,
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return out;
}

/** Changes a file, which must have what is to be replaced. */
export function edit(path: string, from: string | RegExp, to: string): void {
  const text = readFileSync(path, 'utf8');
  const edited = text.replace(from, to);
  expect(edited).not.toBe(text);
  writeAs(path, edited);
}

/** Gives a directory and its files to a user. */
export function giveTo(uid: number, directory: string): void {
  for (const name of ['', 'access.conf', 'mikrotik.toml'])
    chownSync(join(directory, name), uid, uid);
}
