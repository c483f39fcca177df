import { DEFAULT_CONFIG_FILE, type Overrides } from '../config/config';
import type { HelperCommand } from './command';

/** The settings that an opening has: those of a file, and over them the options of a line. */
export interface Opening {
  readonly overrides: Overrides;
  /** The configuration file, absolute; it may be absent if the line names a router. */
  readonly config: string;
  /** The line with options of the router; undefined where there is none. */
  readonly place: string | undefined;
}

const NO_OPTIONS = { list: undefined, deadline: undefined, syslog: undefined, router: {} };

/**
 * Finds the different openings that the command lines ask for.
 *
 * @param only leaves out the lines that read another configuration file; absolute
 * @returns at least one: without a line, that of the file alone
 */
export function openingsOf(
  commands: readonly HelperCommand[],
  only: string | undefined,
): readonly Opening[] {
  const openings = new Map<string, Opening>();
  for (const { place, config, overrides } of commands) {
    if (overrides === undefined || (only !== undefined && only !== config)) continue;
    const hasOptions = Object.values(overrides.router).some((value) => value !== undefined);
    // Clients differ in what is granted to them, and not in the routers.
    const key = JSON.stringify({ config, router: overrides.router });
    const opening = { overrides, config, place: hasOptions ? place : undefined };
    if (!openings.has(key)) openings.set(key, opening);
  }
  if (openings.size > 0) return [...openings.values()];
  const config = only ?? DEFAULT_CONFIG_FILE;
  return [{ overrides: { config, ...NO_OPTIONS }, config, place: undefined }];
}
