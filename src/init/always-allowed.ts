import { serviceName } from '../access/service';
import { comment, type Statement, unlessFound } from './routeros';
import { addOnce, beforeDrop, FILTER, fromWan, NAT, OUR_COMMENT } from './rules';
import type { Fallback, PublishedService, Setup } from './setup';

const ADDRESS_LIST = '/ip/firewall/address-list';
const ALWAYS = 'FWKNOP_ALWAYS';

/** A list of those who need no knock, which stays, and the rules that let them in. */
export function alwaysAllowed(setup: Setup, { always }: Fallback): readonly Statement[] {
  return [
    comment(
      '',
      `Who needs no knock: single addresses, ranges and prefixes in the list ${ALWAYS}, such as`,
      `  ${ADDRESS_LIST}/add list=${ALWAYS} address=198.51.100.0/24`,
    ),
    ...always.map((address) =>
      addOnce(ADDRESS_LIST, `always ${address}`, { list: ALWAYS, address }),
    ),
    ...setup.services.map((door) => allowRule(setup, door)),
  ];
}

function allowRule(setup: Setup, door: PublishedService): Statement {
  const name = `always ${serviceName(door)}`;
  const strangers = { ...fromWan(setup, door), 'src-address-list': ALWAYS };
  if (door.inside !== undefined) {
    const { host, port } = door.inside;
    const to = { 'to-addresses': host, 'to-ports': String(port) };
    return addOnce(NAT, name, { chain: 'dstnat', action: 'dst-nat', ...strangers, ...to });
  }
  const noted = OUR_COMMENT + name;
  const rule = { chain: 'input', action: 'accept', ...strangers, comment: noted };
  return unlessFound(FILTER, { comment: noted }, beforeDrop([rule]));
}
