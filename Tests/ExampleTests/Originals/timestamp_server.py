# SPDX-License-Identifier: Apache-2.0
"""Seed 000's server. Repaired: the port is an argument, 0 for a free one, and the address is printed; loopback only."""
import sys
from socket import *
from time import ctime

HOST = '127.0.0.1'
PORT = int(sys.argv[1])
BUFSIZ = 1024
ADDR = (HOST, PORT)

tcpSerSock = socket(AF_INET, SOCK_STREAM)
tcpSerSock.bind(ADDR)
tcpSerSock.listen(5)
print('listening on %s:%d' % tcpSerSock.getsockname(), flush=True)

while True:
    print('waiting for connection ...', flush=True)
    tcpCliSock, addr = tcpSerSock.accept()
    print('... connected from:', addr, flush=True)
    while True:
        data = tcpCliSock.recv(BUFSIZ)
        if not data:
            break
        tcpCliSock.send(bytes(ctime(), encoding='utf-8') + data)
    tcpCliSock.close()
tcpSerSock.close()
