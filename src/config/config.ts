import { X509Certificate } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { DEFAULT_TIMEOUT, type GrantRules } from '../access/grant';
import { collectFaults, Failure, type Fault } from '../common/failure';
import { readTrustedFile, showPath } from '../common/trusted-file';
import { BadValue } from '../common/values';
import type { Router, Trust } from '../router/router';
import {
  type ClientSettings,
  type FileSettings,
  noConfigFile,
  type Required,
  type RouterSettings,
  readConfigFile,
} from './config-file';
import { filledText, type SyslogMode, type TlsMode } from './settings';

export const DEFAULT_CONFIG_FILE = '/etc/fwknop/mikrotik.toml';
export const DEFAULT_DEADLINE = 10; // seconds
export const DEFAULT_LIST = 'FWKNOP_{proto}_{port}';
export const DEFAULT_COMMENT = 'fwknop {client}';

export interface Config {
  /** Seconds for the whole run, from the start of the process. */
  readonly deadline: number;
  /** The name of the address list, with {proto} and {port} in it. */
  readonly list: string;
  /** The comment of an entry, with {client} in it. */
  readonly comment: string;
  readonly syslog: SyslogMode;
  /** The grant of the client that the flags name, or of one without a name. */
  readonly grant: GrantRules;
  /** The tables `[client.NAME]` of the file, by name. */
  readonly clients: ReadonlyMap<string, ClientSettings>;
  /** At least one. */
  readonly routers: readonly Router[];
}

/** The settings on the command line. Those of `router` apply to every router of the file, or to `host`. */
export interface Overrides {
  readonly config: string | undefined;
  readonly client?: string | undefined;
  readonly list: string | undefined;
  readonly deadline: number | undefined;
  readonly syslog: SyslogMode | undefined;
  readonly router: RouterSettings;
}

/**
 * Reads the configuration file; flags take precedence over it. When the flags name a router, the
 * file's routers are not used, and the default file may be absent.
 *
 * @param whenSyslogKnown is given the mode of syslog, also where the file has faults
 * @throws Failure `config`, with every fault of the files at once; `usage`, when flags name a router
 *   but not how to log in
 */
export function loadConfig(
  flags: Overrides,
  whenSyslogKnown: (mode: SyslogMode) => void = () => undefined,
): Config {
  const path = flags.config ?? DEFAULT_CONFIG_FILE;
  const standsAlone = flags.router.host !== undefined;
  if (standsAlone) refuseIncomplete(flags.router);
  const mayBeAbsent = standsAlone && flags.config === undefined;
  const required = standsAlone ? [] : requiredKeys(flags.router);

  const faults: Fault[] = [];
  const file =
    mayBeAbsent && isAbsent(path) ? noConfigFile() : readConfigFile(path, required, faults);
  const syslog = flags.syslog ?? file.syslog ?? 'auto';
  whenSyslogKnown(syslog);
  if (!standsAlone && file.routers.length === 0) {
    const what = `${showPath(path)}: router: none given`;
    faults.push({ what, hint: 'add a [[router]] table' });
  }
  const routers = standsAlone
    ? [makeRouter(flags.router, flags.router, '', faults)]
    : file.routers.map((router, index) => {
        const label = `${showPath(path)}: router ${index + 1}: `;
        return makeRouter(override(router, flags.router), flags.router, label, faults);
      });
  if (faults.length > 0) throw new Failure('config', unique(faults));

  return {
    deadline: flags.deadline ?? file.deadline ?? DEFAULT_DEADLINE,
    list: flags.list ?? clientTable(file, flags.client).list ?? file.list ?? DEFAULT_LIST,
    comment: file.comment ?? DEFAULT_COMMENT,
    syslog,
    grant: grantFor(file, flags.client),
    clients: file.clients,
    routers,
  };
}

function clientTable(file: FileSettings, client: string | undefined): ClientSettings {
  return (client === undefined ? undefined : file.clients.get(client)) ?? {};
}

/** Puts the settings of a client over those for all clients. */
function grantFor(file: FileSettings, client: string | undefined): GrantRules {
  const own = clientTable(file, client);
  const tableOf = (key: keyof ClientSettings) =>
    own[key] === undefined ? '[grant]' : `[client.${client}]`;
  return {
    client,
    services: own.services ?? file.grant.services,
    sources: own.sources ?? file.grant.sources,
    maxTimeout: own.maxTimeout ?? file.grant.maxTimeout,
    defaultTimeout: own.defaultTimeout ?? file.grant.defaultTimeout ?? DEFAULT_TIMEOUT,
    prefixes: {
      4: own.ipv4Prefix ?? file.grant.ipv4Prefix ?? 32,
      6: own.ipv6Prefix ?? file.grant.ipv6Prefix ?? 128,
    },
    tables: { services: tableOf('services'), sources: tableOf('sources') },
  };
}

