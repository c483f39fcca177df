import { connect } from 'node:net';
import type { Finding } from '../check/output';
import { collectFaults, Failure, type Fault } from '../common/failure';
import { DEFAULT_ACCESS_CONF, LONGEST_COMMAND } from '../common/fwknopd';
import { ownPath } from '../common/own-path';
import { readRegularFile, showPath } from '../common/trusted-file';
import { DEFAULT_CONFIG_FILE } from '../config/config';
import { backupOf, type Plan, readTarget } from './change';
import { mergeConfiguration } from './configuration';
import {
  defaultsIn,
  findOldCommands,
  type OldCommand,
  type OldOptions,
  type Transport,
  transportIn,
  withNewCommands,
} from './open-ports';

const PATIENCE = 3000; // ms for a port to answer

/** The options of an open_ports.py line, with the script's defaults filled in. */
interface OldRouter extends OldOptions {
  readonly transport: Transport | undefined;
}

/**
 * Plans the move from open_ports.py: its lines of access.conf run this program, and mikrotik.toml has
 * their options. Everything else in access.conf stays.
 *
 * @param force replaces a mikrotik.toml that differs
 * @throws Failure `config` where there is nothing to move, or it cannot be understood
 */
export async function planMigration(force: boolean): Promise<Plan> {
  const accessConf = readTarget(DEFAULT_ACCESS_CONF);
  const text = accessConf.text ?? '';
  const commands = requireCommands(text);
  const router = routerOf(commands);
  const transport = router.transport ?? (await probe(router.routerip ?? ''));
  const configuration = readTarget(DEFAULT_CONFIG_FILE);
  const merged = mergeConfiguration(
    { name: 'the options of open_ports.py', text: configurationText(router, transport) },
    { name: DEFAULT_CONFIG_FILE, text: configuration.text },
    force,
  );
  if (merged.isKept) {
    const what = `${DEFAULT_CONFIG_FILE}: differs from the options of open_ports.py`;
    throw new Failure('config', what, 'replace it by --force');
  }
  const helper = ownPath();
  requireShort(commands, helper);
  const backup = collectFaults([], () => readTarget(backupOf(accessConf)))?.text ?? text;
  return {
    changes: [
      { target: configuration, text: merged.text },
      { target: accessConf, text: withNewCommands(text, commands, helper) },
    ],
    findings: [
      ...(router.transport === undefined ? [assumed(transport)] : []),
      ...(transport.tls === 'off' ? [PLAIN_TEXT] : []),
      logged(router.routerpass ?? '', backup),
    ],
  };
}

function requireCommands(text: string): readonly OldCommand[] {
  const faults: Fault[] = [];
  const commands = findOldCommands(text, DEFAULT_ACCESS_CONF, faults);
  if (commands.length === 0) {
    const what = `${DEFAULT_ACCESS_CONF}: no CMD_CYCLE_OPEN runs open_ports.py`;
    const hint = /^\s*%include/m.test(text)
      ? 'files that it includes are not searched: change the line there by hand'
      : 'where it was moved before, fwknop-mikrotik check tells what is left';
    throw new Failure('config', what, hint);
  }
  if (faults.length > 0) throw new Failure('config', faults);
  return commands;
}

/** The one router of all lines. @throws Failure `config` */
function routerOf(commands: readonly OldCommand[]): OldRouter {
  const routers = commands.map(({ script, options }): OldRouter => {
    // Anybody may own the script: fwknopd ran it as root all the same, and here it is only read.
    const found = collectFaults([], () => readRegularFile(script))?.text;
    if (found === undefined) return { ...options, transport: undefined };
    return { ...defaultsIn(found), ...options, transport: transportIn(found) };
  });
  const [router] = routers;
  if (router === undefined || routers.some((one) => !isSame(one, router))) {
    const places = commands.map(({ line }) => line + 1).join(', ');
    const what = `${DEFAULT_ACCESS_CONF}: lines ${places} run open_ports.py with different options`;
    const hint = 'move one of them by hand, with a configuration of its own and --config';
    throw new Failure('config', what, hint);
  }
  const needed = ['routerip', 'routeruser', 'routerpass'] as const;
  const missing = needed.filter((option) => router[option] === undefined);
  if (missing.length === 0) return router;
  const faults = missing.map((option) => ({
    what: `${DEFAULT_ACCESS_CONF}: --${option} is not given, and ${showPath(commands[0]?.script ?? '')} has no default for it`,
    hint: `add --${option} to the line`,
  }));
  throw new Failure('config', faults);
}

