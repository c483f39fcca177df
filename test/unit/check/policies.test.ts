import { checkPolicies, type Policies } from '../../../src/check/policies';

const told = (policies: Policies, email?: string) =>
  checkPolicies(policies, { email }).map(({ status, step, what }) => `${status} ${step}: ${what}`);

const blind = { mayRead: false, group: undefined, granted: undefined, mayTest: false };

test('what is needed is not too much; read has a step of its own', () => {
  expect(
    told({ mayRead: true, group: 'g', granted: ['read', 'write', 'api'], mayTest: false }),
  ).toEqual(['ok policies: none too many: read, write, api']);
});

test('what is more is named, with the line that takes it away', () => {
  const full = {
    mayRead: true,
    group: 'ours',
    granted: ['ssh', 'reboot', 'write', 'api'],
    mayTest: false,
  };
  expect(checkPolicies(full, { email: undefined })).toEqual([
    {
      status: 'warn',
      step: 'policies',
      what: 'more than needed: ssh, reboot',
      hint: '/user/group/set [find name=ours] policy=!ssh,!reboot',
    },
  ]);
});

test('a group that cannot be pasted as it is called is not named', () => {
  const policies = { mayRead: true, group: 'a"; /quit', granted: ['ftp'], mayTest: false };
  const [finding] = checkPolicies(policies, { email: undefined });
  expect(finding?.hint).toBe('/user/group/set [find name=<its group>] policy=!ftp');
});

test('test is needed for e-mail alone', () => {
  const tests = { mayRead: true, group: 'g', granted: ['write', 'api', 'test'], mayTest: true };
  expect(told(tests)).toEqual(['warn policies: more than needed: test']);
  expect(told(tests, 'me@example.com')).toEqual([
    'ok policies: none too many: write, api, test',
    'ok e-mail: the user may send it, and nothing was sent; on the router, /tool/e-mail must name a server and a sender, and /system/device-mode allow e-mail (home routers do not, as they come)',
  ]);
});

test('without read there is not much to see', () => {
  const unseen = 'the user has no read policy (check --as USER shows them)';
  expect(told(blind)).toEqual([`skip policies: ${unseen}`]);
  expect(told({ ...blind, mayTest: true })).toEqual([
    `warn policies: more than needed: test; the others cannot be seen: ${unseen}`,
  ]);
  expect(told(blind, 'me@example.com')).toEqual([
    `skip policies: ${unseen}`,
    'warn e-mail: the user lacks the policy test: no note will be sent',
  ]);
});

test('a router may show entries, and not the group', () => {
  expect(told({ ...blind, mayRead: true })).toEqual([
    'skip policies: the router does not show the group',
  ]);
});
