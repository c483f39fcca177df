import { EXIT } from '../common/failure';
import {
  DEFAULT_COMMENT,
  DEFAULT_CONFIG_FILE,
  DEFAULT_DEADLINE,
  DEFAULT_LIST,
} from '../config/config';

const EXIT_STATUS = Object.values(EXIT)
  .map(({ status, meaning }) => `  ${String(status).padEnd(4)}${meaning}`)
  .join('\n');

/** The part of --help that a call without arguments prints on a terminal. */
export const SYNOPSIS = `Synopsis
  fwknop-mikrotik [options] <src> <proto> <port> <timeout>
  fwknop-mikrotik init | install | client | check | knock [--help] ...

  fwknopd runs it as CMD_CYCLE_OPEN. It logs in to the router's API, adds <src>
  to the address list FWKNOP_<proto>_<port> for <timeout> seconds, and exits.

Commands, for people
  init     write the files of a new setup: router, fwknopd host and clients
  install  put the files of init in place on the fwknopd host
  client   add, list and remove clients on the fwknopd host
  check    test each step of an opening, with a hint for each that fails
  knock    open a fallback port of the router by port knocking, without fwknopd
`;

/** The text of --help. */
export const USAGE = `fwknop-mikrotik - open a MikroTik router's address list for a valid SPA packet

${SYNOPSIS}
Arguments
  <src>      the address to let in: IPv4 in its usual form, or IPv6
  <proto>    6 or tcp, 17 or udp
  <port>     1-65535
  <timeout>  whole seconds; 0 stands for the default of the configuration

Options
  --config FILE         configuration (${DEFAULT_CONFIG_FILE})
  --client NAME         the client's name, for the log, the router and the
                        table [client.NAME] of the configuration
  --routerip HOST       use this router, not those of the configuration
  --routerport PORT     its API port (8729; 8728 with --tls off)
  --routeruser USER     the user to log in as
  --password-file FILE  a file that holds the password alone, in one line
  --routerpass TEXT     the password; fwknopd logs it, so prefer a file
  --tls MODE            verify (default), insecure, anonymous or off
  --fingerprint HEX     trust the certificate with this SHA-256 fingerprint only
  --ca-file FILE        trust certificates of these CAs (PEM), not the system's
  --server-name NAME    the certificate is made for this name, not for the host
  --email ADDRESS       let the router mail a note of the opening
  --list TEMPLATE       name of the address list (${DEFAULT_LIST})
  --deadline DURATION   time for the whole run (${DEFAULT_DEADLINE}s)
  --syslog MODE         auto (default: when stderr is no terminal), on or off
  --dry-run             check everything, print the commands, connect to nothing
  --verbose             log each step to stderr
  --help                print this text; also -h
  --version             print the version; also -V

  Router options apply to every router of the configuration, or to --routerip.
  A value that begins with a dash is written --option=VALUE.

Files
  ${DEFAULT_CONFIG_FILE}
    deadline, list, comment ("${DEFAULT_COMMENT}"), syslog;
    [grant] with services, sources, max-timeout, default-timeout,
    ipv4-prefix, ipv6-prefix; [client.NAME] with the same and list, in place
    of those for all; one [[router]] or more with name, host, port, user,
    password-file or password, tls, ca-file or fingerprint, server-name, email

Exit status
${EXIT_STATUS}

Example, in /etc/fwknop/access.conf
  CMD_CYCLE_OPEN   /usr/bin/fwknop-mikrotik $SRC $PROTO $PORT $CLIENT_TIMEOUT
  CMD_CYCLE_CLOSE  NONE
  CMD_CYCLE_TIMER  30
`;
