/** The text of `client --help`. */
export const USAGE = `fwknop-mikrotik client - add, list and remove clients on the fwknopd host

Synopsis
  sudo fwknop-mikrotik client add NAME [--out DIR] [--server HOST]
                              [--service SERVICE ...]
  sudo fwknop-mikrotik client list
  sudo fwknop-mikrotik client remove NAME

  Each client has keys of its own and a stanza of /etc/fwknop/access.conf. Only
  the stanzas between the marker lines that install wrote are changed. Then
  fwknop-server is restarted.

Commands
  add     make keys for one more client. They are in its files and, on a
          terminal, in a QR code for the Fwknop2 app, and nowhere else
  list    print each client, its grant, and when it opened last
  remove  make the keys of a client useless. Entries that are open stay until
          they expire; it prints the commands that remove them on the router

Arguments
  <NAME>             1 to 20 characters: a-z, 0-9 and -, no - at the start

Options
  --out DIR          the directory to make for fwknoprc and phone.svg (NAME)
  --server HOST      the router on the Internet, if not the one of init
  --service SERVICE  a service that the client knocks for, such as tcp/22, if not
                     those of init; it may be repeated
  --help             print this text

Files
  /etc/fwknop/access.conf
    Before the first change it is kept as access.conf~.

Exit status
  0   done
  64  bad arguments; the client exists already, or there is no such client
  78  not run as root; or access.conf has no marker lines, has insecure
      permissions or cannot be written, and then nothing is changed; or fwknopd
      does not restart
`;
