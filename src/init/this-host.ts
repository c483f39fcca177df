import { readFileSync } from 'node:fs';
import { endianness, hostname, networkInterfaces } from 'node:os';
import { ownPath } from '../common/own-path';

/** The facts about the host that runs `init`, which are the defaults of a setup. */
export interface ThisHost {
  readonly name: string;
  /** The address of the default gateway; undefined where there is none. */
  readonly gateway: string | undefined;
  /** Its IPv4 addresses, without loopback; the one that faces the gateway comes first. */
  readonly addresses: readonly string[];
  /** The path of this program; undefined where fwknopd could not run it by that path. */
  readonly program: string | undefined;
}

/** A route to a gateway, and the interface that it leads through. */
interface Gateway {
  readonly address: string;
  readonly interfaceName: string;
}

const RTF_GATEWAY = 0x2; // linux/route.h

/** Looks at this host. Facts that cannot be found out are left out. */
export function thisHost(): ThisHost {
  const gateway = findGateway(routingTable());
  const addresses = Object.entries(networkInterfaces()).flatMap(([interfaceName, all = []]) =>
    all
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => ({ address, isFacing: interfaceName === gateway?.interfaceName })),
  );
  addresses.sort((one, other) => Number(other.isFacing) - Number(one.isFacing));
  return {
    name: hostname(),
    gateway: gateway?.address,
    addresses: addresses.map(({ address }) => address),
    program: lastingPath(),
  };
}

/**
 * Finds the default gateway in the text of /proc/net/route (proc(5)): the default route through a
 * gateway that has the lowest metric.
 *
 * @param order the byte order in which this kernel writes addresses
 */
export function findGateway(table: string, order = endianness()): Gateway | undefined {
  const gateways = table.split('\n').flatMap((line) => {
    const [interfaceName = '', destination, gateway = '', flags = '', , , metric, mask] =
      line.split(/\s+/);
    const isDefault = destination === '00000000' && mask === '00000000';
    if (!isDefault || (Number.parseInt(flags, 16) & RTF_GATEWAY) === 0) return [];
    const bytes = [...Buffer.from(gateway, 'hex')];
    const address = (order === 'LE' ? bytes.reverse() : bytes).join('.');
    return [{ address, interfaceName, metric: Number(metric) }];
  });
  return gateways.sort((one, other) => one.metric - other.metric)[0];
}

function routingTable(): string {
  try {
    return readFileSync('/proc/net/route', 'utf8');
  } catch {
    return ''; // not Linux
  }
}

function lastingPath(): string | undefined {
  try {
    return ownPath();
  } catch {
    return undefined; // fwknopd could not run it there, or it is gone
  }
}
