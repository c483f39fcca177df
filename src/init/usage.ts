import { DEFAULT_HELPER, DEFAULT_OUT, DEFAULT_SPA_PORT, DEFAULT_WAN } from './options';

/** The text of `fwknop-mikrotik init --help`. */
export const USAGE = `fwknop-mikrotik init - write all that a new set-up needs, for all machines

Synopsis
  fwknop-mikrotik init --router HOST --fwknopd ADDRESS --server HOST
                       --service SERVICE [--service SERVICE ...] [options]
  fwknop-mikrotik init --undo

  It connects to nothing and changes nothing but the folder that it makes. On a
  terminal it asks for what is missing.

Options
  --router HOST         the router in your network: IPv4 address or name
  --fwknopd ADDRESS     the machine that runs fwknopd: IPv4 address
  --container ADDRESS   run fwknopd in a container on the router, at this
                        address of the LAN; in place of --fwknopd
  --server HOST         the router on the Internet: IPv4 address or name
  --service SERVICE     what a knock opens: tcp/22 of the router itself, or
                        tcp/443=192.168.88.10[:PORT] of a host inside
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
  --sliding             every new connection keeps the door open for another
                        hour; max-timeout then no longer bounds it
  --fallback KIND       let the router itself open these services to knocks as
                        well, for when fwknopd's machine is down: sequence,
                        payload or secret
  --knocks LIST         the knocks, in order: tcp/1337,udp/17954
  --payload TEXT        of kind payload: what the UDP packet holds, exactly
  --regexp              find it by a layer-7 regexp: slower, any case of letters
  --passphrase-file FILE
                        of kind secret: a line a knock; else they are asked for
  --always LIST         who needs no knock: 192.0.2.1,198.51.100.0/24
  --helper PATH         this program on fwknopd's machine
                        (${DEFAULT_HELPER})
  --out DIR             the folder to make (${DEFAULT_OUT})
  --force               write over the files that are in it
  --qr                  draw the phone's QR code here as well
  --undo                print the script that removes what router.rsc added
  --help                print this text

Files, in the folder (mode 700; all of them 600, for each holds a secret)
  router.rsc            for the router: RouterOS 7.9 or later, to /import
  mikrotik.toml         for /etc/fwknop on fwknopd's machine
  access.conf           a stanza of fwknopd for each client, with fresh keys
  CLIENT/fwknoprc       stanzas for the client's ~/.fwknoprc, one a service
  CLIENT/phone.svg      the client's keys as a QR code for the Fwknop2 app

Exit status
  0   the files are written
  64  bad arguments, or something is missing and there is nobody to ask
  78  the folder is open to others, or has these files already, or cannot be
      written
`;
