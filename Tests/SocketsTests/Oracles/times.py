# SPDX-License-Identifier: Apache-2.0
"""Prints the seconds on standard input as Python's ctime has them: local time, then UTC."""
import sys
import time

for line in sys.stdin:
    seconds = int(line)
    print(time.ctime(seconds), time.asctime(time.gmtime(seconds)), sep="|")
