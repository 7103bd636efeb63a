# SPDX-License-Identifier: Apache-2.0
"""Seed 003's download client. Repaired: the port is a number, and it receives until the server closes."""
import socket


def main():
    tcp_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    dest_ip = input("Please enter the server you want to link to ip: ")
    dest_port = int(input("Please enter the port you want to link to:"))
    tcp_socket.connect((dest_ip, dest_port))
    want_file = input("Please enter the file you want to download:")
    tcp_socket.send(want_file.encode("utf-8"))
    file_data = b""
    while 1:
        piece = tcp_socket.recv(65536)
        if not piece:
            break
        file_data += piece
    if file_data:
        with open("[Duplicate]" + want_file, "wb") as f:
            f.write(file_data)
    tcp_socket.close()


if __name__ == '__main__':
    main()
