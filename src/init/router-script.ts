import { isIP } from 'node:net';
import { DEFAULT_LIST } from '../config';
import { formatDuration } from '../duration';
import { serviceName } from '../grant';
import {
  type Arguments,
  command,
  comment,
  expression,
  find,
  first,
  isEmpty,
  optional,
  put,
  quoteText,
  renderScript,
  type Statement,
  unlessFound,
  when,
} from './routeros';
import { type Door, MAX_TIMEOUT, OUR_NAME, type Secrets, type Setup } from './setup';

/** How the comment of every rule begins that the script adds: by it --undo finds them. */
export const OUR_COMMENT = `${OUR_NAME}: `;
export const USER_COMMENT = `${OUR_COMMENT}user`;

const FILTER = '/ip/firewall/filter';
const NAT = '/ip/firewall/nat';
const MANGLE = '/ip/firewall/mangle';

/** The rule of RouterOS's default firewall that ends chain input. */
const DEFAULT_DROP = 'defconf: drop all not coming from LAN';

const CERTIFICATE_DAYS = 3650;

/** In a `where`, "no" would be a text. */
const NO = expression('no');

/**
 * The script that makes a router ready. To import it again changes nothing: whatever it adds, it
 * looks for first, by name or by comment.
 *
 * It uses what every RouterOS from 7.9 on has, and was never run on one [I]. Its traps: a rule that
 * is added without a place stands after the one that drops (manual, Filter); from 7.19 on
 * /ip/service lists connections under their service's name, after it; 7.24 renamed its `address` to
 * `available-from`, and still takes the old name from who sets it.
 */
export function routerScript(setup: Setup, secrets: Secrets): string {
  return renderScript([
    ...preface(setup),
    ...login(setup, secrets),
    ...api(setup),
    ...spaForward(setup),
    ...setup.doors.flatMap((door) => [
      ...(door.inside === undefined ? acceptInput(setup, door) : forwardInside(setup, door)),
      ...(setup.sliding ? slide(setup, door) : []),
    ]),
    ...farewell(),
  ]);
}

function preface({ router, wan }: Setup): readonly Statement[] {
  return [
    comment(
      `Makes the router ${router} ready for fwknop-mikrotik. RouterOS 7.9 or later.`,
      '',
      'It holds a password: import it, and remove it from the router.',
      '  /import file-name=router.rsc',
      '  /file/remove router.rsc',
      'It may be imported again. What is there already, it leaves as it is.',
      '`fwknop-mikrotik init --undo` prints the script that removes it all.',
      '',
      'It was written by the manual and never run on a router: read it before you import it.',
      '',
      'It is for IPv4. IPv6 has menus of its own, /ipv6/firewall/address-list and',
      '/ipv6/firewall/filter: a service that is to open to IPv6 addresses as well needs the',
      'same accept rule there. (fwknopd itself passes IPv4 addresses only.)',
    ),
    blank(),
    comment('Where strangers come from. Nothing has been changed yet.'),
    unlessFound('/interface/list', { name: wan }, [
      {
        kind: 'error',
        text: `no interface list is called ${wan}; hint: init --wan NAME takes the one of your router`,
      },
    ]),
  ];
}

function login({ fwknopd }: Setup, { password }: Secrets): readonly Statement[] {
  return [
    blank(),
    comment(
      'A user that may use the API and write, but not read, from one address only. (With the policy',
      '`read` a knock could extend an entry that is still there; it could also read everything.)',
    ),
    unlessFound('/user/group', { name: OUR_NAME }, [
      command('/user/group/add', { name: OUR_NAME, policy: 'write,api' }),
    ]),
    when(
      isEmpty(find('/user', { name: OUR_NAME })),
      [
        command('/user/add', {
          name: OUR_NAME,
          group: OUR_NAME,
          address: `${fwknopd}/32`,
          password: expression(quoteText(password)),
          comment: USER_COMMENT,
        }),
      ],
      [
        put(`user ${OUR_NAME} is there already and keeps its password. If that is not the one of`),
        put('mikrotik.toml, import what init --undo prints, and then this once more.'),
      ],
    ),
  ];
}