function refuseIncomplete(flags: RouterSettings): void {
  const missing: Fault[] = [];
  if (flags.user === undefined) missing.push({ what: '--routerip needs --routeruser' });
  if (!setsPassword(flags)) {
    missing.push({ what: '--routerip needs --password-file (or --routerpass)' });
  }
  if (missing.length > 0) throw new Failure('usage', missing);
}

function requiredKeys(flags: RouterSettings): Required {
  const required = [['host']];
  if (flags.user === undefined) required.push(['user']);
  if (!setsPassword(flags)) required.push(['password-file', 'password']);
  return required;
}

/** Whether there is no such file. A dangling link, or a directory without access, is a fault instead. */
function isAbsent(path: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Leaves repeated faults out: a fault of a flag occurs once for each router. */
function unique(faults: readonly Fault[]): readonly Fault[] {
  return [...new Map(faults.map((fault) => [fault.what, fault])).values()];
}

function setsPassword({ password, passwordFile }: RouterSettings): boolean {
  return password !== undefined || passwordFile !== undefined;
}

/** Merges flags over the file. Password and trust are each replaced as a group. */
function override(file: RouterSettings, flags: RouterSettings): RouterSettings {
  const { password, passwordFile } = setsPassword(flags) ? flags : file;
  const pins = flags.fingerprint !== undefined || flags.caFile !== undefined;
  const dropsPin = pins || (flags.tls !== undefined && flags.tls !== 'verify');
  const { fingerprint, caFile } = dropsPin ? flags : file;
  return {
    name: file.name,
    host: file.host,
    port: flags.port ?? file.port,
    user: flags.user ?? file.user,
    password,
    passwordFile,
    tls: pins ? 'verify' : (flags.tls ?? file.tls),
    fingerprint,
    caFile,
    serverName: flags.serverName ?? file.serverName,
    email: flags.email ?? file.email,
  };
}

/** @param label stands before a key of the file in messages */
function makeRouter(
  settings: RouterSettings,
  flags: RouterSettings,
  label: string,
  faults: Fault[],
): Router {
  const { host = '', user = '', tls = 'verify', passwordFile, caFile, fingerprint } = settings;
  const password =
    passwordFile === undefined
      ? settings.password
      : collectFaults(faults, () =>
          readPassword(
            passwordFile,
            flags.passwordFile === undefined ? `${label}password-file` : '--password-file',
          ),
        );
  const ca =
    caFile === undefined
      ? undefined
      : collectFaults(faults, () =>
          readCertificates(caFile, flags.caFile === undefined ? `${label}ca-file` : '--ca-file'),
        );
  return {
    name: settings.name ?? host,
    host,
    port: settings.port ?? (tls === 'off' ? 8728 : 8729),
    user,
    password: password ?? '',
    trust: makeTrust(tls, fingerprint, ca),
    serverName: settings.serverName,
    email: settings.email,
  };
}

function makeTrust(tls: TlsMode, fingerprint: string | undefined, ca: string | undefined): Trust {
  if (tls !== 'verify') return { mode: tls };
  return fingerprint === undefined ? { mode: 'verify', ca } : { mode: 'pinned', fingerprint };
}

function readPassword(path: string, name: string): string {
  const file = readTrustedFile(path, name);
  file.requireSecrecy();
  if (file.text.startsWith('\ufeff')) {
    const hint = 'save it without one, as plain text';
    throw new Failure('config', `${name}: begins with a byte order mark`, hint);
  }
  const [first = '', ...further] = file.text.split(/\r?\n/);
  if (further.some((line) => line.trim() !== '')) {
    const hint = 'leave nothing but the password in it';
    throw new Failure('config', `${name}: has more than one line`, hint);
  }
  try {
    return filledText(first);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new Failure('config', `${name}: ${error.message}`);
  }
}

function readCertificates(path: string, name: string): string {
  const { text } = readTrustedFile(path, name);
  try {
    new X509Certificate(text);
  } catch {
    throw new Failure('config', `${name}: holds no certificate in PEM form`);
  }
  return text;
}
