/** An opening that root starts is no longer root when it connects, and neither are the programs that it starts. */
import { chmodSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { certificates } from '../../simulator/certificates';
import { saying } from '../../simulator/faults';
import { leftOut } from '../support/left-out';
import {
  flags,
  OPENED,
  ourRouter,
  ownFile,
  ownFolder,
  passwordFile,
  tlsFlags,
  transportOf,
} from '../support/router';
import { EXECUTABLE, line, run, said, WORDS } from '../support/run';
import { routerTable } from '../support/toml';
import { until } from '../support/wait';
import { runAsFwknopd } from './as-fwknopd';
import { fileInPlaceOf, inNamespace } from './namespace';
import { OPENED_TEXT, silentText } from './says';

const NOBODY = {
  Uid: '65534 65534 65534 65534',
  Gid: '65534 65534 65534 65534',
  Groups: '',
  CapEff: '0000000000000000',
  CapPrm: '0000000000000000',
};

const SYSTEM_CAS = '/etc/ssl/certs/ca-certificates.crt';

const isRoot = process.geteuid?.() === 0;
const asRoot = isRoot ? test : leftOut('the tests of giving up root', 'root');

/** Reads the identity in a text of /proc/PID/status. */
function identityIn(status: string): Record<string, string | undefined> {
  const value = (key: string) =>
    new RegExp(`^${key}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim().replaceAll(/\s+/g, ' ');
  return Object.fromEntries(Object.keys(NOBODY).map((key) => [key, value(key)]));
}

/** Runs an opening on a router that says nothing, and looks at the process while the router holds it. */
async function whileConnected(command: readonly string[]) {
  const router = await ourRouter({ faults: [{ at: 'login', how: saying('') }] });
  let pid = 0;
  const words = [...flags(router), ...tlsFlags('plain'), '--deadline', '3', ...WORDS];
  const ended = run(words, {
    command,
    onStart: (child) => {
      pid = child.pid ?? 0;
    },
  });
  await until('the connection', () => router.connections > 0);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  return { status, files, result: await ended };
}

asRoot('it is nobody, without groups and capabilities, when it connects', async () => {
  const command = ['/usr/bin/setpriv', '--groups=4,27', EXECUTABLE];
  const { status, files, result } = await whileConnected(command);
  expect(identityIn(status)).toEqual(NOBODY);
  // Not the code cache either: root runs it next time.
  expect(files.filter((path) => path.startsWith(resolve(EXECUTABLE, '../..')))).toEqual([]);
  expect(result).toMatchObject(said(69, silentText('login')));
});

asRoot('where the system refuses, it goes on as root', async () => {
  const bounded = ['/usr/bin/setpriv', '--bounding-set=-all', '--inh-caps=-all', EXECUTABLE];
  const { status, result } = await whileConnected(bounded);
  expect(identityIn(status)).toMatchObject({ Uid: '0 0 0 0', CapEff: NOBODY.CapEff });
  expect(result).toMatchObject(said(69, silentText('login')));
});

/** A copy of the test's CA that only root may read. */
function rootsCa(): string {
  return ownFile('ca.pem', readFileSync(certificates().ca.certPath), 0o600);
}

asRoot.each([
  ['the password', 'plain', () => tlsFlags('plain'), () => []],
  ['a CA file', 'ca-file', () => ['--ca-file', rootsCa()], () => []],
  ["the system's CAs", 'ca-file', () => [], () => [fileInPlaceOf(SYSTEM_CAS, rootsCa())]],
] as const)('it opens where only root may read %s', async (_, way, trust, setUp) => {
  const router = await ourRouter({ transport: transportOf(way) });
  const command = inNamespace(setUp());
  const result = await runAsFwknopd([...flags(router), ...trust(), ...WORDS], { command });
  expect(result).toMatchObject({ status: 0, output: line(OPENED_TEXT) });
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
});

asRoot('a full pipe of root that nobody reads does not hold it', async () => {
  const router = await ourRouter();
  // A pipe without a name: only its owner may open it again.
  const script = `
import os, subprocess, sys
_, end = os.pipe()
filler = os.open(f"/proc/self/fd/{end}", os.O_WRONLY | os.O_NONBLOCK)
try:
    while True: os.write(filler, b"." * 4096)
except BlockingIOError: pass
sys.exit(subprocess.run(["timeout", "-s", "KILL", "20", *sys.argv[1:]], stderr=end).returncode)`;
  const command = ['/usr/bin/python3', '-c', script, EXECUTABLE];
  const { host, port } = router;
  const config = ownFile(
    'mikrotik.toml',
    routerTable({ host, port, tls: 'off', user: 'fwknop', 'password-file': passwordFile() }),
  );
  // Without other options, since yargs has Node.js make the pipe non-blocking.
  const result = await run(['--config', config, ...WORDS], { command });
  expect(result.status).toBe(0);
  expect(router.lists.v4.entries()).toMatchObject([OPENED]);
});

describe('a program that it starts', () => {
  /** A program that leaves its /proc/PID/status in `notes`, and then writes `output`. */
  function spy(output: string) {
    const notes = ownFile('notes', '', 0o666);
    const script = `#!/bin/sh\ncat /proc/$$/status >${notes}\n${output}\n`;
    const identity = async () => {
      const read = () => readFileSync(notes, 'utf8');
      await until('the notes', () => read().includes('voluntary_ctxt_switches'));
      return identityIn(read());
    };
    return { file: ownFile('spy', script, 0o755), identity };
  }

  beforeAll(() => chmodSync(ownFolder(), 0o711)); // nobody has to get to the notes

  asRoot('is nobody: getent and logger', async () => {
    const router = await ourRouter();
    const [getent, logger] = [spy('echo 127.0.0.1 STREAM'), spy('cat >/dev/null')];
    const command = inNamespace([
      fileInPlaceOf('/usr/bin/getent', getent.file),
      fileInPlaceOf('/usr/bin/logger', logger.file),
    ]);
    const named = flags({ host: 'localhost', port: router.port });
    const result = await run([...named, ...tlsFlags('plain'), ...WORDS], { command });
    expect(result.status).toBe(0);
    expect(await getent.identity()).toEqual(NOBODY);
    expect(await logger.identity()).toEqual(NOBODY);
  });

  asRoot('is nobody: logger, of a fault that it finds before it connects', async () => {
    const logger = spy('cat >/dev/null');
    const command = inNamespace([fileInPlaceOf('/usr/bin/logger', logger.file)]);
    expect((await run(['198.51.100.7', '6', '0', '30'], { command })).status).toBe(64);
    expect(await logger.identity()).toEqual(NOBODY);
  });
});
