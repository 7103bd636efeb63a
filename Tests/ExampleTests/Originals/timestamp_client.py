# SPDX-License-Identifier: Apache-2.0
"""Seed 000's client. Repaired: the port is an argument."""
import sys
from socket import *

HOST = '127.0.0.1'
PORT = int(sys.argv[1])
BUFSIZ = 1024
ADDR = (HOST, PORT)

tcpCliSock = socket(AF_INET, SOCK_STREAM)
tcpCliSock.connect(ADDR)

while True:
    data = input('>>:')
    if not data:
        break
    tcpCliSock.send(bytes(data, 'utf-8'))
    data = tcpCliSock.recv(BUFSIZ)
    if not data:
        break
    print(str(data, encoding='utf-8'), flush=True)
tcpCliSock.close()
