"""What open_ports.py does, by librouteros, with its reply consumed (as written it sends no add).

    peer.py [--routerip HOST] [--port PORT] [--routeruser USER] [--routerpass TEXT] [--tls]
            SRC PROTO PORT TIMEOUT

Its TLS is the one that librouteros describes for a router's own certificate: nothing is checked.
"""
import argparse
import ssl

import librouteros

parser = argparse.ArgumentParser(description="adds an address to FWKNOP_<proto>_<port>")
parser.add_argument("--routerip", default="192.168.88.1")
parser.add_argument("--port", type=int, default=8728)
parser.add_argument("--routeruser", default="fwknop")
parser.add_argument("--routerpass", default="")
parser.add_argument("--tls", action="store_true")
parser.add_argument("src")
parser.add_argument("proto")
parser.add_argument("service")
parser.add_argument("timeout", type=int)
args = parser.parse_args()

options = {}
if args.tls:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    options["ssl_wrapper"] = context.wrap_socket
api = librouteros.connect(
    args.routerip, args.routeruser, args.routerpass, port=args.port, **options
)
entries = api.path("/ip/firewall/address-list")
entries.add(
    list=f"FWKNOP_{args.proto}_{args.service}", address=args.src, timeout=args.timeout
)
