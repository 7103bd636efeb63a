// SPDX-License-Identifier: Apache-2.0
@testable import Sockets
import SystemPackage
import TestSupport
import Testing

/// B-TW-08: sockets that a process is started with.
@Suite(.blocking) struct InheritedSocketTests {
    private func numbers(
        _ name: String, _ variables: [String: String], process: CInt = 7
    ) -> PassedDescriptors.Answer {
        PassedDescriptors({ variables[$0] }, process: process).numbers(named: name)
    }

    @Test(
        arguments: [
            ("web", "web", 1, [3]), ("web", "admin:web", 2, [4]), ("web", "web:admin:web", 3, [3, 5]),
            ("unknown", "", 2, [3, 4]), ("unknown", "web::x", 3, [4]), ("web", "web", 3, [3]), ("x", "web:x:y", 2, [4]),
        ] as [(String, String, Int, [CInt])])
    func `systemd's descriptors are known by their names`(name: String, names: String, count: Int, wanted: [CInt]) {
        let variables = ["LISTEN_PID": "7", "LISTEN_FDS": "\(count)", "LISTEN_FDNAMES": names]
        #expect(numbers(name, variables) == .found(wanted))
    }

    @Test(arguments: ["", "0", "-1", "x", "1e9", "99999999999999999999", "2049", " 1"])
    func `a number of descriptors that is none passes none`(count: String) {
        #expect(
            numbers("web", ["LISTEN_PID": "7", "LISTEN_FDS": count, "LISTEN_FDNAMES": "web"])
                == .missing("systemd passes no descriptors: LISTEN_FDS says so"))
    }

    @Test func `what was meant for another process, or has another name, is told`() {
        let variables = ["LISTEN_PID": "8", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"]
        #expect(
            numbers("web", variables)
                == .missing("systemd passes its descriptors to another process: LISTEN_PID says so"))
        #expect(
            numbers("web", ["LISTEN_FDS": "1"])
                == .missing("systemd passes its descriptors to another process: LISTEN_PID says so"))
        #expect(
            numbers("app", variables, process: 8)
                == .missing("systemd passes no descriptor of this name, but web"))
        let error = #expect(throws: SocketError.self) { _ = try Socket.listening(on: "systemd:web") }
        #expect(error?.description.hasPrefix("listen systemd:web: systemd passes no descriptors") == true)
    }

    @Test func `an inherited listener is taken over once, and not given to programs`() throws {
        let made = try Socket.listening(on: "127.0.0.2:0")
        try made.setInheritable(true)
        let address = try made.localAddress
        let number = made.detach().rawValue
        let listener = try Socket.listening(on: "fd:\(number)")
        let error = #expect(throws: SocketError.self) { _ = try Socket.listening(on: "fd:\(number)") }
        #expect(error?.reason == .busy)
        #expect(try listener.localAddress == address)
        #expect(try !listener.isInheritable)
        _ = try Socket.connecting(to: address)
        #expect(try listener.accept().peer != nil)
    }

    @Test func `what does not listen for streams is refused, and is not closed`() throws {
        let socket = try Socket.bound(to: "udp://127.0.0.2:0")
        for _ in 0..<2 {
            let error = #expect(throws: SocketError.self) {
                _ = try Socket.listening(on: "fd:\(socket.descriptor.rawValue)")
            }
            #expect(error?.reason == .invalid("it does not listen for streams"))
        }
        #expect(try socket.localAddress.port != nil)
        let pipe = try FileDescriptor.pipe()
        let error = #expect(throws: SocketError.self) { _ = try Socket.listening(on: "fd:\(pipe.readEnd.rawValue)") }
        #expect(error?.reason == .system(Errno(rawValue: 88)))
        try pipe.readEnd.close()
        try pipe.writeEnd.close()
    }
}
