"""Stands in for the helper, and appends how fwknopd ran it to a file, as a line of JSON.

usage: record-call.py FILE [ARGUMENT...]

Python, since Node would open a closed stdin, stdout or stderr before any script could look.
"""

import json
import os
import select
import sys

MORE_THAN_FWKNOPD_READS = 300
PATIENCE_MS = 5000


def open_files():
    """Number of each open file -> what it is, such as pipe:[123]."""
    files = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            files[number] = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            pass  # The one that listdir had open.
    return files


def pipe_closes():
    """Writes a lot to stdout; does fwknopd then close its end?"""
    try:
        os.write(1, b"x" * MORE_THAN_FWKNOPD_READS)
    except OSError:
        return True
    poll = select.poll()
    poll.register(1, 0)  # Errors only, and these cannot be masked.
    return bool(poll.poll(PATIENCE_MS))


# os.environ is not what it was started with: Python adds LC_CTYPE to an empty environment.
with open("/proc/self/environ", encoding="ascii") as file:
    environment = file.read()
umask = os.umask(0)
call = {
    "arguments": sys.argv[2:],
    "environment": environment,
    "directory": os.getcwd(),
    "umask": umask,
    "files": open_files(),
    "pipeCloses": pipe_closes(),
}
with open(sys.argv[1], "a", encoding="ascii") as file:
    file.write(json.dumps(call) + "\n")
