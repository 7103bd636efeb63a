# SPDX-License-Identifier: Apache-2.0
"""Seed 003's two TCP servers that go on: "once" answers one message of a client, "many" all of them. Repaired: the port
is an argument, 0 for a free one, and the address is printed; loopback only; the end of a client is told by the bytes, not
by the pair that recvfrom returns, which is always true; and a reset is an end too: the seed's own client leaves without
reading its answer, which resets the connection."""
import socket
import sys


def main():
    serves_many = sys.argv[2] == "many"
    tcp_service_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp_service_socket.bind(("127.0.0.1", int(sys.argv[1])))
    tcp_service_socket.listen(128)
    print("listening on %s:%d" % tcp_service_socket.getsockname(), flush=True)
    while 1:
        new_client_socket, client_addr = tcp_service_socket.accept()
        print("The client address of the link is:", client_addr, flush=True)
        while 1:
            try:
                recv_data = new_client_socket.recvfrom(1024)
                print(recv_data, flush=True)
                if recv_data[0]:
                    new_client_socket.send("hahahah".encode("utf-8"))
            except ConnectionError:
                break
            if not recv_data[0] or not serves_many:
                break
        new_client_socket.close()


if __name__ == '__main__':
    main()
