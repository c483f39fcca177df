import { assert, constantFrom, integer, property, tuple } from 'fast-check';
import { parseAddress } from '../../../src/access/address';
import type { Grant } from '../../../src/access/grant';
import type { Protocol } from '../../../src/access/service';
import { listTemplate } from '../../../src/config/settings';
import {
  addAttributes,
  type Entry,
  entryFor,
  findExisting,
} from '../../../src/router/address-list';
import { ipv6Groups, rfc5952 } from '../../support/addresses';
import { ipv6Bits } from '../../support/spellings';

function grant(source = '203.0.113.9', protocol: Protocol = 'tcp', port = 22, timeout = 30): Grant {
  const address = parseAddress(source)!;
  return {
    source: address,
    network: address.text,
    client: undefined,
    protocol,
    port,
    timeout,
    cutFrom: undefined,
    warning: undefined,
  };
}

const LIST = 'FWKNOP_{proto}_{port}';

describe('the entry for a grant', () => {
  test('of IPv4', () => {
    expect(entryFor(grant(), LIST, 'fwknop')).toEqual({
      menu: '/ip/firewall/address-list',
      list: 'FWKNOP_6_22',
      address: '203.0.113.9',
      timeout: 30,
      comment: 'fwknop',
      service: 'tcp/22',
      label: 'FWKNOP_6_22',
    });
  });

  test('of IPv6 stands in a menu of its own', () => {
    expect(entryFor(grant('2001:DB8::1', 'udp', 51820), LIST, '')).toEqual({
      menu: '/ipv6/firewall/address-list',
      list: 'FWKNOP_17_51820',
      address: '2001:db8::1',
      timeout: 30,
      comment: '',
      service: 'udp/51820',
      label: 'FWKNOP_17_51820',
    });
  });

  test('names its client in the comment and in messages', () => {
    expect(entryFor({ ...grant(), client: 'phone' }, LIST, 'fwknop {client}')).toMatchObject({
      comment: 'fwknop phone',
      label: 'FWKNOP_6_22, phone',
    });
  });

  test.each([
    ['fwknop {client}', 'fwknop phone', 'fwknop'],
    ['{client}', 'phone', ''],
    ['{client} by SPA', 'phone by SPA', ' by SPA'],
    ['by {client}, {client}', 'by phone, phone', 'by,'],
    ['two  {client}', 'two  phone', 'two '],
    ['knock', 'knock', 'knock'],
    ['', '', ''],
    ['$&{client}$1', '$&phone$1', '$&$1'],
  ])('of the template %j has the comment %j, without a client %j', (template, comment, without) => {
    expect(entryFor({ ...grant(), client: 'phone' }, LIST, template).comment).toBe(comment);
    expect(entryFor(grant(), LIST, template).comment).toBe(without);
  });

  test.each([
    ['knock', 'knock'],
    ['{port}', '22'],
    ['{proto}', '6'],
    ['{port}/{proto}/{port}', '22/6/22'],
    ['$&{port}$1', '$&22$1'],
  ])('of the template %s is on the list %s', (template, list) => {
    expect(entryFor(grant(), template, '').list).toBe(list);
  });

  test('is on a list without braces, for every template that is taken', () =>
    assert(
      property(
        tuple(
          ...new Array(4).fill(constantFrom('{proto}', '{port}', '{', '}', 'x', 'port', 'proto')),
        ),
        (parts) => {
          let template: string;
          try {
            template = listTemplate(parts.join(''));
          } catch {
            return;
          }
          expect(entryFor(grant(), template, '').list).not.toMatch(/[{}]/);
        },
      ),
      { numRuns: 1000 },
    ));
});

describe('the add', () => {
  test('says all, in the order that --dry-run shows', () => {
    const attributes = addAttributes(entryFor(grant(), LIST, 'fwknop'));
    expect(Object.entries(attributes)).toEqual([
      ['list', 'FWKNOP_6_22'],
      ['address', '203.0.113.9'],
      ['timeout', '30s'],
      ['comment', 'fwknop'],
    ]);
  });

  test('never leaves the timeout out, nor empty: the entry would stay indefinitely', () =>
    assert(
      property(integer({ min: 1, max: 21474836 }), (timeout) => {
        const attributes = addAttributes(entryFor(grant(undefined, 'tcp', 22, timeout), LIST, ''));
        expect(attributes.timeout).toMatch(/^(?:[1-9]\d*[wdhms])+$/);
      }),
    ));
});

