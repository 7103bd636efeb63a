# SPDX-License-Identifier: Apache-2.0
"""Seed 004's server with poll. Repaired: Python 3; the imports; == for a comparison; only POLLIN is registered; a reset
counts as a disconnection, and the peer's address is remembered; the port is an argument, 0 for a free one, and the
address is printed; loopback only."""
import select
import socket
import sys

s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
fdmap = {s.fileno(): s}
names = {}
s.listen(5)
print("listening on %s:%d" % s.getsockname(), flush=True)
p = select.poll()
p.register(s, select.POLLIN)
while True:
    events = p.poll()
    for fd, event in events:
        if fd == s.fileno():
            c, addr = s.accept()
            print('Got connection from', addr, flush=True)
            p.register(c, select.POLLIN)
            fdmap[c.fileno()] = c
            names[c.fileno()] = addr
        else:
            try:
                data = fdmap[fd].recv(1024)
            except socket.error:
                data = b''
            if not data:
                print(names[fd], 'disconnected', flush=True)
                p.unregister(fd)
                fdmap.pop(fd).close()
            else:
                print(data, flush=True)
