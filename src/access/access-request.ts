import { LONGEST_TIMEOUT } from '../common/duration';
import { Failure } from '../common/failure';
import { type Address, parseAddress, unfitSource } from './address';

/** An IP protocol number: TCP or UDP, the two that fwknopd passes. */
export type Protocol = 6 | 17;

/** What fwknopd asks of us after a valid SPA packet. */
export interface AccessRequest {
  readonly source: Address;
  readonly protocol: Protocol;
  /** 1–65535 */
  readonly port: number;
  /** Whole seconds; 0 when the client did not ask for any. */
  readonly timeout: number;
}

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ['6', 6],
  ['17', 17],
  ['tcp', 6],
  ['udp', 17],
]);

/**
 * Reads the four words of fwknopd's command line: `$SRC $PROTO $PORT $CLIENT_TIMEOUT`.
 *
 * Nothing is converted before it is checked: fwknopd lets `010.001.002.003` and port 0 through
 * (extcmd.c, incoming_spa.c), and RouterOS would store an address that is none as a DNS name.
 *
 * @throws Failure `usage`
 */
export function parseAccessRequest(words: readonly string[]): AccessRequest {
  const [source, protocol, port, timeout] = words;
  if (
    words.length !== 4 ||
    source === undefined ||
    protocol === undefined ||
    port === undefined ||
    timeout === undefined
  ) {
    // The words are not repeated here: one of them may be a password that lost its option.
    throw new Failure(
      'usage',
      `expected four arguments, <src> <proto> <port> <timeout>, got ${words.length}`,
      'see fwknop-mikrotik --help',
    );
  }
  return {
    source: parseSource(source),
    protocol: parseProtocol(protocol),
    port: parsePort(port),
    timeout: parseTimeout(timeout),
  };
}

/** Reads `tcp`, `udp` or a protocol number; undefined when the text is none of them. */
export function protocolNumber(text: string): Protocol | undefined {
  return PROTOCOLS.get(text);
}

/** Reads a port, 1–65535, in plain decimal; undefined when the text is none. */
export function portNumber(text: string): number | undefined {
  const port = wholeNumber(text);
  return port !== undefined && port >= 1 && port <= 65535 ? port : undefined;
}

/** Reads a number as it is written plainly: no sign, space, fraction or zero before it. */
function wholeNumber(text: string): number | undefined {
  const number = Number(text);
  return Number.isSafeInteger(number) && String(number) === text ? number : undefined;
}

function parseSource(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) {
    // Shown only where it looks like an address: it may be a password that lost its option.
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

function parseProtocol(text: string): Protocol {
  const protocol = protocolNumber(text);
  if (protocol === undefined) {
    throw new Failure('usage', 'proto: none of 6, 17, tcp, udp');
  }
  return protocol;
}

function parsePort(text: string): number {
  const port = portNumber(text);
  if (port === undefined) throw new Failure('usage', 'port: not a number in 1-65535');
  return port;
}

function parseTimeout(text: string): number {
  const timeout = wholeNumber(text);
  if (timeout === undefined || timeout < 0 || timeout > LONGEST_TIMEOUT) {
    throw new Failure(
      'usage',
      `timeout: not a whole number of seconds up to ${LONGEST_TIMEOUT}`,
      // fwknopd's $TIMEOUT is the time of day at which access ends.
      /^\d{9,}$/.test(text) ? 'use $CLIENT_TIMEOUT, not $TIMEOUT' : undefined,
    );
  }
  return timeout;
}