describe('an entry among the rows of the router', () => {
  const entry = entryFor(grant(), LIST, 'fwknop');
  const row = { '.id': '*3', list: 'FWKNOP_6_22', address: '203.0.113.9', timeout: '25s' };
  const entry6 = entryFor(grant('2001:db8::1'), LIST, 'fwknop');
  const network = entryFor({ ...grant(), network: '203.0.113.0/24' }, LIST, 'fwknop');
  const network6 = entryFor({ ...grant('2001:db8::1'), network: '2001:db8::/64' }, LIST, 'fwknop');
  const row6 = { ...row, address: '2001:db8::1/128' };
  const found = { id: '*3', disabled: false, left: 25 };

  test.each([
    ['as it was added', entry, row, found],
    ['with its length', entry, { ...row, address: '203.0.113.9/32' }, found],
    ['of IPv6, with its length', entry6, row6, found],
    ['of IPv6, without', entry6, { ...row6, address: '2001:db8::1' }, found],
    [
      'of IPv6, in capitals and at length',
      entry6,
      { ...row6, address: '2001:0DB8:0::1/128' },
      found,
    ],
    ['of a network', network, { ...row, address: '203.0.113.0/24' }, found],
    [
      'of a network, with another address in it',
      network,
      { ...row, address: '203.0.113.9/24' },
      found,
    ],
    ['of an IPv6 network', network6, { ...row6, address: '2001:db8::/64' }, found],
    [
      'of an IPv6 network, at length',
      network6,
      { ...row6, address: '2001:DB8:0:0:0:0:0:0/64' },
      found,
    ],
    ['with another comment', entry, { ...row, comment: 'by hand' }, found],
    ['that is disabled', entry, { ...row, disabled: 'true' }, { ...found, disabled: true }],
    [
      'that is disabled, in the words of the console',
      entry,
      { ...row, disabled: 'yes' },
      { ...found, disabled: true },
    ],
    ['that is not disabled', entry, { ...row, disabled: 'false' }, found],
    ['that is dynamic', entry, { ...row, dynamic: 'true' }, found],
    ['with days left', entry, { ...row, timeout: '1d00:00:30' }, { ...found, left: 86430 }],
    ['with milliseconds left', entry, { ...row, timeout: '350ms' }, { ...found, left: 0 }],
    [
      'with a time that nobody can read',
      entry,
      { ...row, timeout: 'soon' },
      { ...found, left: Number.NaN },
    ],
  ])('%s', (_, wanted: Entry, tried, expected) => {
    expect(findExisting(wanted, [tried])).toEqual(expected);
  });

  test('without an end', () => {
    const { timeout, ...permanent } = row;
    expect(timeout).toBe('25s');
    expect(findExisting(entry, [permanent])).toEqual({ ...found, left: undefined });
  });

  test.each<[string, readonly Record<string, string>[]]>([
    ['no rows', []],
    ['another list', [{ ...row, list: 'FWKNOP_6_2' }]],
    ['a list that differs in case', [{ ...row, list: 'fwknop_6_22' }]],
    ['another address', [{ ...row, address: '203.0.113.90' }]],
    ['the network around it', [{ ...row, address: '203.0.113.0/24' }]],
    ['a network that begins with it', [{ ...row, address: '203.0.113.9/3' }]],
    ['a range that begins with it', [{ ...row, address: '203.0.113.9-203.0.113.32' }]],
    ['a name', [{ ...row, address: 'client.example' }]],
    ['no address', [{ '.id': '*3', list: 'FWKNOP_6_22' }]],
    ['no list', [{ '.id': '*3', address: '203.0.113.9' }]],
    ['no id', [{ list: 'FWKNOP_6_22', address: '203.0.113.9', timeout: '25s' }]],
    ['an empty row', [{}]],
  ])('is not taken for %s', (_, rows) => {
    expect(findExisting(entry, rows)).toBeUndefined();
  });

  test('is found behind others', () => {
    const others = [{ ...row, '.id': '*1', address: '203.0.113.8' }, { ...row6, '.id': '*2' }, {}];
    expect(findExisting(entry, [...others, row])).toEqual(found);
  });

  test('of IPv6 is found however the router writes it', () =>
    assert(
      property(ipv6Bits, (groups) => {
        const text = rfc5952(groups);
        expect(ipv6Groups(text)).toEqual(groups);
        const long = groups.map((group) => group.toString(16).padStart(4, '0')).join(':');
        const wanted = entryFor(grant(text), LIST, '');
        for (const address of [text, long, `${text}/128`, `${long.toUpperCase()}/128`]) {
          expect(findExisting(wanted, [{ ...row, address }])).toEqual(found);
        }
      }),
    ));
});
