# SPDX-License-Identifier: Apache-2.0
"""Seed 004's small client. Repaired: Python 3; it makes a socket; the port is an argument."""
import socket
import sys

s = socket.socket()
s.connect(("127.0.0.1", int(sys.argv[1])))
print(s.recv(1024))
