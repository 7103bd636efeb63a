# SPDX-License-Identifier: Apache-2.0
"""A member of a chat: says each line of its standard input in an encoding, and prints what it reads in it."""
import selectors
import socket
import sys


def main():
    host, port, encoding = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    connection = socket.create_connection((host, port))
    selector = selectors.DefaultSelector()
    selector.register(connection, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    unread = b""
    while True:
        for key, _ in selector.select():
            if key.fileobj is connection:
                piece = connection.recv(4096)
                if not piece:
                    return
                unread += piece
                while b"\n" in unread:
                    line, unread = unread.split(b"\n", 1)
                    print(line.rstrip(b"\r").decode(encoding), flush=True)
            else:
                line = sys.stdin.readline()
                if not line:
                    connection.shutdown(socket.SHUT_WR)
                    selector.unregister(sys.stdin)
                    continue
                connection.sendall(line.rstrip("\n").encode(encoding) + b"\n")


main()
