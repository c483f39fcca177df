import { realpathSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { confirm } from '../cli/terminal';
import { Failure, type Fault } from '../common/failure';
import { readTrustedFile, showPath } from '../common/trusted-file';
import { writeWhole } from '../common/whole-file';
import { type FileSettings, readConfigFile } from '../config/config-file';
import type { Router } from '../router/router';
import type { Presented } from './certificate';
import { pinnedText } from './pinned-text';

/** The option --pin: asks on the terminal, or knows what it wants. */
export class Pinning {
  #isSettled = false;

  /**
   * @param file the configuration file
   * @param wanted the fingerprint of --pin=HEX; undefined to ask
   * @param isOnlyRouter whether the file has one router: then this is the one that must show it
   */
  constructor(
    private readonly file: string,
    private readonly wanted: string | undefined,
    private readonly isOnlyRouter: boolean,
  ) {}

  /**
   * Pins what a router shows, if it should.
   *
   * Where it asks, it asks about what is not trusted as the file has it, or not looked at; what a CA
   * or a pin vouches for stays as it is. A fingerprint that was named is pinned wherever it is shown;
   * the only router is left alone if it shows another, however much the file trusts it.
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
    if (this.wanted === undefined) {
      const isTrusted = shown.untrusted === undefined && trust.mode !== 'insecure';
      if (isTrusted || !(await agrees(name, fingerprint, trust.mode === 'pinned')))
        return undefined;
    } else {
      if (this.wanted !== fingerprint && !this.isOnlyRouter) return undefined;
      this.#isSettled = true;
      if (this.wanted !== fingerprint) throw refusal(`it shows ${fingerprint}`);
      if (isPinned) return undefined;
    }
    writePin(this.file, index, name, fingerprint);
    return fingerprint;
  }

  /** Refuses a --pin=HEX that no router has shown. @throws Failure `denied` */
  requirePinned(): void {
    if (this.wanted !== undefined && !this.#isSettled) throw refusal('no router shows it');
  }
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
  return await confirm('Is it the same, and shall it be pinned?');
}

/**
 * Writes a fingerprint into the configuration file, as a whole or not at all: owner and mode stay,
 * and so does everything that the file says of anything else.
 *
 * @param index of the router in the file, from 0
 * @param name which the router had there when its certificate was looked at
 * @throws Failure `config`
 */
export function writePin(path: string, index: number, name: string, fingerprint: string): void {
  const byHand = `put fingerprint = "${fingerprint}" into it by hand`;
  const real = realpathSync(path); // a link stays one
  const before = readTrustedFile(real).text;
  const cannotEdit = `${showPath(path)}: written in a way that cannot be edited`;
  // What is no UTF-8 would come back as something else.
  if (before.includes('\ufffd')) throw new Failure('config', cannotEdit, byHand);
  const text = pinnedText(before, index, fingerprint);
  if (text === undefined) {
    throw new Failure(
      'config',
      `${showPath(path)}: no [[router]] line to put the pin under`,
      byHand,
    );
  }
  const found = settingsOf(real);
  const router = found.routers[index];
  if ((router?.name ?? router?.host) !== name) {
    const what = `${showPath(path)}: has been changed since it was read`;
    throw new Failure('config', what, 'check again');
  }
  const settings = withPin(found, index, fingerprint);
  try {
    const { uid, gid, mode } = statSync(real);
    const ownership = { mode: mode & 0o777, owner: { uid, gid } };
    writeWhole(real, text, ownership, (written) => {
      if (isDeepStrictEqual(settingsOf(written), settings)) return;
      throw new Failure('config', cannotEdit, byHand);
    });
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failure('config', `${showPath(path)}: cannot be written: ${code ?? message}`, byHand);
  }
}

/** @throws Failure `config` */
function settingsOf(path: string): FileSettings {
  const faults: Fault[] = [];
  const settings = readConfigFile(path, [], faults);
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
