# SPDX-License-Identifier: Apache-2.0
#
# Frames by the rules of others. Each line of the input is a rule and payloads in hexadecimal, separated by tabs ("-" is
# the empty one); the answer is the stream. With "read" before the rule the one argument is a stream, and the answer is
# its payloads.
import io
import struct
import sys


def read_length(form, stream, own=0):
    size = struct.calcsize(form)
    while head := stream.read(size):
        yield stream.read(struct.unpack(form, head)[0] - own)


def read_netstrings(stream):
    while byte := stream.read(1):
        digits = b""
        while byte != b":":
            digits += byte
            byte = stream.read(1)
        yield stream.read(int(digits))
        assert stream.read(1) == b","


def write(rule, payload):
    if rule == "netstring":
        return b"%d:%s," % (len(payload), payload)
    if rule == "line":
        return payload + b"\r\n"
    own = struct.calcsize(rule[1:]) if rule[0] == "+" else 0
    form = rule.removeprefix("+")
    return struct.pack(form, len(payload) + own) + payload


def read(rule, stream):
    if rule == "netstring":
        return list(read_netstrings(stream))
    if rule == "line":
        return [line.removesuffix(b"\n").removesuffix(b"\r") for line in stream]
    own = struct.calcsize(rule[1:]) if rule[0] == "+" else 0
    return list(read_length(rule.removeprefix("+"), stream, own))


for line in sys.stdin.read().splitlines():
    words = line.split("\t")
    if words[0] == "read":
        found = read(words[1], io.BytesIO(bytes.fromhex(words[2])))
        print("\t".join(payload.hex() or "-" for payload in found))
    else:
        payloads = [b"" if word == "-" else bytes.fromhex(word) for word in words[1:]]
        print(b"".join(write(words[0], payload) for payload in payloads).hex())
