# SPDX-License-Identifier: Apache-2.0
"""Seed 002's server. Repaired: the port is an argument, 0 for a free one, and the address is printed."""
import socket
import sys
from datetime import datetime

address = ('localhost', int(sys.argv[1]))
max_size = 1000
server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address)
server.listen(5)
print('listening on %s:%d' % server.getsockname(), flush=True)
print('start server {}'.format(datetime.now()), flush=True)
print('Waiting for a client now!', flush=True)
client, addr = server.accept()
data = client.recv(max_size)
print('AT', datetime.now(), client, 'Said', data, flush=True)
client.sendall(b'Are you want to talk to Me')
client.close()
server.close()
