/** The text of `knock --help`. */
export const USAGE = `fwknop-mikrotik knock - open a fallback port by port knocking

Synopsis
  fwknop-mikrotik knock [options] HOST KNOCK...
  fwknop-mikrotik knock [options] TARGET
  fwknop-mikrotik knock --add NAME [HOST] KNOCK... [--secret]
  fwknop-mikrotik knock --list
  fwknop-mikrotik knock --remove NAME
  fwknop-mikrotik knock --hash [--passphrase-file FILE]

  Sends, in order, the knocks that a router set up by init --fallback waits for.
  Knocks get no reply; --then tests the port.

Arguments
  HOST    the router: an IP address, or a name, of which the first address is
          used; to knock at another one, give that address
  KNOCK   tcp/PORT: a connection attempt, never waited for
          udp/PORT: a packet, empty without the options below
  TARGET  the name of a host and its knocks that --add has kept

Options
  --payload TEXT          the content of each knock; all knocks must be UDP
  --secret                each UDP knock carries the SHA-256 of a passphrase of
                          its own, asked for without echo
  --passphrase-file FILE  the passphrases for --secret, a line a knock, the line
                          of a TCP knock empty; only its owner may read it
  --delay DURATION        pause between knocks, such as 500ms or 2s (200ms); at
                          most 1m
  --then tcp/PORT         then wait until this port accepts a connection
  --wait DURATION         how long --then waits (5s); at most 1m
  --add NAME              keep a target; without HOST, the name is the host
  --list                  list the targets
  --remove NAME           forget a target
  --hash                  print the hash of a passphrase that it asks for, or of
                          each line of --passphrase-file or stdin
  --help                  print this text

Files
  ~/.secrets/spknock-targets.conf
    the targets, as spknock keeps them: host:1234/udp,9876/udp,5555/udp
    Such a line is a target of kind secret whose name is its host.

Exit status
  0   sent; with --then: the port answers
  64  bad arguments, or passphrases that do not fit the knocks
  69  the host is not found, or not reachable; with --then: no answer
  70  a bug in this program
  78  a file is missing, unreadable, insecure or invalid

Examples
  fwknop-mikrotik knock router.example tcp/1337 udp/17954 --then tcp/22
  fwknop-mikrotik knock --add home router.example udp/1234 udp/9876 --secret
  fwknop-mikrotik knock home
`;
