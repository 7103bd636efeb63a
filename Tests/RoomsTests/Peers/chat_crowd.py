# SPDX-License-Identifier: Apache-2.0
"""So many members of a chat in one process: they come, and one says each line of standard input to the others."""
import selectors
import socket
import sys


def drain(selector, wanted, patience, heard):
    """Reads what comes until so many members have read the wanted bytes, or nothing more comes."""
    missing = len(heard)
    while missing:
        ready = selector.select(patience)
        if not ready:
            return missing
        for key, _ in ready:
            piece = key.fileobj.recv(65536)
            if not piece:
                raise SystemExit("a member was dropped")
            if wanted and wanted in piece and key.fileobj in heard:
                heard.discard(key.fileobj)
                missing -= 1
    return missing


def main():
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    selector = selectors.EpollSelector()
    members = []
    for number in range(count):
        member = socket.create_connection((host, port))
        selector.register(member, selectors.EVENT_READ)
        members.append(member)
        # Who comes early is told of those who come later, in a small room.
        if number % 50 == 0:
            drain(selector, b"", 0, set(members))
    drain(selector, b"", 0.5, set(members))
    print("here %d" % count, flush=True)
    for line in sys.stdin:
        members[0].sendall(line.encode())
        missing = drain(selector, line.strip().encode(), 20, set(members[1:]))
        print("heard by %d" % (count - 1 - missing), flush=True)


main()
