/** Trying again: after a failure that may be gone soon, until the deadline; after others never. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cutShort, type Fault, saying, trap } from '../../simulator/faults';
import { flags, OPENED, ourRouter, tlsFlags, transportOf } from '../support/router';
import { run, said, WORDS } from '../support/run';
import { HAS_TEXT, OPENED_TEXT } from './says';

const DONE = said(0, OPENED_TEXT);
const HAS = said(0, HAS_TEXT);

/** Where no other test listens, so that a port that was free stays so. */
const ELSEWHERE = '127.0.0.9';

describe.each(['plain', 'pinned'] as const)('%s', (way) => {
  const start = (...faults: Fault[]) => ourRouter({ transport: transportOf(way), faults });
  const knock = (router: { host: string; port: number }, ...args: string[]) =>
    run([...flags(router), ...tlsFlags(way), ...args, ...WORDS]);

  test.concurrent('refused at first', async () => {
    const gone = await ourRouter({ host: ELSEWHERE });
    await gone.close();
    const { port } = gone;
    const args = flags({ host: ELSEWHERE, port });
    const result = await run([...args, ...tlsFlags(way), '--verbose', ...WORDS], {
      onStart: ({ stderr }) => {
        // There is time before the next try.
        stderr?.once('data', () =>
          ourRouter({ transport: transportOf(way), host: ELSEWHERE, port }),
        );
      },
    });
    expect(result.status).toBe(0);
    expect(result.stderr).toContain('connection refused; trying again');
  });

  test.concurrent('reset at first', async () => {
    const router = await start({ at: 'connect', how: saying('', 'rst'), times: 1 });
    expect(await knock(router)).toMatchObject(DONE);
    expect(router).toMatchObject({ connections: 2, adds: 1 });
    expect(router.lists.v4.entries()).toMatchObject([OPENED]);
  });

  test.concurrent('reset twice', async () => {
    const router = await start({ at: 'connect', how: saying('', 'rst'), times: 2 });
    expect(await knock(router)).toMatchObject(DONE);
    expect(router).toMatchObject({ connections: 3, adds: 1 });
  });

  test.concurrent('reset always: until the deadline, about once a second', async () => {
    const router = await start({ at: 'connect', how: saying('', 'rst') });
    const result = await knock(router, '--deadline', '3');
    expect(result).toMatchObject({ status: 69, stdout: '' });
    expect(result.stderr).toMatch(
      /^fwknop-mikrotik: 127\.0\.0\.1: connection reset \([^\n]*; hint: check the API service's Available From,[^\n]*\n$/,
    );
    expect(router).toMatchObject({ bytesReceived: expect.any(Number), adds: 0 });
    expect(router.connections).toBeGreaterThan(3);
    expect(router.connections).toBeLessThan(8);
  });

  test.concurrent('a router that is starting: it opens as soon as it can', async () => {
    const router = await start(
      { at: 'login', how: saying('', 'fin'), times: 2 },
      { at: 'login', how: trap('std failure: timeout (13)'), after: 2, times: 2 },
    );
    expect(await knock(router)).toMatchObject(DONE);
    expect(router).toMatchObject({ connections: 5, adds: 1 });
  });

  test.concurrent('a refused login is sent once', async () => {
    const router = await start();
    const args = [...flags(router, 'nobody'), ...tlsFlags(way), ...WORDS];
    expect(await run(args)).toMatchObject({ status: 77 });
    expect(router.connections).toBe(1);
    expect(router.sentences.map(([word]) => word)).toEqual(['/login']);
  });

  test.concurrent.each(['fin', 'rst'] as const)(
    'the add is stored and its reply lost (%s): 0, and one entry',
    async (ending) => {
      const router = await start({ at: 'add', how: cutShort(0, ending), times: 1 });
      expect(await knock(router)).toMatchObject(HAS);
      expect(router.adds).toBe(2);
      expect(router.lists.v4.entries()).toMatchObject([OPENED]);
    },
  );

  test.concurrent.each(['fin', 'rst'] as const)(
    'the add is lost before it is stored (%s): 0, and one entry',
    async (ending) => {
      const router = await start({ at: 'add', how: saying('', ending), times: 1 });
      expect(await knock(router)).toMatchObject(DONE);
      expect(router.adds).toBe(2);
      expect(router.lists.v4.entries()).toMatchObject([OPENED]);
    },
  );

  test.concurrent('the add is lost, and then the router is gone: 75', async () => {
    const router = await start({ at: 'add', how: cutShort(0) });
    const result = knock(router);
    while (router.adds === 0) await sleep(5);
    await router.close();
    const { status, stderr } = await result;
    expect(status).toBe(75);
    expect(stderr).toMatch(
      /^fwknop-mikrotik: 127\.0\.0\.1: add not confirmed: connection [^\n]* \(add\)[^\n]*; hint: it may be open: try, or knock again\n$/,
    );
  });

  test.concurrent('the add is lost, and then the login is refused: 75', async () => {
    const router = await start(
      { at: 'add', how: cutShort(0, 'rst') },
      { at: 'login', how: saying('\x06!fatal\x03bye\0', 'fin'), after: 1 },
    );
    expect(await knock(router)).toMatchObject({ status: 75 });
    expect(router.lists.v4.entries()).toMatchObject([OPENED]);
  });

  test.concurrent('the add is lost three times: 75, and no fourth', async () => {
    const router = await start({ at: 'add', how: saying('', 'fin') });
    expect(await knock(router)).toMatchObject({ status: 75 });
    expect(router).toMatchObject({ connections: 3, adds: 3 });
  });

  test.concurrent('an add without an answer is not sent again', async () => {
    const router = await start({ at: 'add', how: saying('') });
    expect(await knock(router, '--deadline', '2')).toMatchObject({ status: 75 });
    expect(router).toMatchObject({ connections: 1, adds: 1 });
  });
});

test.concurrent('an address that refuses is followed by the next of the name', async () => {
  // `localhost` is ::1 first on most machines; the router listens on 127.0.0.1 alone.
  const router = await ourRouter();
  const args = flags({ host: 'localhost', port: router.port });
  expect(await run([...args, ...tlsFlags('plain'), ...WORDS])).toMatchObject({ status: 0 });
});
