# SPDX-License-Identifier: Apache-2.0
#
# Reads a pcapng file from its specification (draft-ietf-opsawg-pcapng) and prints a line for each thing in it, with
# every checksum computed anew: "name ADDRESS NAME" and "TIME PROTOCOL SOURCE > DESTINATION FLAGS SEQ ACK PAYLOAD COMMENT".
# The one argument is the file in hexadecimal, or @ and its path.
import ipaddress
import struct
import sys


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def options(data):
    while data:
        code, length = struct.unpack("<HH", data[:4])
        if code == 0:
            return
        yield code, data[4 : 4 + length]
        data = data[4 + (length + 3) // 4 * 4 :]


def names(data):
    while True:
        kind, length = struct.unpack("<HH", data[:4])
        if kind == 0:
            return
        record = data[4 : 4 + length]
        size = {1: 4, 2: 16}[kind]
        for name in record[size:].rstrip(b"\0").split(b"\0"):
            print("name", ipaddress.ip_address(record[:size]), name.decode())
        data = data[4 + (length + 3) // 4 * 4 :]


def packet(data):
    if data[0] >> 4 == 4:
        length = (data[0] & 15) * 4
        assert checksum(data[:length]) == 0, "IPv4 checksum"
        assert struct.unpack(">H", data[2:4])[0] == len(data), "IPv4 length"
        protocol, source, target = data[9], data[12:16], data[16:20]
    else:
        length = 40
        assert struct.unpack(">H", data[4:6])[0] == len(data) - 40, "IPv6 length"
        protocol, source, target = data[6], data[8:24], data[24:40]
    body = data[length:]
    pseudo = source + target + struct.pack(">IHBB", len(body), 0, 0, protocol)
    assert checksum(pseudo + body) == 0, "transport checksum"
    near, far = struct.unpack(">HH", body[:4])
    ends = f"{ipaddress.ip_address(source)} {near} > {ipaddress.ip_address(target)} {far}"
    if protocol == 17:
        assert struct.unpack(">H", body[4:6])[0] == len(body), "UDP length"
        return f"udp {ends} - 0 0 {body[8:].hex() or '-'}"
    assert protocol == 6
    seq, ack, offset, flags = struct.unpack(">IIBB", body[4:14])
    letters = "".join(letter for bit, letter in enumerate("FSRPA") if flags & 1 << bit)
    return f"tcp {ends} {letters} {seq} {ack} {body[(offset >> 4) * 4:].hex() or '-'}"


def blocks(data):
    while data:
        kind, length = struct.unpack("<II", data[:8])
        assert length % 4 == 0 and struct.unpack("<I", data[length - 4 : length])[0] == length, "block length"
        yield kind, data[8 : length - 4]
        data = data[length:]


interface = None
given = sys.argv[1]
for kind, body in blocks(open(given[1:], "rb").read() if given[0] == "@" else bytes.fromhex(given)):
    if kind == 0x0A0D0D0A:
        assert struct.unpack("<IHH", body[:8]) == (0x1A2B3C4D, 1, 0)
        for code, text in options(body[16:]):
            print("section", code, text.decode())
    elif kind == 1:
        link_type = struct.unpack("<H", body[:2])[0]
        assert link_type == 101, "raw IP"
        assert dict(options(body[8:]))[9] == b"\x09", "nanoseconds"
    elif kind == 4:
        names(body)
    elif kind == 6:
        number, high, low, captured, original = struct.unpack("<IIIII", body[:20])
        assert number == 0
        found = dict(options(body[20 + (captured + 3) // 4 * 4 :]))
        comment = found.get(1, b"-").decode()
        assert captured <= original
        print(high << 32 | low, packet(body[20 : 20 + captured]), comment)
    else:
        sys.exit(f"an unknown block: {kind}")
