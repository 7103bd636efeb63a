# SPDX-License-Identifier: Apache-2.0
"""Seed 003's TCP server. Repaired: the port is an argument, 0 for a free one, and the address is printed; loopback
only."""
import socket
import sys


def main():
    tcp_service_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp_service_socket.bind(("127.0.0.1", int(sys.argv[1])))
    tcp_service_socket.listen(128)
    print("listening on %s:%d" % tcp_service_socket.getsockname(), flush=True)
    new_client_socket, client_addr = tcp_service_socket.accept()
    print("The client address of the link is:", client_addr, flush=True)
    recv_data = new_client_socket.recvfrom(1024)
    print(recv_data, flush=True)
    new_client_socket.send("hahahah".encode("utf-8"))
    new_client_socket.close()
    tcp_service_socket.close()


if __name__ == '__main__':
    main()
