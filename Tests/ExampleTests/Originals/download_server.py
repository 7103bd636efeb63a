# SPDX-License-Identifier: Apache-2.0
"""Seed 003's download server. Repaired: the port is an argument, 0 for a free one, and the address is printed; loopback
only; the whole file is sent."""
import socket
import sys


def send_file2client(new_socket, client_addr):
    want_file = new_socket.recv(1024).decode("utf-8")
    print("Client %s The files to be received are:%s" % (str(client_addr), want_file), flush=True)
    file_data = None
    try:
        f = open(want_file, "rb")
        file_data = f.read()
        f.close()
    except Exception as e:
        print("The files you want to download %s Non-existent" % want_file, flush=True)
    if file_data:
        new_socket.sendall(file_data)


def main():
    tcp_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp_socket.bind(("127.0.0.1", int(sys.argv[1])))
    tcp_socket.listen(128)
    print("listening on %s:%d" % tcp_socket.getsockname(), flush=True)
    while 1:
        new_socket, client_addr = tcp_socket.accept()
        send_file2client(new_socket, client_addr)
        new_socket.close()


if __name__ == '__main__':
    main()
