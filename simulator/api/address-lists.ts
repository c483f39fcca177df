/** One address-list menu: its entries, their duplicates, and their ends. */
import { performance } from 'node:perf_hooks';
import { type Family, type Ipv6Form, normaliseAddress } from './addresses';
import { parseDuration } from './durations';
import { TEXT, Trap } from './replies';

/** [C] 35w3d13h13m56s, the longest timeout. */
const LONGEST_TIMEOUT = 21474836;

/** The arguments of `add` and `set` that are served; RouterOS also has `copy-from` [C]. */
const PARAMETERS = ['address', 'comment', 'disabled', 'dynamic', 'list', 'timeout'];

/** One entry as it is now. */
export interface Entry {
  /** `*1`, `*A`: an asterisk and upper-case hex [C]. */
  id: string;
  list: string;
  /** Normalised, or as a DNS name. */
  address: string;
  comment: string;
  disabled: boolean;
  /** In RAM only: has a timeout, or was added with `timeout=0` [I timeout-zero] or `dynamic=yes` [C]. */
  dynamic: boolean;
  /** Until the entry goes by itself; undefined: it stays. */
  secondsLeft: number | undefined;
  createdAt: Date;
}

type StoredEntry = Omit<Entry, 'secondsLeft'> & { expiresAt: number };

export class AddressList {
  /** By list and address, oldest first. */
  private stored = new Map<string, StoredEntry>();
  private lastId = 0;

  /**
   * @param form how a single IPv6 address is stored
   * @param now a clock in milliseconds that never jumps
   */
  constructor(
    private readonly family: Family,
    private readonly form: Ipv6Form,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The entries that have not expired, oldest first. */
  entries(): Entry[] {
    return this.living().map(({ expiresAt, ...entry }) => ({
      ...entry,
      secondsLeft: Number.isFinite(expiresAt) ? (expiresAt - this.now()) / 1000 : undefined,
    }));
  }

  /**
   * Adds an entry. A duplicate fails and leaves the timer of the old entry as it was [C].
   * @param given the arguments of `add`: name → value, all as text
   * @returns the id. Throws Trap.
   */
  add(given: ReadonlyMap<string, string>): string {
    for (const name of ['list', 'address']) {
      // `list` is mandatory [C]; for `address` and for empty values this is
      // [? address-left-out, address-empty].
      if (!given.get(name)) throw new Trap(TEXT.missingValue(name), 1);
    }
    this.lastId += 1;
    const blank: StoredEntry = {
      id: `*${this.lastId.toString(16).toUpperCase()}`,
      list: '',
      address: '',
      comment: '',
      disabled: false,
      dynamic: false,
      expiresAt: Number.POSITIVE_INFINITY,
      createdAt: new Date(),
    };
    const entry = this.changed(blank, given);
    this.stored.set(keyOf(entry), entry);
    return entry.id;
  }

  /**
   * Changes an entry [P set-timed]. A timeout makes a permanent entry one that expires
   * [? set-permanent]: a client that must not touch permanent entries shall see the harm.
   * @param given what changes: name → value, all as text. Throws Trap.
   */
  set(id: string, given: ReadonlyMap<string, string>): void {
    const entry = this.find(id);
    const changed = this.changed(entry, given);
    if (keyOf(changed) !== keyOf(entry)) this.stored.delete(keyOf(entry));
    this.stored.set(keyOf(changed), changed);
  }

  /** Throws Trap if there is no such entry. */
  remove(id: string): void {
    this.stored.delete(keyOf(this.find(id)));
  }

  /** Expired entries go when somebody looks: no timer keeps the process alive. */
  private living(): StoredEntry[] {
    for (const [key, entry] of this.stored) if (!this.isLiving(entry)) this.stored.delete(key);
    return [...this.stored.values()];
  }

  private isLiving({ expiresAt }: StoredEntry): boolean {
    return expiresAt > this.now();
  }

  private find(id: string): StoredEntry {
    const entry = this.living().find((other) => other.id === id);
    if (!entry) throw new Trap(TEXT.noSuchItem, 0);
    return entry;
  }

  /** The entry with the arguments applied; throws Trap if one of them is refused. */
  private changed(entry: StoredEntry, given: ReadonlyMap<string, string>): StoredEntry {
    const result = { ...entry };
    for (const [name, value] of given) {
      if (!PARAMETERS.includes(name)) throw new Trap(TEXT.unknownParameter(name));
      if (name === 'address') result.address = this.storedForm(value);
      else if (name === 'list' || name === 'comment') result[name] = value;
      else if (name === 'disabled' || name === 'dynamic') result[name] = parseBoolean(name, value);
    }
    const timeout = given.get('timeout');
    if (timeout !== undefined) {
      const seconds = parseTimeout(timeout);
      result.dynamic = true;
      result.expiresAt = seconds === 0 ? Number.POSITIVE_INFINITY : this.now() + seconds * 1000;
    }
    const other = this.stored.get(keyOf(result));
    if (other !== undefined && other.id !== result.id) {
      if (this.isLiving(other)) throw new Trap(TEXT.entryExists);
      this.stored.delete(keyOf(other));
    }
    return result;
  }

  /** A text without a colon that is no address is stored as a DNS name, without any error [C]. */
  private storedForm(address: string): string {
    const normal = normaliseAddress(address, this.family, this.form);
    if (normal === undefined && address.includes(':')) throw new Trap(TEXT.noDnsName(address));
    return normal ?? address;
  }
}

function keyOf({ list, address }: StoredEntry): string {
  return `${list}\0${address}`;
}

function parseBoolean(name: string, value: string): boolean {
  if (['yes', 'true'].includes(value)) return true;
  if (['no', 'false'].includes(value)) return false;
  throw new Trap(TEXT.noBoolean(name), 1);
}

function parseTimeout(value: string): number {
  const seconds = parseDuration(value);
  if (seconds === undefined) throw new Trap(TEXT.noTime, 1);
  if (seconds > LONGEST_TIMEOUT) throw new Trap(TEXT.timeoutOutOfRange, 1);
  return seconds;
}
