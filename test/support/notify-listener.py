"""A service manager's notify socket: prints each datagram as JSON, with the sender's process id."""

import json
import os
import socket
import struct
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
# An abstract name begins with @.
name = sys.argv[1]
listener.bind("\0" + name[1:] if name.startswith("@") else name)
print(json.dumps({"listening": name}), flush=True)
while True:
    data, ancillary, _, _ = listener.recvmsg(4096, 256)
    pid = 0
    for _, kind, value in ancillary:
        if kind == socket.SCM_CREDENTIALS:
            pid = struct.unpack("3i", value[:12])[0]
        if kind == socket.SCM_RIGHTS:
            # The barrier of systemd-notify: it waits until its end of a pipe is closed.
            for number in struct.unpack("%di" % (len(value) // 4), value):
                os.close(number)
    lines = [line for line in data.decode().split("\n") if line]
    print(json.dumps({"lines": lines, "pid": pid}), flush=True)
