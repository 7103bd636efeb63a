# SPDX-License-Identifier: Apache-2.0
"""Runs a program at a terminal of 40 columns: what comes on standard input is typed, what it shows is written to
standard output. At its end one line tells how it ended, and whether the terminal is what it was before."""
import fcntl, os, pty, select, struct, sys, termios

COLUMNS, ROWS = 40, 24


def main():
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    before = termios.tcgetattr(slave)
    child = os.fork()
    if child == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for number in range(3):
            os.dup2(slave, number)
        os.closerange(3, 100)
        os.execvp(sys.argv[1], sys.argv[1:])
    print(f"child {child}", file=sys.stderr, flush=True)
    sources = [0, master]
    ended = None
    while ended is None or select.select([master], [], [], 0)[0]:
        ready, _, _ = select.select(sources, [], [], 0.02)
        if 0 in ready:
            keys = os.read(0, 65536)
            if keys:
                os.write(master, keys)
            else:
                sources.remove(0)
        if master in ready:
            os.write(1, os.read(master, 65536))
        if ended is None:
            pid, status = os.waitpid(child, os.WNOHANG)
            ended = status if pid else None
    after = termios.tcgetattr(slave)
    print(f"\nended {os.waitstatus_to_exitcode(ended)}, terminal {'restored' if after == before else 'raw'}", flush=True)


main()
