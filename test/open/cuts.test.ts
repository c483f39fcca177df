import { cutShort, type Fault } from '../../simulator/faults';
import {
  type Attempt,
  aim,
  attempt,
  isOpen,
  startTarget,
  TRANSPORTS,
  type TransportName,
} from './attempt';

jest.setTimeout(60_000);

/** Longer than any reply here: `!done`, an id, and the library's tag of up to 11 characters. */
const LONGEST_REPLY = 48;

async function tryCut(transport: TransportName, fault: Fault, deadline = 10_000) {
  const target = await startTarget(transport, { faults: [fault] });
  const result: Attempt = await attempt(aim(target, transport), deadline);
  const trial = {
    result,
    open: isOpen(target),
    adds: target.adds,
    entries: target.lists.v4.entries().length,
  };
  await target.close();
  return trial;
}

function tryEveryCut(
  transport: TransportName,
  at: 'login' | 'add',
  ending: 'fin' | 'rst',
  times: number,
  deadline?: number,
) {
  const cuts = Array.from({ length: LONGEST_REPLY }, (_, bytes) => bytes);
  return Promise.all(
    cuts.map((bytes) => tryCut(transport, { at, how: cutShort(bytes, ending), times }, deadline)),
  );
}

describe.each(TRANSPORTS)('a connection cut at every byte, %s', (transport) => {
  describe.each(['fin', 'rst'] as const)('by %s', (ending) => {
    test('of the reply to every login: no success without an entry, no guess', async () => {
      for (const { result, open, adds } of await tryEveryCut(
        transport,
        'login',
        ending,
        99,
        3000,
      )) {
        // Past the end of the reply the add may still be written, and even get through.
        if (result.opening !== undefined) expect(open).toBe(true);
        else if (adds > 0) expect(result.failure?.kind).toBe('unanswered');
        else expect(['unreachable', 'unanswered']).toContain(result.failure?.kind);
      }
    });

    test('of the reply to every add: open, and never said to be closed', async () => {
      for (const { result, open } of await tryEveryCut(transport, 'add', ending, 99)) {
        expect(open).toBe(true);
        expect(result.failure?.kind ?? 'unanswered').toBe('unanswered');
      }
    });

    test('of the reply to the first add only: open by the second', async () => {
      for (const { result, entries } of await tryEveryCut(transport, 'add', ending, 1)) {
        expect(result.opening?.what).toMatch(/^(opened tcp\/22 to|already has) 203\.0\.113\.9/);
        expect(entries).toBe(1);
      }
    });
  });
});
