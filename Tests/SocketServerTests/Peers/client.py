# SPDX-License-Identifier: Apache-2.0
"""A client by Python's socket module: sends each word and prints each answer. An address is HOST:PORT or a path."""
import os
import socket
import sys

transport, address, own = sys.argv[1:4]
kind = socket.SOCK_DGRAM if "d" in transport else socket.SOCK_STREAM
if transport.startswith("unix"):
    s = socket.socket(socket.AF_UNIX, kind)
    if kind == socket.SOCK_DGRAM:
        s.bind(own)
    s.connect(address)
else:
    s = socket.socket(socket.AF_INET, kind)
    host, port = address.rsplit(":", 1)
    s.connect((host, int(port)))
s.settimeout(20)
for word in sys.argv[4:]:
    if kind == socket.SOCK_DGRAM:
        s.send(word.encode())
        print(s.recv(65536).decode(), flush=True)
    else:
        s.sendall(word.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            piece = s.recv(100)
            if not piece:
                sys.exit("the server has ended")
            answer += piece
        print(answer.decode(), end="", flush=True)
