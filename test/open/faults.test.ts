import { FAULTS, type NamedFault } from '../../simulator/faults';
import {
  AT_ONCE,
  type Attempt,
  aim,
  attempt,
  isOpen,
  PASSWORD,
  startTarget,
  TRANSPORTS,
  type TransportName,
} from './attempt';

jest.setTimeout(60_000);

const DEADLINE = 2500; // ms; the faults that are only late take a fraction of it

interface Trial {
  readonly name: string;
  readonly fault: NamedFault;
  readonly attempt: Attempt;
  readonly adds: number;
  readonly open: boolean;
}

/** The conditions under which an opening reaches a stage. */
const WAYS: Record<
  string,
  { user?: string; existing?: boolean; email?: string; login?: 'challenge' }
> = {
  challenge: { login: 'challenge' },
  print: { user: 'reader', existing: true },
  set: { user: 'reader', existing: true },
  send: { user: 'mailer', email: 'me@example.com' },
};

async function tryFault(fault: NamedFault, transport: TransportName): Promise<Trial> {
  const { user, existing, email, login } = WAYS[fault.at] ?? {};
  const target = await startTarget(transport, {
    faults: [fault],
    ...(login === undefined ? {} : { login }),
  });
  if (existing) {
    target.addEntry({ list: 'FWKNOP_6_22', address: '203.0.113.9', timeout: '30s' });
  }
  const result = await attempt(
    aim(target, transport, { ...(user === undefined ? {} : { user }), email }),
    DEADLINE,
  );
  const trial = {
    name: `${transport}, ${fault.name}`,
    fault,
    attempt: result,
    adds: target.adds,
    open: isOpen(target),
  };
  await target.close();
  return trial;
}

/** Every fault, so many at a time: most of them are spent waiting. */
async function tryAll(transport: TransportName): Promise<readonly Trial[]> {
  const faults = FAULTS.filter(({ at }) => transport === 'TLS' || at !== 'tls');
  const trials: Trial[] = [];
  for (let start = 0; start < faults.length; start += AT_ONCE) {
    const batch = faults.slice(start, start + AT_ONCE);
    trials.push(...(await Promise.all(batch.map((fault) => tryFault(fault, transport)))));
  }
  return trials;
}

const trials: Partial<Record<TransportName, readonly Trial[]>> = {};
beforeAll(async () => {
  for (const transport of TRANSPORTS) trials[transport] = await tryAll(transport);
}, 120_000);

/** A line for each fault, with the outcome of the opening. */
function outcomes(transport: TransportName): readonly string[] {
  return (trials[transport] ?? []).map(({ fault, attempt: { opening, failure } }) => {
    const warning = opening?.warning === undefined ? '' : `; ${opening.warning}`;
    const outcome =
      opening === undefined
        ? `${failure?.kind}: ${failure?.faults.map(({ what }) => what).join()}`
        : opening.what + warning;
    // How the end of a connection is seen, and what a timer shows, differs from run to run.
    const steady = outcome
      .replace(/connection (?:closed by the router|reset) (?=\()/, 'connection gone ')
      .replace(/\d+s left/, 'a while left');
    return `${fault.name.padEnd(50)} ${steady}`;
  });
}

test('each has its own outcome, plain', () => {
  expect(outcomes('plain').join('\n')).toMatchSnapshot();
});

test('each has the same outcome over TLS, except these', () => {
  const plain = outcomes('plain');
  const others = outcomes('TLS').filter((line) => !plain.includes(line));
  expect(outcomes('TLS').length - others.length).toBeGreaterThan(300);
  expect(others.join('\n')).toMatchSnapshot();
});

describe.each(TRANSPORTS)('every misbehaviour of a router, %s', (transport) => {
  const ofAll = () => trials[transport] ?? [];
  const names = (found: readonly Trial[]) =>
    found.map(({ name, attempt: { opening, failure } }) => [
      name,
      opening?.what ?? `${failure?.kind}: ${failure?.message}`,
    ]);

  test('there are hundreds of them', () => {
    expect(ofAll().length).toBeGreaterThan(200);
  });

  test('success means that the entry is there', () => {
    expect(names(ofAll().filter(({ attempt: { opening }, open }) => opening && !open))).toEqual([]);
  });

  test('a reply that is right, however it arrives, is a success', () => {
    const failed = ofAll().filter(
      ({ fault, attempt: { opening } }) => fault.how.intact && !opening,
    );
    expect(names(failed)).toEqual([]);
  });

  test('none outlasts the deadline', () => {
    const slow = ofAll().filter(({ attempt: { took } }) => took > DEADLINE + 1000);
    expect(names(slow)).toEqual([]);
  });

  test('unreachable means that no add was sent', () => {
    const sent = ofAll().filter(
      ({ attempt: { failure }, adds }) => failure?.kind === 'unreachable' && adds > 0,
    );
    expect(names(sent)).toEqual([]);
  });

  test('unanswered means that an add was sent', () => {
    const unsent = ofAll().filter(
      ({ attempt: { failure }, adds }) => failure?.kind === 'unanswered' && adds === 0,
    );
    expect(names(unsent)).toEqual([]);
  });

  test('what a router without an answer did with the add is not guessed at', () => {
    const guessed = ofAll().filter(
      ({ attempt: { failure }, open }) =>
        open && failure !== undefined && !['unanswered', 'router'].includes(failure.kind),
    );
    expect(names(guessed)).toEqual([]);
  });

  test('what is said is a short line, printable, and without the password', () => {
    const texts = ofAll().flatMap(({ attempt: { opening, failure, trace } }) => [
      opening?.what ?? '',
      opening?.warning ?? '',
      failure?.message ?? '',
      ...trace,
    ]);
    expect(texts.filter((text) => !/^[\x20-\x7e]{0,170}$/.test(text))).toEqual([]);
    expect(texts.filter((text) => text.includes(PASSWORD))).toEqual([]);
  });
});