function api({ router, fwknopd }: Setup): readonly Statement[] {
  const alternative = isIP(router) === 0 ? `DNS:${router}` : `IP:${router}`;
  const address = `${fwknopd}/32`;
  const isFree = (variable: string, ...values: readonly string[]) =>
    `(${values.map((value) => `$${variable} = "${value}"`).join(' or ')})`;
  const read = (key: string) => `[:tostr ($apiSsl->"${key}")]`;
  return [
    blank(),
    comment(
      'The API over TLS, with a certificate of its own. api-ssl is left as it is where it has',
      'another certificate, or lets other addresses in.',
    ),
    unlessFound('/certificate', { name: OUR_NAME }, [
      command('/certificate/add', {
        name: OUR_NAME,
        'common-name': router,
        'subject-alt-name': alternative,
        'days-valid': String(CERTIFICATE_DAYS),
      }),
      command('/certificate/sign', {}, OUR_NAME),
      { kind: 'delay', seconds: 3 },
    ]),
    comment(
      'RouterOS 7.19 and later list connections as well, after the service; 7.24 and later call',
      'its address available-from.',
    ),
    {
      kind: 'local',
      name: 'apiService',
      value: first(find('/ip/service', { name: 'api-ssl' })),
    },
    { kind: 'local', name: 'apiSsl', value: expression('[/ip/service/get $apiService]') },
    { kind: 'local', name: 'apiCertificate', value: expression(read('certificate')) },
    { kind: 'local', name: 'apiAddress', value: expression(read('address')) },
    { kind: 'local', name: 'apiFrom', value: expression(read('available-from')) },
    when(
      expression(
        [
          isFree('apiCertificate', '', 'none', OUR_NAME),
          isFree('apiAddress', '', address),
          isFree('apiFrom', '', address),
        ].join(' and '),
      ),
      [
        command(
          '/ip/service/set',
          { certificate: OUR_NAME, 'tls-version': 'only-1.2', address, disabled: 'no' },
          expression('$apiService'),
        ),
      ],
      [
        put('api-ssl has a certificate or an address list already: left as it is. See to it that:'),
        put(`- it is enabled, and its address list lets ${address} in`),
        put('- it has a certificate, and you pin the fingerprint of that one:'),
        put('  /certificate/print detail'),
        put(`  without one: /ip/service/set api-ssl certificate=${OUR_NAME}`),
      ],
    ),
    comment('The API without TLS stays as it is. Nothing here needs it; this switches it off:'),
    optional('/ip/service/set', { disabled: 'yes' }, 'api'),
  ];
}

function spaForward(setup: Setup): readonly Statement[] {
  const { fwknopd, spaPort, wan } = setup;
  const name = 'SPA packets';
  const port = String(spaPort);
  return [
    blank(),
    comment('SPA packets go to fwknopd.'),
    addOnce(NAT, name, {
      chain: 'dstnat',
      action: 'dst-nat',
      'in-interface-list': wan,
      protocol: 'udp',
      'dst-port': port,
      'to-addresses': fwknopd,
      'to-ports': port,
    }),
    ...acceptForward(name, {
      'in-interface-list': wan,
      protocol: 'udp',
      'dst-address': fwknopd,
      'dst-port': port,
    }),
  ];
}

/** The rule for a service of the router itself: before the one that drops, or it never matches. */
function acceptInput(setup: Setup, door: Door): readonly Statement[] {
  const name = serviceName(door);
  const rule: Arguments = {
    chain: 'input',
    action: 'accept',
    ...strangersAt(setup, door),
    'src-address-list': listOf(door),
    comment: OUR_COMMENT + name,
  };
  const drops = { chain: 'input', dynamic: NO };
  return [
    blank(),
    comment(
      `${name} of the router itself. The rule stands before the one that drops: that of the default`,
      'firewall, or else the first that drops or rejects in chain input.',
    ),
    unlessFound(FILTER, { comment: OUR_COMMENT + name }, [
      {
        kind: 'local',
        name: 'dropRules',
        value: find(FILTER, { ...drops, comment: DEFAULT_DROP }),
      },
      ...['drop', 'reject'].map((action) =>
        when(isEmpty(expression('$dropRules')), [
          { kind: 'set', name: 'dropRules', value: find(FILTER, { ...drops, action }) },
        ]),
      ),
      when(
        isEmpty(expression('$dropRules')),
        [
          command(`${FILTER}/add`, rule),
          put(`chain input drops nothing, so that ${name} is open to everybody, knock or not`),
        ],
        [command(`${FILTER}/add`, { ...rule, 'place-before': first(expression('$dropRules')) })],
      ),
    ]),
  ];
}

