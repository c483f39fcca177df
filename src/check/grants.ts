import type { Config } from '../config/config';
import type { Finding } from './output';

const USUAL_NETWORK = 64; // bits: the IPv6 network of one home or phone

/** Names the tables that let in more than the source of a knock, and how much. */
export function checkPrefixes({ grant, clients }: Config): readonly Finding[] {
  const own = grant.client === undefined ? '[grant]' : `--client ${grant.client}:`;
  const tables = new Map([[own, grant.prefixes]]);
  for (const [name, { ipv4Prefix = 32, ipv6Prefix = 128 }] of clients) {
    if (name !== grant.client) tables.set(`[client.${name}]`, { 4: ipv4Prefix, 6: ipv6Prefix });
  }
  return [...tables].flatMap(([table, prefixes]) => [
    ...(prefixes[4] < 32
      ? [
          finding(
            `${table} ipv4-prefix ${prefixes[4]}`,
            `${2 ** (32 - prefixes[4])} addresses`,
            false,
          ),
        ]
      : []),
    ...(prefixes[6] < 128
      ? [
          finding(
            `${table} ipv6-prefix ${prefixes[6]}`,
            'its network',
            prefixes[6] >= USUAL_NETWORK,
          ),
        ]
      : []),
  ]);
}

function finding(setting: string, what: string, isUsual: boolean): Finding {
  return {
    status: isUsual ? 'ok' : 'warn',
    step: 'grant',
    what: `${setting}: a knock lets in all of ${what}, neighbours of the client too`,
    hint: isUsual ? undefined : 'set it for the clients only whose address changes',
  };
}
