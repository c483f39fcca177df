import { DEFAULT_ACCESS_CONF } from '../common/fwknopd';
import { DEFAULT_CONFIG_FILE } from '../config/config';
import { CHECK_LIST } from './router-steps';

/** The text of `check --help`. */
export const USAGE = `fwknop-mikrotik check - check whether a knock would open, and show what to fix

Synopsis
  sudo fwknop-mikrotik check [--config FILE] [--access-conf FILE]
                             [--pin[=HEX]] [--as USER] [--quiet]

  Checks everything that an opening needs, and prints a line for each step: ok,
  warn, FAIL, or skip for a step that could not be tried. The line below it
  that begins with "hint:" shows the fix. The last line is "ready: knock from
  outside", or the first reason why not. Run it as root on the fwknopd host.

Steps
  configuration  the file, its values and its mode, and the options of the
                 CMD_CYCLE_OPEN lines
  each router    name, TCP, TLS, login, write, read, policies, e-mail; where
                 a user may read: service, user, SPA packets, firewall
  fwknopd        access.conf and its CMD_CYCLE lines, the program as fwknopd
                 runs it, config test, capture, running, sandbox, AppArmor,
                 identity, clock, syslog

  To test that the user may write, it puts 192.0.2.1 on the address list
  ${CHECK_LIST} for one second, on each router. To test syslog, it writes one
  line of level debug there. It sends no mail.

Options
  --config FILE       configuration to check (the one that access.conf names,
                      or else ${DEFAULT_CONFIG_FILE})
  --access-conf FILE  fwknopd's file (${DEFAULT_ACCESS_CONF})
  --pin               ask whether to trust the certificate that a router shows,
                      and write its fingerprint into the configuration
  --pin=HEX           do so without asking, where a router shows this one
  --as USER           also look at the router as this user, who may read: who is
                      let in, and where the firewall sends the packets of a
                      knock and of each service. Asks for the password, uses it
                      once, and stores it nowhere
  --password-file FILE
                      the password of --as in the first line; - for stdin
  --quiet             print warnings, failures and the last line only
  --help              print this text

  Without HEX it asks about each router whose certificate is not trusted yet,
  or not verified (tls = "insecure"). The fingerprint replaces ca-file and
  another tls; the rest of the file stays as it is. First compare it with the
  fingerprint that the router itself shows: /certificate/print detail

Exit status
  0   ready; there may be warnings
  64  bad arguments; --pin or --as without a terminal
  77  --pin=HEX: no router shows this certificate
  78  a fault of the configuration, or on fwknopd's side; not run as root
  Otherwise that of an opening, see fwknop-mikrotik --help. Of several failures
  the first counts.
`;
