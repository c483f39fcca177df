import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Deadline } from '../common/deadline';
import { SessionError } from '../router/errors';
import type { Router } from '../router/router';
import { isNetworkError, LET_IN, lost, prepareTls, RIGHT_PORT } from '../router/session';
import { handshakeFailed, notPinned, peerFingerprint, untrusted } from '../router/trust';

/** What a router shows before anybody logs in. */
export interface Presented {
  /** Such as `TLSv1.2`. */
  readonly protocol: string;
  /** Undefined where the router has no certificate. */
  readonly certificate: Certificate | undefined;
  /** Why the router's `trust` refuses the certificate; undefined where it takes it. */
  readonly untrusted: SessionError | undefined;
}

export interface Certificate {
  /** `CN=…`, as the certificate has it: anything. */
  readonly subject: string;
  /** SHA-256, 64 lower-case hex digits. */
  readonly fingerprint: string;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/**
 * Connects, and no more.
 *
 * @throws Broken `lost` or `deadline`
 */
export async function connect(address: string, port: number, deadline: Deadline): Promise<Socket> {
  const socket = connectTcp(port, address);
  await settled(socket, 'connect', 'connecting', LET_IN, deadline, (error) =>
    lost(error, 'connecting'),
  );
  return socket;
}

/**
 * Looks at the certificate of a router over a connection, trusted or not; sends nothing but the
 * handshake.
 *
 * @param address what the connection leads to
 * @throws Broken `lost`, `deadline`, or `untrusted` where the CAs are of no use
 */
export async function inspectCertificate(
  router: Router,
  address: string,
  connection: Socket,
  deadline: Deadline,
): Promise<Presented> {
  const options = prepareTls(router);
  const socket = connectTls({
    ...options,
    socket: connection,
    // What Node compares the certificate with, where there is no name.
    ...(isIP(router.host) === 0 ? {} : { host: address }),
    rejectUnauthorized: false,
  });
  // What goes wrong below TLS is told of there.
  connection.on('error', (error) => socket.destroy(error));
  try {
    await settled(socket, 'secureConnect', 'TLS handshake', RIGHT_PORT, deadline, (error) =>
      isNetworkError(error) ? lost(error, 'TLS handshake') : handshakeFailed(error, router.trust),
    );
    return read(socket, router);
  } finally {
    socket.destroy();
    connection.destroy();
  }
}

function read(socket: TLSSocket, { trust }: Router): Presented {
  const protocol = socket.getProtocol() ?? 'TLS';
  const fingerprint = peerFingerprint(socket);
  // Node's own type says Error; it is the error's code.
  const problem = socket.authorizationError as unknown as string | undefined;
  const certificate =
    fingerprint === undefined
      ? undefined
      : readCertificate(socket.getPeerCertificate(), fingerprint);
  let refusal: SessionError | undefined;
  if (trust.mode === 'verify' && !socket.authorized) {
    refusal = untrusted(Object.assign(new Error(problem), { code: problem }), fingerprint);
  } else if (trust.mode === 'pinned' && trust.fingerprint !== fingerprint) {
    refusal = notPinned(fingerprint);
  }
  return { protocol, certificate, untrusted: refusal };
}

function readCertificate(peer: PeerCertificate, fingerprint: string): Certificate {
  const { subject, valid_from, valid_to } = peer as Partial<PeerCertificate>;
  return {
    subject: `CN=${subject?.CN ?? ''}`,
    fingerprint,
    validFrom: new Date(valid_from ?? 0),
    validTo: new Date(valid_to ?? 0),
  };
}

/** Waits for an event of a socket; destroys the socket where it does not come. */
async function settled(
  socket: Socket,
  event: string,
  stage: string,
  hint: string,
  deadline: Deadline,
  explain: (error: NodeJS.ErrnoException) => SessionError,
): Promise<void> {
  let expire: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      expire = () => reject(new SessionError('deadline', `no answer in time (${stage})`, hint));
      deadline.on(expire);
      socket.once(event, resolve);
      socket.on('error', (error) => reject(explain(error)));
      socket.on('close', () =>
        reject(new SessionError('lost', `connection closed by the router (${stage})`, hint)),
      );
    });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    deadline.off(expire);
  }
}
