import { once } from 'node:events';
import { createConnection, type TcpNetConnectOpts } from 'node:net';

/** A connection of the demo's client. */
export interface Connection {
  /** The first text of the service. */
  readonly banner: string;
  /** Sends a text. @returns what comes back */
  echo(text: string): Promise<string>;
  close(): void;
}

/** Connects. @returns undefined when the connection is refused. Rejects for any other error */
export async function connect(target: TcpNetConnectOpts): Promise<Connection | undefined> {
  const socket = createConnection(target).setEncoding('utf8');
  try {
    await once(socket, 'connect');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return undefined;
    throw error;
  }
  const heard = async (): Promise<string> => {
    const [text] = await once(socket, 'data', { signal: AbortSignal.timeout(5000) });
    return String(text).trim();
  };
  return {
    banner: await heard(),
    echo: (text) => {
      socket.write(text);
      return heard();
    },
    close: () => socket.destroy(),
  };
}
