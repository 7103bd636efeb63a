# SPDX-License-Identifier: Apache-2.0
#
# Twisted's side of telnet. Each line of the input is a stream in hexadecimal; the answer is what Twisted makes of it, a
# word each: "d" and data, "c" and a command, "s" and a subnegotiation, "+" and "-" and an option that is now on or off
# ("l" ours, "r" the peer's); then a tab and what it sends back.
import sys

from twisted.conch.telnet import Telnet


class Peer(Telnet):
    def __init__(self):
        super().__init__()
        self.words, self.sent = [], b""
        self.transport = self

    def write(self, data):
        self.sent += data

    def applicationDataReceived(self, data):
        if self.words and self.words[-1][0] == "d":
            self.words[-1] += data.hex()
        else:
            self.words.append("d" + data.hex())

    def unhandledCommand(self, command, argument):
        self.words.append("c" + command.hex())

    def unhandledSubnegotiation(self, command, data):
        self.words.append("s" + command.hex() + b"".join(data).hex())

    def enableRemote(self, option):
        if option == b"\x01":
            self.words.append("+r" + option.hex())
        return option == b"\x01"

    def enableLocal(self, option):
        if option == b"\x18":
            self.words.append("+l" + option.hex())
        return option == b"\x18"

    def disableRemote(self, option):
        self.words.append("-r" + option.hex())

    def disableLocal(self, option):
        self.words.append("-l" + option.hex())


for line in sys.stdin.read().split():
    peer = Peer()
    peer.dataReceived(bytes.fromhex(line))
    print(" ".join(peer.words) + "\t" + peer.sent.hex())
