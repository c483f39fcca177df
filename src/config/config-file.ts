import { dirname, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import type { GrantRules } from '../access/grant';
import { collectFaults, Failure, type Fault } from '../common/failure';
import { readTrustedFile, showPath } from '../common/trusted-file';
import { readValue } from '../common/values';
import * as setting from './settings';

/** The settings of one router, in the file or by flags; undefined for one that is not given. */
export interface RouterSettings {
  readonly name?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly tls?: setting.TlsMode | undefined;
  readonly caFile?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly serverName?: string | undefined;
  readonly email?: string | undefined;
}

/** The settings of a grant: those of `[grant]`, for all clients, or those of one client. */
export interface GrantSettings {
  readonly services?: GrantRules['services'];
  readonly sources?: GrantRules['sources'];
  readonly maxTimeout?: number | undefined;
  readonly defaultTimeout?: number | undefined;
  readonly ipv4Prefix?: number | undefined;
  readonly ipv6Prefix?: number | undefined;
}

/** The table `[client.NAME]`: each of its settings takes the place of the one for all clients. */
export interface ClientSettings extends GrantSettings {
  readonly list?: string | undefined;
}

export interface FileSettings {
  readonly deadline?: number | undefined;
  readonly list?: string | undefined;
  readonly comment?: string | undefined;
  readonly syslog?: setting.SyslogMode | undefined;
  readonly grant: GrantSettings;
  /** The tables `[client.NAME]`, by name. */
  readonly clients: ReadonlyMap<string, ClientSettings>;
  readonly routers: readonly RouterSettings[];
}

/** Groups of keys: each [[router]] must have one key of each group. */
export type Required = readonly (readonly string[])[];

/**
 * Reads a configuration file (TOML). Paths in it are relative to its own directory, since fwknopd runs
 * its commands in `/`.
 *
 * @param faults gets a fault for each bad key and value; a bad value is undefined in the settings
 * @throws Failure `config`: the file is missing, unreadable, insecure or no TOML
 */
export function readConfigFile(path: string, required: Required, faults: Fault[]): FileSettings {
  const file = readTrustedFile(path, undefined, 'fwknop-mikrotik init writes one');
  const settings = readConfigText(file.text, path, required, faults);
  if (settings.routers.some((router) => router.password !== undefined)) {
    collectFaults(faults, file.requireSecrecy);
  }
  return settings;
}

/**
 * Reads the text of a configuration file, wherever it comes from.
 *
 * @param path where it stands or is to stand: messages name it, and paths in it are relative to it
 * @throws Failure `config` where it is no TOML
 */
export function readConfigText(
  text: string,
  path: string,
  required: Required,
  faults: Fault[],
): FileSettings {
  return readSettings(parseToml(path, text), path, required, faults);
}

/** The settings of an absent configuration file. */
export function noConfigFile(): FileSettings {
  return readSettings({}, '', [], []);
}

function readSettings(
  table: object,
  path: string,
  required: Required,
  faults: Fault[],
): FileSettings {
  const top = new Table(table, `${showPath(path)}: `, faults);
  const settings = {
    deadline: top.read('deadline', setting.deadline),
    list: top.read('list', setting.listTemplate),
    comment: top.read('comment', setting.commentTemplate),
    syslog: top.read('syslog', setting.syslogMode),
    grant: readGrant(top.section('grant')),
    clients: top.named('client', setting.clientName, readClient),
    routers: top.sections('router').map((section) => {
      for (const keys of required) section.require(keys);
      return readRouter(section, dirname(path));
    }),
  };
  top.refuseUnknownKeys();
  return settings;
}

function parseToml(path: string, text: string): object {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The error's own message quotes the lines around the fault: one of them may be the password.
    throw new Failure(
      'config',
      `${showPath(path)}: not TOML: see line ${error.line}, column ${error.column}`,
    );
  }
}

function readGrant(section: Table): GrantSettings {
  const grant = readGrantKeys(section);
  section.refuseUnknownKeys();
  return grant;
}

function readClient(section: Table): ClientSettings {
  const client = { ...readGrantKeys(section), list: section.read('list', setting.listTemplate) };
  section.refuseUnknownKeys();
  return client;
}

