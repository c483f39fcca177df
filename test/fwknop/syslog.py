"""A system log for tests: binds /dev/log and appends each message to a file, as a line of JSON.

usage: syslog.py FILE

Writes "ready" when it listens. On SIGUSR1 it fills its own queue, so that whoever logs must wait,
writes "stalled" and stops reading until SIGUSR2.
"""

import json
import os
import signal
import socket
import sys

log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)


def stall(*_):
    filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    filler.setblocking(False)
    filler.connect("/dev/log")
    try:
        while True:
            filler.send(b"<31>Jan  1 00:00:00 filler: the log is full")
    except BlockingIOError:
        pass
    print("stalled", flush=True)
    signal.sigwait([signal.SIGUSR2])


# Blocked, so that a SIGUSR2 that comes early is kept for sigwait.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
signal.signal(signal.SIGUSR1, stall)
log.bind("/dev/log")
os.chmod("/dev/log", 0o666)
print("ready", flush=True)

with open(sys.argv[1], "a", encoding="ascii") as file:
    while True:
        message = log.recv(65536).rstrip(b"\0\n")
        file.write(json.dumps(message.decode("utf-8", "backslashreplace")) + "\n")
        file.flush()