function isSame(one: OldRouter, other: OldRouter): boolean {
  const values = ({ routerip, routeruser, routerpass, email, transport }: OldRouter) =>
    JSON.stringify([routerip, routeruser, routerpass, email, transport?.tls, transport?.port]);
  return values(one) === values(other);
}

/** Finds out which API port answers; sends nothing to it. */
async function probe(host: string): Promise<Transport> {
  const isPlain =
    (await answers(host, 8729)) === 'refused' && (await answers(host, 8728)) === 'open';
  return { tls: isPlain ? 'off' : 'insecure', port: undefined };
}

function answers(host: string, port: number): Promise<'open' | 'refused' | 'silent'> {
  return new Promise((settle) => {
    const socket = connect({ host, port, timeout: PATIENCE });
    const end = (how: 'open' | 'refused' | 'silent') => {
      socket.destroy();
      settle(how);
    };
    socket.once('connect', () => end('open'));
    socket.once('timeout', () => end('silent'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      end(code === 'ECONNREFUSED' ? 'refused' : 'silent'),
    );
  });
}

function configurationText(router: OldRouter, { tls, port }: Transport): string {
  const lines = [
    ['host', router.routerip],
    ['port', port],
    ['user', router.routeruser],
    ['password', router.routerpass],
    ['tls', tls],
    ['email', router.email],
  ] as const;
  const table = lines.flatMap(([key, value]) =>
    value === undefined ? [] : [`${key.padEnd(8)} = ${JSON.stringify(value)}\n`],
  );
  return `# /etc/fwknop/mikrotik.toml (mode 600, owner root), by fwknop-mikrotik install --migrate.
# mikrotik.toml.example has the other settings.

[grant]
# open_ports.py opened any port, for any time. These limit it:
#services    = ["tcp/22"]
#max-timeout = "1h"

[[router]]
${table.join('')}`;
}

function requireShort(commands: readonly OldCommand[], helper: string): void {
  for (const { line, words } of commands) {
    const { length } = [helper, ...words].join(' ');
    if (length <= LONGEST_COMMAND) continue;
    const what = `${DEFAULT_ACCESS_CONF}:${line + 1}: ${length} characters; fwknopd takes ${LONGEST_COMMAND}`;
    throw new Failure('config', what, 'install the program under a shorter path');
  }
}

function assumed({ tls }: Transport): Finding {
  const what =
    tls === 'off'
      ? 'cannot be read; port 8729 refuses and port 8728 answers: plain text'
      : 'cannot be read: TLS on port 8729 is assumed, which its newest version speaks';
  return { status: 'warn', step: 'open_ports.py', what, hint: `see tls in ${DEFAULT_CONFIG_FILE}` };
}

const PLAIN_TEXT: Finding = {
  status: 'warn',
  step: 'transport',
  what: 'plain text, as open_ports.py spoke: the network sees the password',
  hint: 'enable api-ssl on the router, write tls = "insecure", then fwknop-mikrotik check --pin',
};

function logged(password: string, backup: string): Finding {
  const held = backup.includes(password) ? `, and ${DEFAULT_ACCESS_CONF}~ holds it` : '';
  return {
    status: 'warn',
    step: 'password',
    what: `fwknopd has logged it at every knock${held}`,
    hint: `change it on the router and in ${DEFAULT_CONFIG_FILE}`,
  };
}
