# SPDX-License-Identifier: Apache-2.0
"""Seed 003's UDP program that sends and receives. Repaired: the port is an argument, 0 for a free one, and the address
is printed; loopback only."""
import socket
import sys


def main():
    udp_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp_socket.bind(("127.0.0.1", int(sys.argv[1])))
    print("bound to %s:%d" % udp_socket.getsockname(), flush=True)
    dest_ip = input("Please enter the data you want to send. ip Address:")
    dest_port = int(input("Please enter the port number of the data you want to send:"))
    send_data = input("Please enter the data you want to send:")
    udp_socket.sendto(send_data.encode("utf-8"), (dest_ip, dest_port))
    recv_data = udp_socket.recvfrom(1024)
    print(recv_data, flush=True)
    udp_socket.close()


if __name__ == "__main__":
    main()
