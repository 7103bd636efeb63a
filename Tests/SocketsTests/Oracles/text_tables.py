# SPDX-License-Identifier: Apache-2.0
"""Python's codecs as tables.

Each line of standard input names a direction and a codec. `decode gbk` answers 256 lines, one for each first byte: what
the byte alone is, then what it is before each of the 256 second bytes. `encode gbk` answers 256 lines, one for each 256
scalars of the basic plane. An entry is hexadecimal, or `-` where there is none.
"""
import sys


def decoded(data, codec):
    try:
        return "+".join(f"{ord(c):X}" for c in data.decode(codec))
    except UnicodeDecodeError:
        return "-"


def encoded(scalar, codec):
    try:
        return chr(scalar).encode(codec).hex().upper()
    except UnicodeEncodeError:
        return "-"


for line in sys.stdin:
    direction, codec = line.split()
    for high in range(256):
        if direction == "decode":
            sequences = [bytes([high])] + [bytes([high, low]) for low in range(256)]
            print(*(decoded(data, codec) for data in sequences))
        else:
            print(*(encoded(high << 8 | low, codec) for low in range(256)))
