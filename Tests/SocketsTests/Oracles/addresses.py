# SPDX-License-Identifier: Apache-2.0
"""Answers questions about addresses and networks, one a line, with Python's own ipaddress and inet_aton.

A question is a verb and its arguments with tabs between them; "-" is the answer to what is refused.
"""
import ipaddress
import re
import socket
import sys
from ipaddress import ip_address, ip_network

PRIVATE = [ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
LARGEST_LISTING = 64
MAPPED = re.compile("(?<![0-9a-f:])::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})(?![0-9a-f:.])")


def with_dots(text):
    """IPv4-mapped addresses as RFC 5952 section 5 has them, and Python since 3.13."""
    return MAPPED.sub(lambda groups: "::ffff:%d.%d.%d.%d" % tuple(
        bytes.fromhex(groups[1].zfill(4) + groups[2].zfill(4))), text)


def bits(*flags):
    return "".join("1" if flag else "0" for flag in flags)


def address(text):
    value = ip_address(text)
    mapped = teredo = six = None
    if value.version == 6:
        mapped, teredo, six = value.ipv4_mapped, value.teredo, value.sixtofour
    # Newer Pythons ask the mapped address by themselves.
    asked = mapped or value
    return " ".join([
        str(value.version), value.packed.hex(),
        str(value), value.exploded, value.reverse_pointer,
        bits(asked.is_unspecified, asked.is_loopback, asked.is_multicast, asked.is_link_local,
             getattr(asked, "is_site_local", False), asked.is_reserved,
             any(asked in network for network in PRIVATE if network.version == asked.version)),
        str(mapped or "-"), "%s,%s" % teredo if teredo else "-", str(six or "-"), bits(asked.is_global)])


def network(text):
    value = ip_network(text, strict=False)
    try:
        strict = str(ip_network(text))
    except ValueError:
        strict = "-"
    size, last = value.num_addresses, value.broadcast_address
    hosts = ",".join(map(str, value.hosts())) if size <= LARGEST_LISTING else "-"
    longer = min(value.prefixlen + 3, value.max_prefixlen)
    return " ".join([
        strict, str(value), value.with_netmask, value.with_hostmask, str(last), str(size), hosts,
        ",".join(map(str, value.subnets(new_prefix=longer))),
        str(value.supernet()) if value.prefixlen else "-"])


def pair(left, right):
    left, right = ip_network(left, strict=False), ip_network(right, strict=False)
    answer = [bits(left.overlaps(right))]
    if left.version == right.version:
        answer.append(bits(left.subnet_of(right), left.supernet_of(right), right.network_address in left))
        if right.subnet_of(left):
            answer.append(",".join(map(str, sorted(left.address_exclude(right)))))
    return " ".join(answer)


def summarize(first, last):
    return ",".join(map(str, ipaddress.summarize_address_range(ip_address(first), ip_address(last))))


def collapse(*texts):
    networks = [ip_network(text, strict=False) for text in texts]
    return ",".join(str(one) for version in (4, 6) for one in
                    ipaddress.collapse_addresses([one for one in networks if one.version == version]))


def legacy(text):
    return socket.inet_aton(text).hex()


ANSWERS = {f.__name__: f for f in (address, network, pair, summarize, collapse, legacy)}

answers = []
for line in sys.stdin.buffer.read().decode().split("\n"):
    verb, *arguments = line.split("\t")
    try:
        answers.append(with_dots(ANSWERS[verb](*arguments)))
    except (ValueError, TypeError, OSError):
        answers.append("-")
sys.stdout.write("\n".join(answers))
