import { READ_API_SSL, USER_COMMENT } from './router-script';
import {
  block,
  command,
  comment,
  type Expression,
  expression,
  find,
  findByComment,
  isEmpty,
  put,
  renderScript,
  type Statement,
  when,
} from './routeros';
import { OUR_COMMENT } from './rules';
import { OUR_NAME } from './setup';

/** Whatever init may have added an item with a comment to; a rule goes before what it refers to. */
const MENUS = ['filter', 'nat', 'mangle', 'layer7-protocol', 'address-list'].map(
  (name) => `/ip/firewall/${name}`,
);

/**
 * The script that removes what `router.rsc` added, whatever it was made with: it goes by comments
 * and names. It puts api-ssl back as far as that is known, and says what is not.
 */
export function undoScript(): string {
  return renderScript([
    comment(
      'Removes what the router.rsc of fwknop-mikrotik added, and nothing else: rules by their',
      `comments, which begin with "${OUR_COMMENT}", the rest by its name.`,
      'Entries in the address lists go by themselves when their time is over; those that you have',
      'added without one stay.',
      '',
    ),
    ...MENUS.map((menu) => remove(menu, findByComment(menu, OUR_COMMENT))),
    remove('/user', find('/user', { name: OUR_NAME, comment: USER_COMMENT })),
    // A group that has a user cannot go, and what follows would not be done.
    when(isEmpty(find('/user', { group: OUR_NAME })), [
      remove('/user/group', find('/user/group', { name: OUR_NAME })),
    ]),
    comment(
      '',
      'The certificate, once api-ssl does without it. The API over TLS is then switched off: without',
      'a certificate it could not prove that it is the router.',
    ),
    block(
      ...READ_API_SSL,
      when(expression(`[:tostr ($apiSsl->"certificate")] = "${OUR_NAME}"`), [
        command(
          '/ip/service/set',
          { certificate: 'none', disabled: 'yes' },
          expression('$apiService'),
        ),
        put('api-ssl: switched off, certificate=none. What it was before, nobody wrote down:'),
        put('- its address list and tls-version=only-1.2 stay as router.rsc set them'),
        put(
          '- RouterOS itself comes with: /ip/service/set api-ssl address="" tls-version=any disabled=no',
        ),
      ]),
    ),
    remove('/certificate', find('/certificate', { name: OUR_NAME })),
  ]);
}

function remove(menu: string, items: Expression): Statement {
  return command(`${menu}/remove`, {}, items);
}
