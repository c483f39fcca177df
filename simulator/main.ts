/**
 * `npm run simulator`: a RouterOS to play with. It serves the API until Ctrl-C, and prints each sentence
 * that it gets and each change of its address lists.
 */
import { parseArgs } from 'node:util';
import { startRouter, type TestRouter, type Transport, USERS } from './api/server';
import { POLICIES, type Policy, type User } from './api/users';
import { certificates } from './certificates';
import { FAULTS, type NamedFault } from './faults';

const USAGE = `simulator - a RouterOS API to play with

Usage
  npm run simulator -- [options]

Options
  --host ADDRESS   listen there (127.0.0.1)
  --port PORT      listen there (8729; 8728 with --mode plain)
  --mode MODE      tls (default), anonymous (api-ssl without a certificate) or plain
  --user TEXT      NAME:PASSWORD:POLICY,... instead of the users below; may be repeated
  --fault NAME     misbehave; may be repeated
  --faults         list the names of faults
  --help           print this text

Users
${USERS.map((user) => `  ${user.name}:${user.password}:${user.policies.join()}\n`).join('')}`;

const MODES = ['tls', 'anonymous', 'plain'] as const;
type Mode = (typeof MODES)[number];

const POLL_MS = 50;
const BAD_ARGUMENTS = 64;

class BadArguments extends Error {}

interface Settings {
  readonly host: string;
  readonly port: number;
  readonly mode: Mode;
  readonly users: User[];
  readonly faults: NamedFault[];
}

/** @returns what to print instead of serving, or how to serve. Throws BadArguments */
function readArguments(argv: readonly string[]): Settings | string {
  const values = parse(argv);
  if (values.help) return USAGE;
  if (values.faults) return FAULTS.map(({ name }) => `${name}\n`).join('');
  const mode = MODES.find((one) => one === (values.mode ?? 'tls'));
  if (mode === undefined) throw new BadArguments(`--mode: expected ${MODES.join(', ')}`);
  const port = Number(values.port ?? (mode === 'plain' ? 8728 : 8729));
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new BadArguments('--port: expected 0-65535');
  }
  return {
    host: values.host ?? '127.0.0.1',
    port,
    mode,
    users: values.user?.map(readUser) ?? USERS,
    faults: values.fault?.map(readFault) ?? [],
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const texts = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean' } as const;
  const options = { host: text, port: text, mode: text, user: texts, fault: texts } as const;
  try {
    return parseArgs({ args: [...argv], options: { ...options, faults: flag, help: flag } }).values;
  } catch (error) {
    throw new BadArguments((error as Error).message);
  }
}

function readUser(text: string): User {
  const [, name, password = '', list = ''] = /^([^:]+):(.*):([^:]*)$/s.exec(text) ?? [];
  if (name === undefined) throw new BadArguments('--user: expected NAME:PASSWORD:POLICY,...');
  const policies = list === '' ? [] : list.split(',');
  const unknown = policies.find((policy) => !POLICIES.includes(policy as Policy));
  if (unknown !== undefined) throw new BadArguments(`--user: no policy is called "${unknown}"`);
  return { name, password, policies: policies as Policy[] };
}

function readFault(name: string): NamedFault {
  const fault = FAULTS.find((one) => one.name === name);
  if (fault === undefined) throw new BadArguments(`--fault: no fault is called "${name}"`);
  return fault;
}

function transportOf(mode: Mode): Transport {
  return mode === 'tls' ? certificates().selfSigned : mode;
}

/** Starts a router and prints how to reach it. @returns the router */
async function serve({ host, port, mode, users, faults }: Settings): Promise<TestRouter> {
  const router = await startRouter({ host, port, users, faults, transport: transportOf(mode) });
  say(`RouterOS API (${mode}) on ${router.host} port ${router.port}; Ctrl-C ends it`);
  if (mode === 'tls') say(`certificate ${certificates().selfSigned.fingerprint}`);
  for (const { name, password, policies } of users) {
    say(`user ${name}, password ${password}, policies ${policies.join() || 'none'}`);
  }
  for (const { name } of faults) say(`fault ${name}`);
  return router;
}

/** Prints what has happened on a router since the last call. */
function reporter(router: TestRouter): () => void {
  let printed = 0;
  let before: readonly string[] = [];
  return () => {
    for (const words of router.sentences.slice(printed)) {
      say(`< ${words.map((word) => word.replace(/^=password=.*/s, '=password=...')).join(' ')}`);
    }
    printed = router.sentences.length;
    const entries = [...router.lists.v4.entries(), ...router.lists.v6.entries()];
    const now = entries.map(({ list, address, comment }) => `${list} ${address} (${comment})`);
    for (const entry of now.filter((one) => !before.includes(one))) say(`+ ${entry}`);
    for (const entry of before.filter((one) => !now.includes(one))) say(`- ${entry}`);
    before = now;
  };
}

function say(text: string): void {
  console.log(text);
}

async function main(): Promise<void> {
  const settings = readArguments(process.argv.slice(2));
  if (typeof settings === 'string') {
    process.stdout.write(settings);
    return;
  }
  const router = await serve(settings);
  const polling = setInterval(reporter(router), POLL_MS);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      clearInterval(polling);
      void router.close();
    });
  }
}

main().catch((error: Error) => {
  const isUsage = error instanceof BadArguments;
  console.error(`simulator: ${error.message}${isUsage ? '; hint: see --help' : ''}`);
  process.exitCode = isUsage ? BAD_ARGUMENTS : 1;
});
