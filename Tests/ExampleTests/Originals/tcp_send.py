# SPDX-License-Identifier: Apache-2.0
"""Seed 003's TCP client. Repaired: the port is an argument, and the address is this machine's."""
import socket
import sys


def main():
    tcp_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp_socket.connect(("127.0.0.1", int(sys.argv[1])))
    send_data = input("Please enter the message you want to send:")
    tcp_socket.send(send_data.encode("utf-8"))
    tcp_socket.close()


if __name__ == "__main__":
    main()
