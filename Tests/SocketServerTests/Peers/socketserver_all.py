# SPDX-License-Identifier: Apache-2.0
"""Python's own servers, for our clients to talk with: TRANSPORT is tcp, udp, unix or unix-dgram, POLICY sequential,
threads or processes. Answers lines, or datagrams, in capitals."""
import os
import socketserver
import sys

transport, policy, address = sys.argv[1:]


class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(b"%d\n" % os.getpid() if line == b"pid\n" else line.upper())


class Datagrams(socketserver.DatagramRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.read().upper())


base = {
    "tcp": socketserver.TCPServer, "udp": socketserver.UDPServer, "unix": socketserver.UnixStreamServer,
    "unix-dgram": socketserver.UnixDatagramServer,
}[transport]
mixin = {"sequential": (), "threads": (socketserver.ThreadingMixIn,), "processes": (socketserver.ForkingMixIn,)}[policy]
Server = type("Server", mixin + (base,), {"daemon_threads": True})
is_unix = transport.startswith("unix")
with Server(address if is_unix else ("127.0.0.4", 0), Datagrams if "d" in transport else Lines) as server:
    where = "unix:" + address if is_unix else "%s:%d" % server.server_address
    print("listening on " + where, flush=True)
    server.serve_forever()
