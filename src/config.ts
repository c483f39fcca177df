import { existsSync } from 'node:fs';
import {
  type FileSettings,
  faultsOf,
  noConfigFile,
  type RouterSettings,
  readConfigFile,
} from './config-file';
import { Failure, type Fault } from './failure';
import type { GrantRules } from './grant';
import type { Router, Trust } from './router/router';
import { BadValue, filledText, type SyslogMode } from './settings';
import { readTrustedFile } from './trusted-file';

export const DEFAULT_CONFIG_FILE = '/etc/fwknop/mikrotik.toml';
export const DEFAULT_DEADLINE = 10; // seconds
export const DEFAULT_LIST = 'FWKNOP_{proto}_{port}';
export const DEFAULT_COMMENT = 'fwknop';

export interface Config {
  /** Seconds for the whole run, from the start of the process. */
  readonly deadline: number;
  /** The name of the address list, with {proto} and {port} in it. */
  readonly list: string;
  readonly comment: string;
  readonly syslog: SyslogMode;
  readonly grant: GrantRules;
  /** At least one. */
  readonly routers: readonly Router[];
}

/** What the flags say. Their `router` applies to every router of the file, or stands alone. */
export interface Overrides {
  readonly config: string | undefined;
  readonly list: string | undefined;
  readonly deadline: number | undefined;
  readonly syslog: SyslogMode | undefined;
  readonly router: RouterSettings;
}

/**
 * Reads the configuration file and lets the flags win over it. When the flags name a router, the
 * file's routers are not used, and the default file may be absent.
 *
 * @throws Failure `config`, with every fault of the files at once; `usage`, when flags name a router
 *   but not how to log in
 */
export function loadConfig(flags: Overrides): Config {
  const path = flags.config ?? DEFAULT_CONFIG_FILE;
  const standsAlone = flags.router.host !== undefined;
  const mayBeAbsent = standsAlone && flags.config === undefined;
  const file = mayBeAbsent && !existsSync(path) ? noConfigFile() : readConfigFile(path);
  return {
    deadline: flags.deadline ?? file.deadline ?? DEFAULT_DEADLINE,
    list: flags.list ?? file.list ?? DEFAULT_LIST,
    comment: file.comment ?? DEFAULT_COMMENT,
    syslog: flags.syslog ?? file.syslog ?? 'auto',
    grant: file.grant,
    routers: standsAlone ? [flaggedRouter(flags.router)] : fileRouters(path, file, flags.router),
  };
}

function flaggedRouter(flags: RouterSettings): Router {
  const missing: Fault[] = [];
  if (flags.user === undefined) missing.push({ what: '--routerip needs --routeruser' });
  if (flags.password === undefined && flags.passwordFile === undefined) {
    missing.push({ what: '--routerip needs --password-file (or --routerpass)' });
  }
  if (missing.length > 0) throw new Failure('usage', missing);
  return makeRouter(flags);
}

function fileRouters(path: string, file: FileSettings, flags: RouterSettings): readonly Router[] {
  if (file.routers.length === 0) {
    throw new Failure('config', `${path}: router: none given`, 'add a [[router]] table');
  }
  const faults: Fault[] = [];
  const routers: Router[] = [];
  for (const [index, settings] of file.routers.entries()) {
    const router = override(settings, flags);
    const missing = missingKeys(router).map((key) => ({
      what: `${path}: router ${index + 1}: ${key}: missing`,
    }));
    faults.push(...missing);
    if (missing.length === 0) faults.push(...faultsOf(() => routers.push(makeRouter(router))));
  }
  if (faults.length > 0) throw new Failure('config', faults);
  return routers;
}

function missingKeys(router: RouterSettings): readonly string[] {
  const missing: string[] = [];
  if (router.host === undefined) missing.push('host');
  if (router.user === undefined) missing.push('user');
  if (router.password === undefined && router.passwordFile === undefined) {
    missing.push('password-file (or password)');
  }
  return missing;
}

/** Puts flags over the settings of the file; what they replace as a whole is not mixed. */
function override(file: RouterSettings, flags: RouterSettings): RouterSettings {
  const setsPassword = flags.password !== undefined || flags.passwordFile !== undefined;
  const { password, passwordFile } = setsPassword ? flags : file;
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
    email: flags.email ?? file.email,
  };
}

function makeRouter(settings: RouterSettings): Router {
  const { host = '', user = '', tls = 'verify', email } = settings;
  return {
    name: settings.name ?? host,
    host,
    port: settings.port ?? (tls === 'off' ? 8728 : 8729),
    user,
    password: settings.password ?? readPassword(settings.passwordFile ?? ''),
    trust: makeTrust(settings),
    email,
  };
}

function makeTrust({ tls = 'verify', fingerprint, caFile }: RouterSettings): Trust {
  if (tls !== 'verify') return { mode: tls };
  if (fingerprint !== undefined) return { mode: 'pinned', fingerprint };
  return { mode: 'verify', ca: caFile === undefined ? undefined : readCertificates(caFile) };
}

function readPassword(path: string): string {
  const file = readTrustedFile(path);
  file.requireSecrecy();
  try {
    return filledText(file.text.replace(/\r?\n$/, ''));
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new Failure('config', `${path}: ${error.message}`);
  }
}

function readCertificates(path: string): string {
  const { text } = readTrustedFile(path);
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Failure('config', `${path}: holds no certificate in PEM form`);
  }
  return text;
}
