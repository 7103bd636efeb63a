# SPDX-License-Identifier: Apache-2.0
"""Seed 004's server with Twisted. Repaired: Python 3; the imports and the names' capitals; the port is an argument, 0
for a free one, and the address is printed; loopback only."""
import sys

from twisted.internet import reactor
from twisted.internet.protocol import Protocol, Factory


class SimpleLogger(Protocol):
    def connectionMade(self):
        print('Got connection from', self.transport.client, flush=True)

    def connectionLost(self, reason):
        print(self.transport.client, 'disconnected', flush=True)

    def dataReceived(self, data):
        print(data, flush=True)


factory = Factory()
factory.protocol = SimpleLogger
port = reactor.listenTCP(int(sys.argv[1]), factory, interface='127.0.0.1')
print("listening on %s:%d" % (port.getHost().host, port.getHost().port), flush=True)
reactor.run()
