# SPDX-License-Identifier: Apache-2.0
"""Seed 004's small server. Repaired: Python 3; the port is an argument, 0 for a free one, and the address is printed;
loopback only."""
import socket
import sys

s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(5)
print("listening on %s:%d" % s.getsockname(), flush=True)
while True:
    c, addr = s.accept()
    print('Got connection from', addr, flush=True)
    c.send(b'Thank for connecting')
    c.close()
