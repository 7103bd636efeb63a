# SPDX-License-Identifier: Apache-2.0
"""Seed 004's server with select. Repaired: Python 3; rs, ws and es are three names; the peer's address is remembered; the
port is an argument, 0 for a free one, and the address is printed; loopback only."""
import select
import socket
import sys

s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(5)
print("listening on %s:%d" % s.getsockname(), flush=True)
inputs = [s]
names = {}
while True:
    rs, ws, es = select.select(inputs, [], [])
    for r in rs:
        if r is s:
            c, addr = s.accept()
            print('Got connection from', addr, flush=True)
            inputs.append(c)
            names[c] = addr
        else:
            try:
                data = r.recv(1024)
                disconnected = not data
            except socket.error:
                disconnected = True
            if disconnected:
                print(names[r], 'disconnected', flush=True)
                inputs.remove(r)
                r.close()
            else:
                print(data, flush=True)
