# SPDX-License-Identifier: Apache-2.0
#
# Each line of the input is a text; the answer is the address that it is, all groups written, or "-".
import ipaddress
import sys

for line in sys.stdin.read().split("\n"):
    try:
        address = ipaddress.ip_address(line)
        if address.version == 4:
            print(address)
        else:
            print(":".join("%x" % int(group, 16) for group in address.exploded.split(":")))
    except ValueError:
        print("-")
