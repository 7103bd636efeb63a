# SPDX-License-Identifier: Apache-2.0
"""Seed 003's UDP receiver. Repaired: the port is an argument, 0 for a free one, and the address is printed; loopback
only; the encoding is an argument."""
import socket
import sys


def main():
    udp_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp_socket.bind(("127.0.0.1", int(sys.argv[1])))
    print("bound to %s:%d" % udp_socket.getsockname(), flush=True)
    recv_data = udp_socket.recvfrom(1024)
    recv_msg = recv_data[0]
    send_addr = recv_data[1]
    print("%s Sent:%s" % (str(send_addr), recv_msg.decode(sys.argv[2])), flush=True)
    udp_socket.close()


if __name__ == "__main__":
    main()