/** The port forward for a service of an inside host, which exists for listed addresses only. */
function forwardInside(setup: Setup, door: Door): readonly Statement[] {
  const name = serviceName(door);
  const { host = '', port = 0 } = door.inside ?? {};
  return [
    blank(),
    comment(`${name} of ${host}: a port forward that is there for listed addresses only.`),
    addOnce(NAT, name, {
      chain: 'dstnat',
      action: 'dst-nat',
      ...strangersAt(setup, door),
      'src-address-list': listOf(door),
      'to-addresses': host,
      'to-ports': String(port),
    }),
    ...acceptForward(name, {
      ...strangersAt(setup, door),
      'dst-address': host,
      'dst-port': String(port),
      'src-address-list': listOf(door),
    }),
  ];
}

/** For routers whose chain forward drops all that it does not know; the default one does not. */
function acceptForward(name: string, matchers: Arguments): readonly Statement[] {
  return [
    comment('Where your chain forward drops all the rest, forwarded packets included, accept it:'),
    optional(`${FILTER}/add`, {
      chain: 'forward',
      action: 'accept',
      'connection-nat-state': 'dstnat',
      ...matchers,
      comment: OUR_COMMENT + name,
      'place-before': first(find(FILTER, { chain: 'forward', action: 'drop', dynamic: NO })),
    }),
  ];
}

/**
 * The rule that keeps a door open while it is used. It stands in mangle, which sees a packet before
 * NAT and filter do, so that it serves the router and inside hosts alike; it does not end its chain.
 * An address that is in the list already gets its timer set anew (RouterOS manual,
 * Firewall/Address-lists). The time is the longest that an entry can have, never to shorten one.
 */
function slide(setup: Setup, door: Door): readonly Statement[] {
  const name = serviceName(door);
  const time = formatDuration(MAX_TIMEOUT);
  return [
    comment(
      `Sliding: every new connection to ${name} from a listed address sets its timer to ${time} again.`,
      'max-timeout of mikrotik.toml no longer bounds it: who goes on connecting stays in.',
    ),
    addOnce(MANGLE, name, {
      chain: 'prerouting',
      action: 'add-src-to-address-list',
      'connection-state': 'new',
      ...strangersAt(setup, door),
      'src-address-list': listOf(door),
      'address-list': listOf(door),
      'address-list-timeout': time,
    }),
  ];
}

function farewell(): readonly Statement[] {
  return [
    blank(),
    comment('What to pin: fwknop-mikrotik check --pin=FINGERPRINT'),
    put(
      expression(
        `("fingerprint of ${OUR_NAME}: " . [/certificate/get ${find('/certificate', { name: OUR_NAME }).expression} fingerprint])`,
      ),
    ),
  ];
}

/** A rule at the end of its chain, unless it is there. */
function addOnce(menu: string, name: string, rule: Arguments): Statement {
  const comment = OUR_COMMENT + name;
  return unlessFound(menu, { comment }, [command(`${menu}/add`, { ...rule, comment })]);
}

/** What matches packets from outside for a door. */
function strangersAt({ wan }: Setup, { protocol, port }: Door): Arguments {
  return {
    'in-interface-list': wan,
    protocol: protocol === 6 ? 'tcp' : 'udp',
    'dst-port': String(port),
  };
}

/** The list that an opening fills, by the default of `list` in mikrotik.toml. */
function listOf({ protocol, port }: Door): string {
  return DEFAULT_LIST.replace('{proto}', String(protocol)).replace('{port}', String(port));
}

function blank(): Statement {
  return comment('');
}
