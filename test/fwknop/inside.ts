/** The process in the namespace: carries out what remote.ts sends. argv: the world's directory. */
import { World } from './world';

/** A call of a method of World. */
export interface Request {
  id: number;
  method: string;
  args: unknown[];
}

/** The outcome. */
export type Response = { id: number; value?: unknown } | { id: number; error: string };

const world = new World(process.argv[2]!);

async function carryOut({ id, method, args }: Request): Promise<Response> {
  try {
    const methods = world as unknown as Record<string, (...args: unknown[]) => unknown>;
    return { id, value: await methods[method]!(...args) };
  } catch (error) {
    return { id, error: (error as Error).message };
  }
}

async function answer(request: Request): Promise<void> {
  process.send!(await carryOut(request));
}

process.on('message', (request: Request) => void answer(request));
// With this process the namespace ends, and with it all that runs there.
process.on('disconnect', () => process.exit());
