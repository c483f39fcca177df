import { DEFAULT_ACCESS_CONF } from '../common/fwknopd';
import { DEFAULT_CONFIG_FILE } from '../config/config';
import { CHECK_LIST } from './router-steps';

/** The text of `check --help`. */
export const USAGE = `fwknop-mikrotik check - say what works, and how to mend what does not

Synopsis
  fwknop-mikrotik check [--config FILE] [--access-conf FILE] [--pin[=HEX]]

  Goes through everything an opening needs, in the order in which it happens,
  and prints a line for each step: ok, warn, FAIL, or skip for what could not
  be tried. What to do stands beneath, after "hint:". Run it as root on the
  machine of fwknopd, which runs the program as root as well.

Steps
  configuration  the file, its values and its mode
  each router    name, TCP, TLS, login, write, read, policies, e-mail
  fwknopd        access.conf and its CMD_CYCLE lines, the program as fwknopd
                 runs it, fwknopd's own verdict, syslog

  To see that the user may write, 192.0.2.1 is put on the address list
  ${CHECK_LIST} for one second, on each router. To see that syslog is reached,
  one line of level debug is written there. No mail is sent.

Options
  --config FILE       configuration (${DEFAULT_CONFIG_FILE})
  --access-conf FILE  fwknopd's file (${DEFAULT_ACCESS_CONF})
  --pin               ask whether to trust the certificate that a router shows,
                      and write its fingerprint into the configuration
  --pin=HEX           do so without asking, where a router shows this one
  --help              print this text

  Without HEX it asks about each router whose certificate is not trusted yet,
  or not looked at (tls = "insecure"). The fingerprint takes the place of
  ca-file and of another tls; the rest of the file stays as it is. Compare it
  first with what the router itself shows: /certificate/print detail

Exit status
  0   nothing failed; there may be warnings
  64  bad arguments; --pin without a terminal
  77  --pin=HEX: no router shows this certificate
  78  a fault of the configuration, or on fwknopd's side
  Otherwise that of an opening, see fwknop-mikrotik --help. Of several failures
  the first counts.
`;
