/** The command lines that the benchmark compares. Each leaves one entry on a router, or needs no router. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type RouterOptions, startRouter, type TestRouter } from '../simulator/api/server';
import { certificates } from '../simulator/certificates';
import { EXECUTABLE } from '../test/support/shipped';
import { routerTable } from '../test/support/toml';

export interface Command {
  readonly name: string;
  /** The command line that opens a TCP port for a minute. */
  readonly line: (door: number) => readonly string[];
  /** Its environment: empty if left out, as under fwknopd 2.6.10. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where the entry must be afterwards; undefined for a command that opens nothing. */
  readonly router?: TestRouter;
  /** Runs before each run and is not measured. */
  readonly prepare?: () => void;
  /** The directory of the copy that it runs. */
  readonly copy?: string;
  /** Too slow to be run as often as the others. */
  readonly isSlow?: boolean;
}

const ADDRESS = '203.0.113.9';
const PYTHON = '/usr/bin/python3';
const LAUNCHER = 'bin/fwknop-mikrotik';

/** Routers, configurations and the commands that use them. */
export class Commands {
  private readonly folder = mkdtempSync(join(tmpdir(), 'bench-'));
  private readonly routers: TestRouter[] = [];

  /** @param node the Node to measure with */
  constructor(private readonly node: string) {}

  /** Everything of the table. @param withPython whether librouteros is there */
  async all(withPython: boolean): Promise<readonly Command[]> {
    const { selfSigned, ca, leaf } = certificates();
    const plain = await this.router({});
    const pinned = await this.router({ transport: selfSigned, tls13: true });
    const signed = await this.router({ transport: leaf, tls13: true });
    const pin = `fingerprint = "${selfSigned.fingerprint}"`;
    const plainFile = this.configuration('plain', [plain], 'tls = "off"');

    const commands: Command[] = [
      { name: 'node -e 0', line: () => [this.node, '-e', '0'] },
      { ...this.floor('plain', plain, ''), router: plain },
      { ...this.floor('pinned', pinned, selfSigned.fingerprint), router: pinned },
      this.ours('plain', plain, plainFile),
      this.ours('pinned', pinned, this.configuration('pinned', [pinned], pin)),
      this.ours(
        'CA file',
        signed,
        this.configuration('ca', [signed], `ca-file = "${ca.certPath}"`),
      ),
      this.throughShell('plain, by npm', plain, plainFile),
      withoutCache(this.ours('plain, no cache yet', plain, plainFile)),
      this.ours(
        'plain, with syslog',
        plain,
        this.configuration('syslog', [plain], 'tls = "off"', 'on'),
      ),
      { ...this.throughTsNode('plain, by ts-node', plain, plainFile), isSlow: true },
    ];
    if (withPython) {
      commands.push(this.peer('plain', plain), this.peer('tls', pinned));
    }
    return commands;
  }

  /** This program, with a configuration, started as the Debian package starts it. */
  ours(name: string, router: TestRouter, file: string): Command {
    const command = this.opening(name, router, file);
    const script = join(command.copy, 'dist/start.js');
    return { ...command, line: (door) => [...this.onNode(script), ...openingOf(file, door)] };
  }

  /** The words that start a script as the Debian package does. */
  private onNode(script: string): readonly string[] {
    return [this.node, '--use-openssl-ca', script];
  }

  /** The same, started as npm installs it: by a shell, which looks for Node.js. */
  private throughShell(name: string, router: TestRouter, file: string): Command {
    return { ...this.opening(name, router, file), env: { PATH: dirname(this.node) } };
  }

  /** Runs a copy of this program, with a code cache of its own. */
  private opening(name: string, router: TestRouter, file: string): Command & { copy: string } {
    const copy = join(this.folder, name.replaceAll(/\W+/g, '-'));
    for (const part of ['package.json', 'bin', 'dist']) {
      cpSync(join(dirname(EXECUTABLE), '..', part), join(copy, part), { recursive: true });
    }
    removeCaches(copy);
    // An opening by root makes no cache.
    const [program = '', ...args] = this.onNode(join(copy, 'dist/start.js'));
    execFileSync(program, [...args, '--version'], { env: {} });
    const line = (door: number) => [join(copy, LAUNCHER), ...openingOf(file, door)];
    return { name: `fwknop-mikrotik, ${name}`, router, line, copy };
  }

  /** Writes a configuration of some routers. @returns its path */
  configuration(
    name: string,
    routers: readonly Pick<TestRouter, 'host' | 'port'>[],
    trust: string,
    syslog = 'off',
  ): string {
    const file = join(this.folder, `${name}.toml`);
    const tables = routers.map(({ host, port }) =>
      routerTable({ host, port, user: 'fwknop', password: 'secret' }, trust),
    );
    writeFileSync(file, `syslog = "${syslog}"\n\n${tables.join('\n')}`, { mode: 0o600 });
    return file;
  }

  async router(options: RouterOptions): Promise<TestRouter> {
    const router = await startRouter(options);
    this.routers.push(router);
    return router;
  }

  async close(): Promise<void> {
    await Promise.all(this.routers.map((router) => router.close()));
    rmSync(this.folder, { recursive: true });
  }

  /** Bare Node, with nothing but the exchange. */
  floor(
    mode: 'plain' | 'pinned',
    { port }: Pick<TestRouter, 'port'>,
    fingerprint: string,
  ): Pick<Command, 'name' | 'line'> {
    const script = resolve(__dirname, 'floor.js');
    const line = (door: number) => [
      ...this.onNode(script),
      String(port),
      mode,
      fingerprint,
      ADDRESS,
      '6',
      String(door),
      '60',
    ];
    return { name: `bare Node, ${mode}`, line };
  }

  private peer(mode: 'plain' | 'tls', router: TestRouter): Command {
    const script = resolve(__dirname, 'peer.py');
    const line = (door: number) => [
      ...[PYTHON, script, '--routerip', router.host, '--port', String(router.port)],
      ...['--routeruser', 'fwknop', '--routerpass', 'secret', ...(mode === 'tls' ? ['--tls'] : [])],
      ...[ADDRESS, '6', String(door), '60'],
    ];
    return { name: `open_ports.py, ${mode}`, router, line };
  }

  private throughTsNode(name: string, router: TestRouter, file: string): Command {
    const root = resolve(__dirname, '..');
    const register = join(root, 'node_modules/ts-node/register/transpile-only');
    const start = `require('${root}/src/main').main(process.argv.slice(1), () => undefined)`;
    const project = `TS_NODE_PROJECT=${join(root, 'tsconfig.json')}`;
    const script = [this.node, '-r', register, '-e', start, '--'];
    const line = (door: number) => ['/usr/bin/env', project, ...script, ...openingOf(file, door)];
    return { name: `fwknop-mikrotik, ${name}`, router, line };
  }
}

function openingOf(file: string, door: number): readonly string[] {
  return ['--config', file, ADDRESS, '6', String(door), '60'];
}

function withoutCache(command: Command): Command {
  return { ...command, prepare: () => removeCaches(command.copy ?? '') };
}

function removeCaches(copy: string): void {
  const folder = join(copy, 'dist');
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.cache')) rmSync(join(folder, name));
  }
}
