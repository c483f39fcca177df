import { DEFAULT_HELPER, DEFAULT_OUT, DEFAULT_SPA_PORT, DEFAULT_WAN } from './options';

/** The text of `fwknop-mikrotik init --help`. */
export const USAGE = `fwknop-mikrotik init - write the files of a new setup

Synopsis
  fwknop-mikrotik init --router HOST --fwknopd ADDRESS --server HOST
                       --service SERVICE [--service SERVICE ...] [options]
  fwknop-mikrotik init --undo

  It writes the files for the router, the fwknopd host and the clients into a
  new directory, and prints the steps that are left. It connects to nothing and
  changes nothing else. On a terminal it asks for the missing options.

Options
  --router HOST         the router in your network: IPv4 address or name
  --fwknopd ADDRESS     the host that runs fwknopd: IPv4 address
  --container ADDRESS   run fwknopd in a container on the router, at this
                        address of the LAN; in place of --fwknopd
  --server HOST         the router on the Internet: IPv4 address or name
  --service SERVICE     a service that a knock opens: tcp/22 of the router, or
                        tcp/443=192.168.88.10[:PORT] of a host behind it; may be
                        repeated, or a list with commas
  --client NAME         a client with keys of its own, such as phone; may be
                        repeated (default: this host's name, or client)
  --name NAME           begin the names of the client's stanzas with it:
                        home-ssh instead of fw.example.com-tcp22
  --one-list            one address list for all services: a knock for one of
                        them opens all of them
  --wan LIST            the router's WAN interface list (${DEFAULT_WAN})
  --wan-interface NAME  its WAN interface instead, where there is no such list,
                        such as pppoe-out1
  --spa-port PORT       the UDP port of SPA packets (${DEFAULT_SPA_PORT})
  --sliding             every new connection sets the timer of its address to an
                        hour again: max-timeout no longer bounds it, and an
                        entry with more time left gets shorter
  --fallback KIND       let the router itself open these services to knocks too,
                        for when the fwknopd host is down: sequence, payload or
                        secret
  --knocks LIST         the knocks, in order: tcp/1337,udp/17954
  --payload TEXT        of kind payload: the exact content of the UDP packet
  --regexp              match it by a layer-7 regexp: slower, ignores case
  --passphrase-file FILE
                        of kind secret: a passphrase a line, one for each knock;
                        without it they are asked for
  --always LIST         addresses that need no knock: 192.0.2.1,198.51.100.0/24
  --helper PATH         this program on the fwknopd host (default: its own path,
                        or ${DEFAULT_HELPER})
  --out DIR             the directory to make (${DEFAULT_OUT})
  --force               overwrite the files that are in it
  --qr                  draw the QR codes for phones here too
  --undo                print the script that removes what router.rsc added
  --help                print this text

Files, in the directory (mode 700; the files 600, since each holds a secret)
  router.rsc            for the router: RouterOS 7.9 or later, to /import
  mikrotik.toml         for /etc/fwknop on the fwknopd host
  access.conf           a stanza of fwknopd for each client, with fresh keys
  CLIENT/fwknoprc       stanzas for the client's ~/.fwknoprc, one a service
  CLIENT/phone.svg      the client's keys as a QR code for the Fwknop2 app

Exit status
  0   the files are written
  64  bad arguments, or options are missing and there is no terminal
  78  the directory has insecure permissions, or these files already, or cannot
      be written
`;
