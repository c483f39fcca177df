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

/** The menus in which items of init have comments; a rule goes before the items that it refers to. */
const MENUS = ['filter', 'nat', 'mangle', 'layer7-protocol', 'address-list'].map(
  (name) => `/ip/firewall/${name}`,
);

/**
 * The script that removes the additions of any `router.rsc`, by their comments and names. It resets
 * api-ssl as far as its former settings are known, and says which are not.
 */
export function undoScript(): string {
  return renderScript([
    comment(
      'Removes the additions of the router.rsc of fwknop-mikrotik, and nothing else: rules by their',
      `comments, which begin with "${OUR_COMMENT}", the rest by name.`,
      'Entries of the address lists expire by themselves; entries that you added without a timeout stay.',
      '',
    ),
    ...MENUS.map((menu) => remove(menu, findByComment(menu, OUR_COMMENT))),
    remove('/user', find('/user', { name: OUR_NAME, comment: USER_COMMENT })),
    // RouterOS refuses to remove a group that has a user, which would end the script here.
    when(isEmpty(find('/user', { group: OUR_NAME })), [
      remove('/user/group', find('/user/group', { name: OUR_NAME })),
    ]),
    comment(
      '',
      'The certificate, once api-ssl does not use it. The API over TLS is then disabled: without a',
      'certificate the router could not prove its identity.',
    ),
    block(
      ...READ_API_SSL,
      when(expression(`[:tostr ($apiSsl->"certificate")] = "${OUR_NAME}"`), [
        command(
          '/ip/service/set',
          { certificate: 'none', disabled: 'yes' },
          expression('$apiService'),
        ),
        put('api-ssl: disabled, certificate=none. The previous settings were not saved:'),
        put('- its address list and tls-version=only-1.2 stay as router.rsc set them'),
        put(
          '- the default of RouterOS: /ip/service/set api-ssl address="" tls-version=any disabled=no',
        ),
      ]),
    ),
    remove('/certificate', find('/certificate', { name: OUR_NAME })),
  ]);
}

function remove(menu: string, items: Expression): Statement {
  return command(`${menu}/remove`, {}, items);
}
