/** The half of a world that tests hold: its methods are carried out in the namespace. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Request, Response } from './inside';
import { forkInNamespace, makeDirectory } from './isolation';
import type { World, WorldOptions } from './world';

/** The same methods, each with a promise for its answer. */
export type Remote<T> = {
  [M in keyof T]: T[M] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

const open: { child: ChildProcess; directory: string }[] = [];

/**
 * Makes a world. closeWorlds() ends it.
 *
 * @returns once fwknopd takes packets
 */
export async function startWorld(options: WorldOptions): Promise<Remote<World>> {
  const directory = makeDirectory();
  const child = forkInNamespace(join(__dirname, 'inside.ts'), directory);
  open.push({ child, directory });
  const world = remoteOf<World>(child);
  await world.start(options);
  return world;
}

/** Ends all worlds of this test file, with every process in them: for afterEach or afterAll. */
export async function closeWorlds(): Promise<void> {
  for (const { child, directory } of open.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.disconnect();
      await exit;
    }
    rmSync(directory, { recursive: true });
  }
}

function remoteOf<T extends object>(child: ChildProcess): Remote<T> {
  const waiting = new Map<number, (response: Response) => void>();
  let lastId = 0;
  let ended = false;

  child.on('message', (response: Response) => waiting.get(response.id)?.(response));
  child.on('exit', () => {
    ended = true;
    for (const [id, settle] of waiting) settle({ id, error: 'the namespace has ended' });
  });

  async function call(method: string, args: unknown[]): Promise<unknown> {
    if (ended) throw new Error('the namespace has ended');
    lastId += 1;
    const request: Request = { id: lastId, method, args };
    const response = await new Promise<Response>((resolve) => {
      waiting.set(request.id, resolve);
      child.send(request, (error) => {
        if (error) resolve({ id: request.id, error: error.message });
      });
    });
    waiting.delete(request.id);
    if ('error' in response) throw new Error(`${method}: ${response.error}`);
    return response.value;
  }

  return new Proxy({} as Remote<T>, {
    // `await` asks a world for `then`: with one, it would be taken for a promise.
    get: (_, name) =>
      name === 'then' ? undefined : (...args: unknown[]) => call(String(name), args),
  });
}
