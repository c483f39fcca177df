import { isIP } from 'node:net';
import { serviceName } from '../access/service';
import { quoteText } from '../router/console';
import { fallbackInput, fallbackRules } from './fallback';
import {
  blank,
  block,
  command,
  comment,
  expression,
  find,
  forEach,
  isEmpty,
  local,
  optional,
  put,
  renderScript,
  type Statement,
  set,
  unlessFound,
  when,
} from './routeros';
import {
  acceptRule,
  addToInput,
  OUR_COMMENT,
  openingGate,
  serviceRules,
  spaForward,
} from './rules';
import { OUR_NAME, type Secrets, type Setup } from './setup';

export const USER_COMMENT = `${OUR_COMMENT}user`;

/**
 * Finds the service api-ssl, for the statements that follow in a block: `$apiService` is the item,
 * `$apiSsl` has its properties. From 7.19 on /ip/service lists connections too, under the service's
 * name; current releases list them before it.
 */
export const READ_API_SSL: readonly Statement[] = [
  local('apiService', '""'),
  forEach('item', find('/ip/service', { name: 'api-ssl' }), [
    when(expression('([/ip/service/get $item]->"connection") != true'), [
      set('apiService', '$item'),
    ]),
  ]),
  local('apiSsl', '[/ip/service/get $apiService]'),
];

const CERTIFICATE = find('/certificate', { name: OUR_NAME }).expression;
/** Before it is signed, a certificate has no fingerprint. */
const WITHOUT_FINGERPRINT = isEmpty(
  expression(`([/certificate/get ${CERTIFICATE}]->"fingerprint")`),
);
const CERTIFICATE_DAYS = 3650;
const SIGNING_TIME = 60; // seconds; a slow router takes several for an RSA key

/**
 * The script that prepares a router. A second import changes nothing: everything that the script adds,
 * it looks for first, by name or by comment.
 *
 * It uses what every RouterOS from 7.9 on has, and was never run on one [I]. Its traps: a rule that is
 * added without a place stands after the one that drops (manual, Filter); a fingerprint may appear some
 * time after `sign` has returned; 7.24 renamed the service's `address` to `available-from`, and `set`
 * still takes the old name.
 */
export function routerScript(setup: Setup, secrets: Secrets): string {
  const own = setup.services.filter(({ inside }) => inside === undefined);
  return renderScript([
    ...preface(setup),
    ...login(setup, secrets),
    ...api(setup),
    ...spaForward(setup),
    ...setup.services.flatMap((service) => serviceRules(setup, service)),
    ...fallbackRules(setup),
    ...addToInput(
      [
        ...own.map((service) => acceptRule(setup, service, openingGate(setup, service))),
        ...fallbackInput(setup),
      ],
      own.map(serviceName),
    ),
    ...farewell(),
  ]);
}

function preface({ router, wan }: Setup): readonly Statement[] {
  return [
    comment(
      `Prepares the router ${router} for fwknop-mikrotik. RouterOS 7.9 or later.`,
      '',
      'It holds a password: import it, then remove it from the router.',
      '  /import file-name=router.rsc',
      '  /file/remove router.rsc',
      'It may be imported again: it leaves everything that exists as it is.',
      '`fwknop-mikrotik init --undo` prints the script that removes its additions.',
      '',
      'It was written by the manual and never run on a router: read it before you import it.',
      '',
      'It is for IPv4. IPv6 has menus of its own, /ipv6/firewall/address-list and',
      '/ipv6/firewall/filter: a service that is to open to IPv6 addresses too needs the',
      'same accept rule there. (fwknopd itself passes IPv4 addresses only.)',
    ),
    blank(),
    comment('Check that the WAN interface exists. Nothing has been changed yet.'),
    wan.kind === 'list'
      ? unlessFound('/interface/list', { name: wan.name }, [
          {
            kind: 'error',
            text: `no interface list ${wan.name}; hint: make one, with the interface that leads to the Internet:
  /interface/list/add name=${quoteText(wan.name)}
  /interface/list/member/add list=${quoteText(wan.name)} interface=INTERFACE
or run init again, with --wan LIST or --wan-interface INTERFACE`,
          },
        ])
      : unlessFound('/interface', { name: wan.name }, [
          {
            kind: 'error',
            text: `no interface ${wan.name}; hint: /interface/print shows their names for init --wan-interface`,
          },
        ]),
  ];
}

