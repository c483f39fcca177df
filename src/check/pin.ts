import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { confirm } from '../cli/terminal';
import { isContainer } from '../common/container';
import { Failure, type Fault } from '../common/failure';
import { readTrustedFile, showPath } from '../common/trusted-file';
import { writeWhole } from '../common/whole-file';
import { type FileSettings, readConfigText } from '../config/config-file';
import type { Router } from '../router/router';
import type { Presented } from './certificate';
import { pinnedText } from './pinned-text';

const MOST_TRIES = 3; // at a file that others write at the same time

/** The option --pin: asks on the terminal, or has the fingerprint. */
export class Pinning {
  #isSettled = false;

  /**
   * @param files the configuration file, and in a container the one that it was copied from; none where
   *   the options of a line decide whom to trust
   * @param command the beginning of the words that pin a fingerprint, up to its `=`
   * @param wanted the fingerprint of --pin=HEX; undefined to ask
   * @param isOnlyRouter whether the file has one router: then it must show that fingerprint
   */
  constructor(
    private readonly files: readonly string[],
    private readonly command: string,
    private readonly wanted: string | undefined,
    private readonly isOnlyRouter: boolean,
  ) {}

  /** Whether a router was found that the fingerprint of --pin=HEX is about. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /**
   * Pins the certificate that a router shows, if it should.
   *
   * It asks about a certificate that is not trusted, or not verified, and leaves one alone that a CA
   * or a pin vouches for. The fingerprint of --pin=HEX is pinned wherever a router shows it; an only
   * router that shows another one keeps its trust.
   *
   * @param index of the router in the file, from 0
   * @returns the fingerprint that is now in the file; undefined where nothing was written
   * @throws Failure `config`, `denied`
   */
  async pinIfWanted(
    { name, trust }: Router,
    index: number,
    shown: Presented,
  ): Promise<string | undefined> {
    const fingerprint = shown.certificate?.fingerprint;
    if (fingerprint === undefined) return undefined;
    const isPinned = trust.mode === 'pinned' && trust.fingerprint === fingerprint;
    const isTrusted = shown.untrusted === undefined && trust.mode !== 'insecure';
    if (this.wanted === undefined) {
      if (isTrusted) return undefined;
    } else {
      if (this.wanted !== fingerprint && !this.isOnlyRouter) return undefined;
      this.#isSettled = true;
      if (this.wanted !== fingerprint) throw refusal(`it shows ${fingerprint}`);
      if (isPinned) return undefined;
    }
    if (this.files.length === 0) {
      const what = '--pin: the options of the line decide whom to trust; nothing is written';
      throw new Failure('config', what, `${this.command}=${fingerprint}`);
    }
    if (this.wanted === undefined) {
      if (!(await agrees(name, fingerprint, trust.mode === 'pinned'))) return undefined;
    }
    for (const file of this.files) writePin(file, index, name, fingerprint);
    return fingerprint;
  }
}

/** Refuses a --pin=HEX that no router has shown. @throws Failure `denied` */
export function requirePinned(pinnings: readonly Pinning[], wanted: string | undefined): void {
  if (wanted === undefined || pinnings.length === 0) return;
  if (!pinnings.some(({ isSettled }) => isSettled)) throw refusal('no router shows it');
}

function refusal(why: string): Failure {
  return new Failure(
    'denied',
    `not the certificate of --pin: ${why}; nothing is written`,
    'compare with /certificate/print detail on the router',
  );
}

async function agrees(name: string, fingerprint: string, isChange: boolean): Promise<boolean> {
  process.stderr.write(`
${name} shows a certificate that is ${isChange ? 'not the pinned one' : 'not trusted yet'}. Its fingerprint:

  ${fingerprint}

Compare it with the one that the router itself shows, in WinBox or on its console:

  /certificate/print detail

`);
  return await confirm('Do the fingerprints match? Pin this certificate?');
}

/**
 * Writes a fingerprint into the configuration file, whole or not at all: owner, mode and everything
 * else in the file stay, also what others write into it meanwhile.
 *
 * @param index of the router in the file, from 0
 * @param name which the router had there when its certificate was read
 * @throws Failure `config`
 */
export function writePin(path: string, index: number, name: string, fingerprint: string): void {
  const real = realpathSync(path); // a link stays one
  for (let tries = 1; ; tries += 1) {
    try {
      writePinOnce(path, real, index, name, fingerprint);
      return;
    } catch (error) {
      if (!(error instanceof Changed)) throw error;
      if (tries === MOST_TRIES) throw changed(path);
    }
  }
}

/** Another process has written the file since it was read. */
class Changed extends Error {}

function changed(path: string): Failure {
  const what = `${showPath(path)}: has been changed since it was read`;
  return new Failure('config', what, 'check again');
}

function writePinOnce(
  path: string,
  real: string,
  index: number,
  name: string,
  fingerprint: string,
): void {
  const byHand = `put fingerprint = "${fingerprint}" into it by hand`;
  const before = readOwn(real);
  const cannotEdit = `${showPath(path)}: written in a way that cannot be edited`;
  // Text that is no UTF-8 would come back as other bytes.
  if (before.includes('\ufffd')) throw new Failure('config', cannotEdit, byHand);
  const text = pinnedText(before, index, fingerprint);
  if (text === undefined) {
    throw new Failure(
      'config',
      `${showPath(path)}: no [[router]] line to put the pin under`,
      byHand,
    );
  }
  const found = settingsOf(before, real);
  const router = found.routers[index];
  if ((router?.name ?? router?.host) !== name) throw changed(path);
  const settings = withPin(found, index, fingerprint);
  try {
    const { uid, gid, mode } = statSync(real);
    const ownership = { mode: mode & 0o777, owner: { uid, gid } };
    writeWhole(real, text, ownership, (written) => {
      if (!isDeepStrictEqual(settingsOf(readOwn(written), written), settings)) {
        throw new Failure('config', cannotEdit, byHand);
      }
      // Right before the rename, which would lose another edit.
      if (readOwn(real) !== before) throw new Changed();
    });
  } catch (error) {
    if (error instanceof Failure || error instanceof Changed) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failure('config', `${showPath(path)}: cannot be written: ${code ?? message}`, byHand);
  }
}

/** The files of a container's /config may have any owner and mode, as on a USB stick. */
function readOwn(path: string): string {
  return isContainer() ? readFileSync(path, 'utf8') : readTrustedFile(path).text;
}

/** @throws Failure `config` */
function settingsOf(text: string, path: string): FileSettings {
  const faults: Fault[] = [];
  const settings = readConfigText(text, path, [], faults);
  if (faults.length > 0) throw new Failure('config', faults);
  // `sources` is a set with methods of its own, which cannot be compared; its text was not touched.
  return { ...settings, grant: { ...settings.grant, sources: undefined } };
}

function withPin(settings: FileSettings, index: number, fingerprint: string): FileSettings {
  const routers = settings.routers.map((router, at) => {
    if (at !== index) return router;
    const tls = router.tls === undefined ? undefined : ('verify' as const);
    return { ...router, tls, caFile: undefined, fingerprint };
  });
  return { ...settings, routers };
}
