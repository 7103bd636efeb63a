# SPDX-License-Identifier: Apache-2.0
"""Seed 003's UDP sender that goes on until the user types "exit". Repaired: the port is an argument, the address this
machine's; with a second argument it binds that port first, as the seed's next program does."""
import socket
import sys


def main():
    udp_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if len(sys.argv) > 2:
        udp_socket.bind(("127.0.0.1", int(sys.argv[2])))
        print("bound to %s:%d" % udp_socket.getsockname(), flush=True)
    while 1:
        send_data = input("Please enter the data you want to send:")
        if send_data == "exit":
            break
        udp_socket.sendto(send_data.encode("utf-8"), ("127.0.0.1", int(sys.argv[1])))
    udp_socket.close()


if __name__ == "__main__":
    main()
