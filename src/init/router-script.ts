import { isIP } from 'node:net';
import { fallbackRules } from './fallback';
import {
  blank,
  block,
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
import { OUR_COMMENT, serviceRules, spaForward } from './rules';
import { OUR_NAME, type Secrets, type Setup } from './setup';

export const USER_COMMENT = `${OUR_COMMENT}user`;

/** The service api-ssl, for what follows in a block: `$apiService` is the item, `$apiSsl` what it says. */
export const READ_API_SSL: readonly Statement[] = [
  { kind: 'local', name: 'apiService', value: first(find('/ip/service', { name: 'api-ssl' })) },
  { kind: 'local', name: 'apiSsl', value: expression('[/ip/service/get $apiService]') },
];

const CERTIFICATE_DAYS = 3650;

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
    ...setup.services.flatMap((door) => serviceRules(setup, door)),
    ...fallbackRules(setup),
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
  // What a release does not have is no text at all, which need not equal the empty one.
  const isFree = (variable: string, ...values: readonly string[]) =>
    `([:len $${variable}] = 0${values.map((value) => ` or $${variable} = "${value}"`).join('')})`;
  const ourCertificate = find('/certificate', { name: OUR_NAME }).expression;
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
    ]),
    // One that an import left unsigned, which ended half-way, has no fingerprint yet.
    when(isEmpty(expression(`([/certificate/get ${ourCertificate}]->"fingerprint")`)), [
      command('/certificate/sign', {}, OUR_NAME),
      { kind: 'delay', seconds: 3 },
    ]),
    comment(
      'RouterOS 7.19 and later list connections as well, after the service; 7.24 and later call',
      'its address available-from.',
    ),
    block(
      ...READ_API_SSL,
      { kind: 'local', name: 'apiCertificate', value: expression(read('certificate')) },
      { kind: 'local', name: 'apiAddress', value: expression(read('address')) },
      { kind: 'local', name: 'apiFrom', value: expression(read('available-from')) },
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
            'api-ssl has a certificate or an address list already: left as it is. See to it that:',
          ),
          put(`- it is enabled, and its address list lets ${address} in`),
          put('- it has a certificate, and you pin the fingerprint of that one:'),
          put('  /certificate/print detail'),
          put(`  without one: /ip/service/set api-ssl certificate=${OUR_NAME}`),
        ],
      ),
    ),
    comment('The API without TLS stays as it is. Nothing here needs it; this switches it off:'),
    optional('/ip/service/set', { disabled: 'yes' }, 'api'),
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