function readGrantKeys(section: Table): GrantSettings {
  return {
    services: section.read('services', setting.services),
    sources: section.read('sources', setting.sources),
    maxTimeout: section.read('max-timeout', setting.entryTimeout),
    defaultTimeout: section.read('default-timeout', setting.entryTimeout),
    ipv4Prefix: section.read('ipv4-prefix', setting.ipv4Prefix),
    ipv6Prefix: section.read('ipv6-prefix', setting.ipv6Prefix),
  };
}

function readRouter(section: Table, directory: string): RouterSettings {
  const path = (value: unknown) => resolve(directory, setting.path(value));
  const router = {
    name: section.read('name', setting.routerName),
    host: section.read('host', setting.host),
    port: section.read('port', setting.port),
    user: section.read('user', setting.filledText),
    password: section.read('password', setting.filledText),
    passwordFile: section.read('password-file', path),
    tls: section.read('tls', setting.tlsMode),
    caFile: section.read('ca-file', path),
    fingerprint: section.read('fingerprint', setting.fingerprint),
    serverName: section.read('server-name', setting.serverName),
    email: section.read('email', setting.emailAddress),
  };
  section.refuseUnknownKeys();
  section.refusePair('password', 'password-file', router.password, router.passwordFile);
  section.refusePair('ca-file', 'fingerprint', router.caFile, router.fingerprint);
  if (router.tls !== undefined && router.tls !== 'verify') {
    section.refusePair(`tls = "${router.tls}"`, 'ca-file', router.tls, router.caFile);
    section.refusePair(`tls = "${router.tls}"`, 'fingerprint', router.tls, router.fingerprint);
  }
  return router;
}

/** One table of the file: returns its values, typed, and collects their faults. */
class Table {
  readonly #known: string[] = [];

  constructor(
    private readonly table: object,
    private readonly label: string,
    private readonly faults: Fault[],
  ) {}

  read<T>(key: string, reader: (value: unknown) => T): T | undefined {
    const value = this.#take(key);
    const name = `${this.label}${key}`;
    return value === undefined ? undefined : readValue(this.faults, name, value, reader);
  }

  section(key: string, title = key): Table {
    const value = this.#take(key) ?? {};
    if (!isTable(value)) this.#fault(key, `expected a table: [${title}]`);
    return new Table(isTable(value) ? value : {}, `${this.label}${key}.`, this.faults);
  }

  sections(key: string): readonly Table[] {
    const value = this.#take(key) ?? [];
    const tables = Array.isArray(value) ? value.filter(isTable) : [];
    if (!Array.isArray(value) || tables.length !== value.length) {
      this.#fault(key, `expected tables: [[${key}]]`);
    }
    return tables.map(
      (table, index) => new Table(table, `${this.label}${key} ${index + 1}: `, this.faults),
    );
  }

  /** Reads tables that have names, such as `[client.phone]`. Returns them by name. */
  named<T>(
    key: string,
    nameReader: (value: unknown) => string,
    reader: (section: Table) => T,
  ): ReadonlyMap<string, T> {
    const group = this.section(key, `${key}.NAME`);
    const names = Object.keys(group.table).filter((name) => {
      const label = `${group.label}${showKey(name)}`;
      return readValue(this.faults, label, name, nameReader) !== undefined;
    });
    return new Map(names.map((name) => [name, reader(group.section(name, `${key}.${name}`))]));
  }

  require(keys: readonly string[]): void {
    if (keys.some((key) => Object.hasOwn(this.table, key))) return;
    this.#fault(keys.join(' or '), 'missing');
  }

  refuseUnknownKeys(): void {
    for (const key of Object.keys(this.table)) {
      if (this.#known.includes(key)) continue;
      this.#fault(showKey(key), 'unknown', `the keys here are ${this.#known.join(', ')}`);
    }
  }

  refusePair(first: string, second: string, firstValue: unknown, secondValue: unknown): void {
    if (firstValue === undefined || secondValue === undefined) return;
    this.#fault(second, `contradicts ${first}`, 'keep one of them');
  }

  #take(key: string): unknown {
    this.#known.push(key);
    return Object.hasOwn(this.table, key) ? this.table[key as keyof object] : undefined;
  }

  #fault(key: string, what: string, hint?: string): void {
    this.faults.push({ what: `${this.label}${key}: ${what}`, hint });
  }
}

/** A key for a message. One that does not look like a key may be a misplaced password. */
function showKey(key: string): string {
  return /^[a-z][a-z_-]{0,30}$/i.test(key) ? key : 'a key';
}

function isTable(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  // Lists and dates have prototypes of their own; smol-toml's tables have none.
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
