import { pinnedText } from '../check/pinned-text';
import { Failure, type Fault } from '../common/failure';
import { type FileSettings, type RouterSettings, readConfigText } from '../config/config-file';

const REQUIRED = [['host'], ['user'], ['password-file', 'password']];

const ANY_FINGERPRINT = '0'.repeat(64);

/** The fingerprint of the router at a host and port. */
type Pin = Pick<RouterSettings, 'host' | 'port' | 'fingerprint'>;

/** The text that mikrotik.toml gets. */
export interface Merged {
  readonly text: string;
  /** Whether the installed file differs from the setup's, and stays as it is. */
  readonly isKept: boolean;
}

/**
 * Decides whether the setup's mikrotik.toml replaces the installed one. An installed one that differs
 * by more than fingerprints stays, unless `force` is set. Its fingerprint of a router goes into the
 * setup's text, if that has none.
 *
 * @param setup name (for messages) and text of the setup's file
 * @param installed name and text of the file that is there
 * @throws Failure `config` where the setup's file is no configuration
 */
export function mergeConfiguration(
  setup: { name: string; text: string },
  installed: { name: string; text: string | undefined },
  force: boolean,
): Merged {
  const wanted = settingsOf(setup.text, setup.name);
  const old = installed.text;
  if (old === undefined) return { text: setup.text, isKept: false };
  const pins = fingerprintsIn(old, installed.name);
  if (force) {
    const open = wanted.routers.map((router) => (router.fingerprint === undefined ? router : {}));
    return { text: withPins(setup.text, open, pins), isKept: false };
  }
  if (withEveryPin(old) !== withEveryPin(setup.text)) return { text: old, isKept: true };
  const isPinned = pins.length === wanted.routers.length;
  return { text: isPinned ? old : withPins(setup.text, wanted.routers, pins), isKept: false };
}

/** @throws Failure `config` */
function settingsOf(text: string, name: string): FileSettings {
  const faults: Fault[] = [];
  const settings = readConfigText(text, name, REQUIRED, faults);
  if (settings.routers.length === 0) faults.push({ what: `${name}: router: none given` });
  if (faults.length > 0) throw new Failure('config', faults);
  return settings;
}

/** A text in which every router has the same fingerprint, to compare the rest. */
function withEveryPin(text: string): string {
  let pinned = text;
  for (let index = 0; ; index += 1) {
    const next = pinnedText(pinned, index, ANY_FINGERPRINT);
    if (next === undefined) return pinned;
    pinned = next;
  }
}

/** Gives each router the fingerprint that its host and port have among the pins. */
function withPins(text: string, routers: readonly RouterSettings[], pins: readonly Pin[]): string {
  let pinned = text;
  for (const [index, { host, port }] of routers.entries()) {
    const pin = pins.find((one) => one.host === host && one.port === port);
    if (pin?.fingerprint === undefined) continue;
    pinned = pinnedText(pinned, index, pin.fingerprint) ?? pinned;
  }
  return pinned;
}

function fingerprintsIn(text: string, name: string): readonly Pin[] {
  try {
    const { routers } = readConfigText(text, name, [], []);
    return routers.filter(({ fingerprint }) => fingerprint !== undefined);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return []; // no TOML: it pins nothing
  }
}
