# SPDX-License-Identifier: Apache-2.0
"""Seed 003's UDP sender. Repaired: the port is an argument, and the address is this machine's."""
import socket
import sys


def main():
    udp_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp_socket.sendto(b"hahaha", ("127.0.0.1", int(sys.argv[1])))
    udp_socket.close()


if __name__ == "__main__":
    main()
