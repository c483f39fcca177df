import { collectFaults, EXIT, Failure, type Fault } from '../../../src/common/failure';

test('the exit statuses are those that the documentation promises', () => {
  const statuses = Object.entries(EXIT).map(([kind, { status }]) => [kind, status]);
  expect(Object.fromEntries(statuses)).toEqual({
    open: 0,
    usage: 64,
    unreachable: 69,
    bug: 70,
    unanswered: 75,
    router: 76,
    denied: 77,
    config: 78,
  });
});

test('no two ends of a run share a status, and 0 is the open door alone', () => {
  const statuses = Object.values(EXIT).map(({ status }) => status);
  expect(new Set(statuses).size).toBe(statuses.length);
});

test('a Failure of one fault', () => {
  const failure = new Failure('usage', 'port "x" is not in 1-65535', 'see --help');
  expect(failure).toBeInstanceOf(Error);
  expect(failure.kind).toBe('usage');
  expect(failure.message).toBe('port "x" is not in 1-65535');
  expect(failure.faults).toEqual([{ what: 'port "x" is not in 1-65535', hint: 'see --help' }]);
});

test('a Failure of several faults keeps each with its own hint', () => {
  const faults = [{ what: 'a: missing' }, { what: 'b: unknown key', hint: 'the keys are c' }];
  const failure = new Failure('config', faults);
  expect(failure.message).toBe('a: missing; b: unknown key');
  expect(failure.faults).toEqual(faults);
});

describe('collectFaults', () => {
  test('hands on what a step returns, and collects nothing', () => {
    const faults: Fault[] = [];
    expect(collectFaults(faults, () => 5)).toBe(5);
    expect(faults).toEqual([]);
  });

  test('collects every fault of a step that fails, behind those before', () => {
    const faults: Fault[] = [{ what: 'first' }];
    const step = () => {
      throw new Failure('config', [{ what: 'second' }, { what: 'third' }]);
    };
    expect(collectFaults(faults, step)).toBeUndefined();
    expect(faults.map(({ what }) => what)).toEqual(['first', 'second', 'third']);
  });

  test('hides no bug', () => {
    const step = () => {
      throw new TypeError('a bug');
    };
    expect(() => collectFaults([], step)).toThrow(TypeError);
  });
});
