import { DEFAULT_OUT } from '../init/options';

/** The text of `install --help`. */
export const USAGE = `fwknop-mikrotik install - put the files of init in place on the fwknopd host

Synopsis
  sudo fwknop-mikrotik install [DIR] [--pin=HEX] [--dry-run] [--force]
                               [--files-only]
  sudo fwknop-mikrotik install --migrate [--pin=HEX] [--dry-run] [--force]
                               [--files-only]
  sudo fwknop-mikrotik install --undo [--dry-run]

  Takes mikrotik.toml and access.conf from the directory that init made. The
  stanzas go into /etc/fwknop/access.conf between two marker lines, and so do
  the lines that make fwknopd listen into /etc/fwknop/fwknopd.conf. Everything
  else in these files stays; only the unusable stanza of Debian's access.conf
  goes. Then it enables and restarts fwknop-server, pins the router's
  certificate, and runs fwknop-mikrotik check. A second run changes nothing.

Arguments
  <DIR>         the directory (${DEFAULT_OUT})

Options
  --pin         ask whether to trust the certificate that the router shows, which
                it does anyway on a terminal
  --pin=HEX     trust the certificate with this fingerprint without asking
  --force       replace a mikrotik.toml that differs, and the stanzas with all
                clients that were added or edited here; fingerprints stay
  --files-only  write the files, and do nothing else
  --dry-run     print what would change, without keys and passwords
  --migrate     for those who used open_ports.py: its lines of access.conf run this
                program, and their options become mikrotik.toml. Keys stay
  --undo        take the lines between the markers out again; mikrotik.toml stays
  --help        print this text

Files
  /etc/fwknop/mikrotik.toml
  /etc/fwknop/access.conf
  /etc/fwknop/fwknopd.conf
    Before the first change each is kept under its name with ~ behind it.

Exit status
  0   the files are in place, and check found no failure
  64  bad arguments
  78  not run as root; or a file has insecure permissions, is invalid or cannot
      be written, and then nothing is changed; or fwknopd does not restart
  Otherwise that of check, see fwknop-mikrotik check --help.
`;
