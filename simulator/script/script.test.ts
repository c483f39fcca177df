import { Configuration } from './configuration';
import { importScript } from './script';

const run = (script: string) => importScript(script, new Configuration());

test.each([
  ['an unknown menu', '/ip/route/add gateway=192.0.2.1\n', /no such menu|unknown argument/],
  [
    'an unknown argument',
    '/ip/firewall/nat/add chain=dstnat colour=red\n',
    /unknown argument colour/,
  ],
  ['an unknown command', '/ip/firewall/nat/print\n', /nothing that init does/],
  ['an unknown statement', ':while (1 = 1) do={}\n', /line 1: expected a command/],
  ['a loop over what is no value', ':foreach x in=y do={}\n', /line 1: expected a value/],
  ['a disputed condition', ':put [/user/find where disabled=no]\n', /line 1: expected !disabled/],
  ['an unclosed string', ':put "x\n', /line 1: expected a character/],
  ['a variable in a string', ':put "a $b"\n', /line 1: expected a character/],
  ['a question mark, which asks for help', ':put "a?"\n', /line 1: expected a character/],
  ['an unclosed block', ':if (1 = 1) do={\n:put "x"\n', /expected }/],
  ['an unknown variable', ':put $nothing\n', /no such variable/],
  ['a variable of another line', ':local text "a"\n:put $text\n', /no such variable/],
  ['an unknown interface', '/ip/firewall/nat/add in-interface=X\n', /no interface X/],
  [
    'an unknown interface list',
    '/ip/firewall/nat/add in-interface-list=X\n',
    /no interface list X/,
  ],
  ['a comment on a certificate', '/certificate/add name=x comment=y\n', /unknown argument comment/],
  ['a user without its group', '/user/add name=x group=y\n', /no group y/],
  ['a place that is none', '/ip/firewall/nat/add place-before=0\n', /place-before=0 is no item/],
])('refuses %s', (_, script, error) => {
  expect(() => run(script)).toThrow(error);
});

test('a certificate can be used once signing has had its time', () => {
  const script = (delay: string) =>
    `/certificate/add name=x common-name=x subject-alt-name=DNS:x days-valid=1
/certificate/sign x
${delay}/ip/service/set api-ssl certificate=x disabled=no
`;
  expect(() => run(script(''))).toThrow(/not signed yet/);
  expect(run(script(':delay 3s\n'))).toEqual([]);
});

test('repeats statements: for each item, and a number of times', () => {
  expect(
    run(`/interface/list/add name=LAST
:foreach item in=[/interface/list/find where name~"A"] do={
  :put ([/interface/list/get $item]->"name")
}
:for second from=1 to=3 do={
  :put $second
}
`),
  ).toEqual(['WAN', 'LAN', 'LAST', '1', '2', '3']);
});

test('reads conditions by the precedence of their operators', () => {
  const truth = (condition: string) =>
    run(`:if (${condition}) do={\n  :put "yes"\n} else={\n  :put "no"\n}\n`)[0];
  expect(truth('"a" = "a" or "a" = "b" and "a" = "c"')).toBe('yes');
  expect(truth('("a" = "a" or "a" = "b") and "a" = "c"')).toBe('no');
  expect(truth('[:len [/user/find where name="x"]] = 0')).toBe('yes');
  expect(truth('[:len [/interface/find where !dynamic]] > 1')).toBe('yes');
  expect(truth('"a" != "a" or !("a" = "b")')).toBe('yes');
  expect(truth('([/ip/service/get "api"]->"connection") != true')).toBe('yes');
  expect(run(':put ("a" . "b" . "c")\n')).toEqual(['abc']);
  expect(run('{\n  :local text "a"\n  :put $text\n}\n')).toEqual(['a']);
});
