import { covers, type GrantRules } from '../access/grant';
import { parseService, type Service, serviceName } from '../access/service';
import { collectFaults } from '../common/failure';
import { type Config, loadConfig } from '../config/config';
import type { Variable } from './access-conf';
import type { HelperCommand } from './command';
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

/**
 * Names the services that clients knock for and that are not granted: those that a command line names,
 * and those that the marked block notes, where no command is granted them.
 *
 * @param noted the services of the marked block; undefined where it notes none
 */
export function checkServices(
  commands: readonly HelperCommand[],
  noted: Variable | undefined,
): readonly Finding[] {
  const readable = commands.flatMap(({ place, overrides, service }) => {
    const rules = overrides && collectFaults([], () => loadConfig(overrides))?.grant;
    return rules === undefined ? [] : [{ place, rules, service }];
  });
  const named = readable.flatMap(({ place, rules, service }) =>
    service === undefined ? [] : [{ place, rules, service }],
  );
  const open = readable.filter(({ service }) => service === undefined);
  const wanted = (noted?.value.split(/\s+/) ?? []).flatMap((text) => parseService(text) ?? []);
  const refused = named.filter(({ rules, service }) => !isGranted(rules, service));
  const unwanted = wanted.filter(
    (service) => open.length > 0 && !open.some(({ rules }) => isGranted(rules, service)),
  );
  const someOpen = open.length > 0 && (wanted.length === 0 || unwanted.length < wanted.length);
  const status = someOpen || refused.length < named.length ? 'warn' : 'FAIL';
  const finding = (what: string, hint: string): Finding => ({
    status,
    step: 'services',
    what,
    hint,
  });
  return [
    ...refused.map(({ place, rules, service }) =>
      finding(
        `${place}: ${serviceName(service)} is not granted`,
        `add it to services under ${rules.tables.services}`,
      ),
    ),
    ...unwanted.map((service) =>
      finding(
        `${noted?.place}: the clients knock for ${serviceName(service)}, which is granted to none`,
        'add it to services under [grant], or take it out of this line',
      ),
    ),
  ];
}

function isGranted({ services }: GrantRules, service: Service): boolean {
  return services === undefined || services.some((granted) => covers(granted, service));
}
