import { AddressList } from './address-lists';
import type { Family } from './addresses';

/** A list with a clock that only the test moves. */
function listAndClock(family: Family = 'v4') {
  let now = 1000;
  const list = new AddressList(family, 'prefixed', () => now);
  const add = (values: Record<string, string>) => list.add(new Map(Object.entries(values)));
  const set = (id: string, values: Record<string, string>) =>
    list.set(id, new Map(Object.entries(values)));
  const pass = (seconds: number) => {
    now += seconds * 1000;
  };
  return { list, add, set, pass };
}

test('ids count in upper-case hex and are never used again', () => {
  const { list, add } = listAndClock();
  const ids = Array.from({ length: 11 }, (_, n) => add({ list: 'a', address: `192.0.2.${n}` }));
  expect(ids[0]).toBe('*1');
  expect(ids[9]).toBe('*A');
  list.remove('*B');
  expect(add({ list: 'a', address: '192.0.2.99' })).toBe('*C');
});

test('an entry is as it was asked for', () => {
  const { list, add } = listAndClock();
  add({ list: 'a', address: '192.0.2.1/32', comment: 'hello', disabled: 'yes', timeout: '30' });
  expect(list.entries()).toEqual([
    {
      id: '*1',
      list: 'a',
      address: '192.0.2.1',
      comment: 'hello',
      disabled: true,
      dynamic: true,
      secondsLeft: 30,
      createdAt: expect.any(Date),
    },
  ]);
});

test.each([
  [{}, false],
  [{ timeout: '0' }, true],
  [{ dynamic: 'yes' }, true],
])('%j: an entry that stays; dynamic: %s', (values, dynamic) => {
  const { list, add, pass } = listAndClock();
  add({ list: 'a', address: '192.0.2.1', ...values });
  pass(1e9);
  expect(list.entries()).toMatchObject([{ dynamic, secondsLeft: undefined }]);
});

test('an entry with a timeout goes by itself, and can be added again', () => {
  const { list, add, pass } = listAndClock();
  add({ list: 'a', address: '192.0.2.1', timeout: '30s' });
  pass(29.5);
  expect(list.entries()).toMatchObject([{ secondsLeft: 0.5 }]);
  pass(0.5);
  expect(list.entries()).toEqual([]);
  expect(add({ list: 'a', address: '192.0.2.1', timeout: '30s' })).toBe('*2');
});

test('a duplicate fails and leaves the timer as it was', () => {
  const { list, add, pass } = listAndClock();
  add({ list: 'a', address: '192.0.2.1', timeout: '30s' });
  pass(10);
  expect(() => add({ list: 'a', address: '192.0.2.1/32', timeout: '1h' })).toThrow(
    'failure: already have such entry',
  );
  expect(list.entries()).toMatchObject([{ secondsLeft: 20 }]);
});

test('the same address in another list, and an overlapping one, are no duplicates', () => {
  const { list, add } = listAndClock();
  add({ list: 'a', address: '192.0.2.1' });
  add({ list: 'b', address: '192.0.2.1' });
  add({ list: 'a', address: '192.0.2.0/24' });
  expect(list.entries()).toHaveLength(3);
});

test('set changes what it is given and nothing else', () => {
  const { list, add, set, pass } = listAndClock();
  const id = add({ list: 'a', address: '192.0.2.1', comment: 'kept', timeout: '30s' });
  pass(10);
  set(id, { timeout: '1h' });
  expect(list.entries()).toMatchObject([{ id, comment: 'kept', secondsLeft: 3600 }]);
  set(id, { comment: 'new' });
  expect(list.entries()).toMatchObject([{ id, comment: 'new', secondsLeft: 3600 }]);
});

test('set may not make a duplicate, and changes nothing when it fails', () => {
  const { list, add, set } = listAndClock();
  add({ list: 'a', address: '192.0.2.1' });
  const id = add({ list: 'a', address: '192.0.2.2', comment: 'old' });
  expect(() => set(id, { comment: 'new', address: '192.0.2.1' })).toThrow('already have');
  expect(list.entries()[1]).toMatchObject({ address: '192.0.2.2', comment: 'old' });
});

test('set and remove of an entry that is gone', () => {
  const { list, add, set, pass } = listAndClock();
  const id = add({ list: 'a', address: '192.0.2.1', timeout: '1' });
  pass(1);
  expect(() => set(id, { timeout: '1' })).toThrow('no such item');
  expect(() => list.remove(id)).toThrow('no such item');
});

test.each([
  [{ address: '192.0.2.1' }, 'missing value(s) of argument(s) list'],
  [{ list: 'a' }, 'missing value(s) of argument(s) address'],
  [{ list: '', address: '192.0.2.1' }, 'missing value(s) of argument(s) list'],
  [{ list: 'a', address: '192.0.2.1', colour: 'red' }, 'unknown parameter colour'],
  [
    { list: 'a', address: '192.0.2.1', disabled: 'undefined' },
    'input does not match any value of disabled',
  ],
  [{ list: 'a', address: '192.0.2.1', timeout: '' }, 'invalid time value for argument timeout'],
  [
    { list: 'a', address: '192.0.2.1', timeout: '21474837' },
    'value of timeout is out of range (00:00:00 .. 35w3d13:13:56)',
  ],
  [{ list: 'a', address: '::ffff:192.0.2.1' }, 'failure: ::ffff:192.0.2.1 is not a valid dns name'],
  [{ list: 'a', address: '2001:db8::1' }, 'failure: 2001:db8::1 is not a valid dns name'],
])('add %j fails: %s', (values, message) => {
  const { list, add } = listAndClock();
  expect(() => add(values as unknown as Record<string, string>)).toThrow(message);
  expect(list.entries()).toEqual([]);
});

test('the longest timeout is taken', () => {
  const { list, add } = listAndClock();
  add({ list: 'a', address: '192.0.2.1', timeout: '35w3d13h13m56s' });
  expect(list.entries()).toMatchObject([{ secondsLeft: 21474836 }]);
});

test.each(['203.0.113.1-254', '198.51.100.300', 'undefined', 'router.example', '198.51.100.1 '])(
  '%j is taken for a DNS name, without an error',
  (address) => {
    const { list, add } = listAndClock();
    add({ list: 'a', address });
    expect(list.entries()).toMatchObject([{ address }]);
  },
);

test('the v6 list keeps a single address as a /128 and refuses ranges', () => {
  const { list, add } = listAndClock('v6');
  add({ list: 'a', address: '2001:DB8::0:1' });
  expect(list.entries()).toMatchObject([{ address: '2001:db8::1/128' }]);
  expect(() => add({ list: 'a', address: '2001:db8::1/128' })).toThrow('already have such entry');
  expect(() => add({ list: 'a', address: '2001:db8::1-2001:db8::5' })).toThrow(
    'failure: 2001:db8::1-2001:db8::5 is not a valid dns name',
  );
});
