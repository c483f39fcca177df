import { Failure } from '../common/failure';
import type { AccessRequest } from './access-request';
import { type Address, isPrivate, type Networks, networkText } from './address';
import { type Service, type ServiceRange, serviceName } from './service';

/** The timeout of a request that names none, in seconds: as fwknopd's own FW_ACCESS_TIMEOUT. */
export const DEFAULT_TIMEOUT = 30;

/** The access that the configuration grants to a client. Timeouts in seconds; undefined: no limit. */
export interface GrantRules {
  /** The client's name, where the command line gives one. */
  readonly client: string | undefined;
  readonly services: readonly ServiceRange[] | undefined;
  readonly sources: Networks | undefined;
  readonly maxTimeout: number | undefined;
  readonly defaultTimeout: number;
  /** How many first bits of the source make the network that is let in: 32 and 128 for itself. */
  readonly prefixes: { readonly 4: number; readonly 6: number };
  /** The tables of the configuration that set services and sources, for hints. */
  readonly tables: { readonly services: string; readonly sources: string };
}

/** An access request that may open, and for how long: at least a second, never without an end. */
export interface Grant extends Service {
  readonly source: Address;
  /** The source, or its network in CIDR notation: it goes on the address list. */
  readonly network: string;
  readonly client: string | undefined;
  /** Whole seconds, at least 1. */
  readonly timeout: number;
  /** The seconds asked for, where the ceiling cut them. */
  readonly cutFrom: number | undefined;
  /** A reason to doubt that the source is the client's address on the Internet. */
  readonly warning: string | undefined;
}

/**
 * Decides whether an access request may open, and for how long.
 *
 * fwknopd enforces neither OPEN_PORTS nor MAX_FW_TIMEOUT for a CMD_CYCLE_OPEN command
 * (incoming_spa.c takes the command's branch first), so only this function does.
 *
 * @throws Failure `denied`
 */
export function permit(request: AccessRequest, rules: GrantRules): Grant {
  const { source, protocol, port } = request;
  const { client, tables } = rules;
  const named = client === undefined ? '' : ` (${client})`;
  if (rules.services !== undefined && !rules.services.some((service) => covers(service, request))) {
    throw new Failure(
      'denied',
      `not granted: ${serviceName(request)} for ${source.text}${named}`,
      `add it to services under ${tables.services}, if it should open`,
    );
  }
  if (rules.sources !== undefined && !rules.sources.has(source)) {
    throw new Failure(
      'denied',
      `not granted: source ${source.text}${named}`,
      `add its network to sources under ${tables.sources}, if it should open`,
    );
  }
  const asked = request.timeout === 0 ? rules.defaultTimeout : request.timeout;
  const timeout = Math.min(asked, rules.maxTimeout ?? asked);
  // Never wider than the network of `sources` that has the source.
  const prefix = Math.max(rules.prefixes[source.family], rules.sources?.prefixOf(source) ?? 0);
  return {
    source,
    network: networkText({ address: source, prefix }),
    client,
    protocol,
    port,
    timeout,
    cutFrom: timeout < asked ? asked : undefined,
    warning:
      rules.sources === undefined && isPrivate(source)
        ? `${source.text} is private: a client on the Internet must name its public address (-R)`
        : undefined,
  };
}

/** Whether a granted service includes a port. */
export function covers(service: ServiceRange, { protocol, port }: Service): boolean {
  return service.protocol === protocol && service.firstPort <= port && port <= service.lastPort;
}
