# SPDX-License-Identifier: Apache-2.0
"""Seed 004's server with SocketServer and ForkingMixIn. Repaired: Python 3, whose module is socketserver; bytes; the
port is an argument, 0 for a free one, and the address is printed; loopback only."""
import sys
from socketserver import ForkingMixIn, StreamRequestHandler, TCPServer


class Server(ForkingMixIn, TCPServer): pass


class Handler(StreamRequestHandler):
    def handle(self):
        addr = self.request.getpeername()
        print('Got connection from', addr, flush=True)
        self.wfile.write(b'Thank for connecting')


server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
print("listening on %s:%d" % server.server_address, flush=True)
server.serve_forever()
