// SPDX-License-Identifier: Apache-2.0
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Sockets

struct ErrnoNameTests {
    @Test func `every number has the name that Python's errno module has for it`() throws {
        let program = try ForeignProgram(
            "python3", ["-c", "import errno\nfor n in sorted(errno.errorcode): print(n, errno.errorcode[n])"])
        #expect(try program.exit() == .status(0))
        let rows = program.output.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(rows.count > 120)
        for row in rows {
            let error = Errno(rawValue: try #require(CInt(row[0])))
            let name = try #require(error.name)
            // Of two names for one number Python lists the other one for some.
            #expect(name == row[1] || Errno(name: row[1]) == error)
            #expect(Errno(name: name) == error)
        }
    }

    @Test func `names are read in either case, second names too, and nothing else`() {
        #expect(Errno(name: "econnrefused") == .connectionRefused)
        #expect(Errno(name: "EWOULDBLOCK") == .wouldBlock && Errno(name: "ENOTSUP") == .notSupportedOnSocket)
        #expect(Errno(name: "EDEADLOCK") == .deadlock)
        for text in ["", "E", "CONNREFUSED", "EXYZ", "111"] { #expect(Errno(name: text) == nil) }
        #expect(Errno(rawValue: 0).name == nil && Errno(rawValue: 9999).name == nil)
    }
}