function login({ fwknopd }: Setup, { password }: Secrets): readonly Statement[] {
  return [
    blank(),
    comment(
      'A user that may use the API and write, but not read, from one address only. (With the policy',
      '`read` a knock could extend an entry that is still there; it could also read everything. A note',
      'by e-mail needs the policy `test`, and on home routers device-mode blocks e-mail until',
      '/system/device-mode/update email=yes.)',
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
        put(
          `user ${OUR_NAME} exists already and keeps its password. If mikrotik.toml has another one,`,
        ),
        put('import the script that init --undo prints, and then this one again.'),
      ],
    ),
  ];
}

function api({ router, fwknopd }: Setup): readonly Statement[] {
  const alternative = isIP(router) === 0 ? `DNS:${router}` : `IP:${router}`;
  const address = `${fwknopd}/32`;
  // A property that a release does not have is nothing, which need not equal the empty text.
  const isFree = (variable: string, ...values: readonly string[]) =>
    `([:len $${variable}] = 0${values.map((value) => ` or $${variable} = "${value}"`).join('')})`;
  const read = (key: string) => `[:tostr ($apiSsl->"${key}")]`;
  return [
    blank(),
    comment(
      'The API over TLS, with a certificate of its own. If api-ssl has another certificate or an',
      'address list already, it stays as it is.',
    ),
    unlessFound('/certificate', { name: OUR_NAME }, [
      command('/certificate/add', {
        name: OUR_NAME,
        'common-name': router,
        'subject-alt-name': alternative,
        'days-valid': String(CERTIFICATE_DAYS),
      }),
    ]),
    comment(`Sign it, and wait for its fingerprint, at most ${SIGNING_TIME} s.`),
    when(WITHOUT_FINGERPRINT, [command('/certificate/sign', {}, OUR_NAME)]),
    {
      kind: 'for',
      variable: 'second',
      times: SIGNING_TIME,
      statements: [when(WITHOUT_FINGERPRINT, [{ kind: 'delay', seconds: 1 }])],
    },
    when(WITHOUT_FINGERPRINT, [
      {
        kind: 'error',
        text: `the certificate ${OUR_NAME} has no fingerprint after ${SIGNING_TIME} s; hint: wait, then import router.rsc again`,
      },
    ]),
    comment(
      'From RouterOS 7.19 on the menu lists connections too, under the name of the service; from 7.24',
      'on the address of a service is called available-from.',
    ),
    block(
      ...READ_API_SSL,
      local('apiCertificate', read('certificate')),
      local('apiAddress', read('address')),
      local('apiFrom', read('available-from')),
      when(
        expression(
          [
            isFree('apiCertificate', 'none', OUR_NAME),
            isFree('apiAddress', address),
            isFree('apiFrom', address),
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
          put(
            'api-ssl has a certificate or an address list already and stays as it is. Make sure that',
          ),
          put(`- it is enabled, and its address list includes ${address}`),
          put('- it has a certificate, and you pin the fingerprint of that one:'),
          put('  /certificate/print detail'),
          put(`  without one: /ip/service/set api-ssl certificate=${OUR_NAME}`),
        ],
      ),
    ),
    comment('The API without TLS stays as it is. Nothing here needs it; this disables it:'),
    optional('/ip/service/set', { disabled: 'yes' }, 'api'),
  ];
}

function farewell(): readonly Statement[] {
  return [
    blank(),
    comment('The fingerprint to pin: fwknop-mikrotik check --pin=FINGERPRINT'),
    put(
      expression(
        `("fingerprint of ${OUR_NAME}: " . [/certificate/get ${CERTIFICATE} fingerprint])`,
      ),
    ),
  ];
}
