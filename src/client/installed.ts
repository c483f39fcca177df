import { collectFaults, Failure, type Fault } from '../common/failure';
import { DEFAULT_ACCESS_CONF } from '../common/fwknopd';
import { showPath } from '../common/trusted-file';
import { DEFAULT_CONFIG_FILE } from '../config/config';
import { type FileSettings, readConfigText } from '../config/config-file';
import { applyChanges, readTarget, type Target } from '../install/change';
import { splitAtMarkers } from '../install/markers';

/** The installed access.conf, cut at the markers. */
export interface Installed {
  readonly target: Target;
  readonly before: string;
  readonly marked: string;
  readonly after: string;
}

/** Reads the installed access.conf. @throws Failure `config` where it has no markers */
export function readInstalled(): Installed {
  const target = readTarget(DEFAULT_ACCESS_CONF, true);
  const path = showPath(target.path);
  const { before, marked, after } = splitAtMarkers(target.text ?? '', path);
  if (marked !== undefined) return { target, before, marked, after };
  const what = `${path}: has no lines between fwknop-mikrotik's markers`;
  throw new Failure('config', what, 'fwknop-mikrotik install writes them');
}

/** Writes access.conf with other marked lines. @throws Failure `config`; then it is as it was */
export function replaceMarked({ target, before, after }: Installed, marked: string): void {
  applyChanges([{ target, text: before + marked + after }]);
}

/**
 * Reads the installed configuration.
 *
 * @returns undefined where it has a fault, which `check` reports
 */
export function readSettings(): FileSettings | undefined {
  const faults: Fault[] = [];
  const settings = collectFaults(faults, () =>
    readConfigText(
      readTarget(DEFAULT_CONFIG_FILE, true).text ?? '',
      DEFAULT_CONFIG_FILE,
      [],
      faults,
    ),
  );
  return faults.length === 0 ? settings : undefined;
}
