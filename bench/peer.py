"""What open_ports.py does, by librouteros, with its reply consumed (as written it sends no add).

    peer.py PORT plain|tls SRC PROTO PORT TIMEOUT
"""
import ssl
import sys

import librouteros

port, mode, src, proto, service, timeout = sys.argv[1:]
options = {}
if mode == "tls":
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    options["ssl_wrapper"] = context.wrap_socket
api = librouteros.connect("127.0.0.1", "fwknop", "secret", port=int(port), **options)
entries = api.path("/ip/firewall/address-list")
entries.add(list=f"FWKNOP_{proto}_{service}", address=src, timeout=timeout)
