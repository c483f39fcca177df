import { LONGEST_TIMEOUT } from '../common/duration';
import { Failure } from '../common/failure';
import { type Address, parseAddress, unfitSource } from './address';
import { type Protocol, parsePort, parseProtocol, parseWholeNumber, type Service } from './service';

/** The access that fwknopd asks for after a valid SPA packet. */
export interface AccessRequest extends Service {
  readonly source: Address;
  /** Whole seconds; 0 when the client did not ask for any. */
  readonly timeout: number;
}

/**
 * Reads the four arguments that fwknopd passes: `$SRC $PROTO $PORT $CLIENT_TIMEOUT`.
 *
 * Each is checked before it is converted: fwknopd lets `010.001.002.003` and port 0 through
 * (extcmd.c, incoming_spa.c), and RouterOS would store an invalid address as a DNS name.
 *
 * @throws Failure `usage`
 */
export function parseAccessRequest(args: readonly string[]): AccessRequest {
  const [source, protocol, port, timeout] = args;
  if (
    args.length !== 4 ||
    source === undefined ||
    protocol === undefined ||
    port === undefined ||
    timeout === undefined
  ) {
    // The arguments are not repeated here: one may be a password whose option was forgotten.
    throw new Failure(
      'usage',
      `expected four arguments, <src> <proto> <port> <timeout>, got ${args.length}`,
      'see fwknop-mikrotik --help',
    );
  }
  return {
    source: readSource(source),
    protocol: readProtocol(protocol),
    port: readPort(port),
    timeout: readTimeout(timeout),
  };
}

function readSource(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) {
    // Shown only where it looks like an address: it may be a password whose option was forgotten.
    const shown = /^[\d.:]{1,45}$/.test(text) ? ` ${text}` : '';
    throw new Failure('usage', `src${shown}: not an IP address in its usual form`);
  }
  const unfit = unfitSource(address);
  if (unfit !== undefined) {
    throw new Failure(
      'usage',
      `src ${address.text}: ${unfit}`,
      'the client must name its own address (-R or -a)',
    );
  }
  return address;
}

function readProtocol(text: string): Protocol {
  const protocol = parseProtocol(text);
  if (protocol === undefined) {
    throw new Failure('usage', 'proto: expected tcp, udp, 6 or 17');
  }
  return protocol;
}

function readPort(text: string): number {
  const port = parsePort(text);
  if (port === undefined) throw new Failure('usage', 'port: not a number in 1-65535');
  return port;
}

function readTimeout(text: string): number {
  const timeout = parseWholeNumber(text);
  if (timeout === undefined || timeout < 0 || timeout > LONGEST_TIMEOUT) {
    throw new Failure(
      'usage',
      `timeout: not a whole number of seconds up to ${LONGEST_TIMEOUT}`,
      // fwknopd's $TIMEOUT is the Unix time at which access ends.
      /^\d{9,}$/.test(text) ? 'use $CLIENT_TIMEOUT, not $TIMEOUT' : undefined,
    );
  }
  return timeout;
}
