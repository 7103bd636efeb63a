# SPDX-License-Identifier: Apache-2.0
"""Seed 004's server with Twisted's LineReceiver. Repaired: Python 3; the imports and the names' capitals;
connectionMade, which the seed calls simplelogger; the port is an argument, 0 for a free one, and the address is
printed; loopback only."""
import sys

from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver


class SimpleLogger(LineReceiver):
    def connectionMade(self):
        print('Got connection from', self.transport.client, flush=True)

    def connectionLost(self, reason):
        print(self.transport.client, 'disconnected', flush=True)

    def lineReceived(self, line):
        print(line, flush=True)


factory = Factory()
factory.protocol = SimpleLogger
port = reactor.listenTCP(int(sys.argv[1]), factory, interface='127.0.0.1')
print("listening on %s:%d" % (port.getHost().host, port.getHost().port), flush=True)
reactor.run()
