// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing

@Suite struct ClientProtocolTests {
    // B-TW-04, B-TW-10
    @Test(arguments: Ground.loops)
    func `a client's factory hears of its connection and of its end`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(Factory(EchoProtocol.init), on: loop)
            let factory = ClientFactory {
                RecordingProtocol(
                    recorder, made: { $0.write("hi") }, received: { _, transport in transport.loseConnection() })
            }.whenLost { connector, reason in recorder.note("\(connector.state) \(reason)") }
            let connector = try await loop.run { () throws(SocketError) in
                try loop.connect(to: address, factory)
            }
            try await until(on: loop) { recorder.notes.count == 4 }
            #expect(
                recorder.notes == [
                    "made", "received so far hi", "lost: closed cleanly", "disconnected closed cleanly",
                ])
            connector.connect()
            try await until(on: loop) { recorder.notes.count == 8 }
            port.stopListening()
        }
    }

    // B-TW-28
    @Test(arguments: Ground.loops)
    func `a client's factory hears why there is no connection`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = ClientFactory { RecordingProtocol(recorder) }.whenFailed { connector, error in
                recorder.note("\(connector.state): \(error.isConnectionRefused) \(error.isNameNotFound)")
            }
            try await loop.run { () throws(SocketError) in
                // Where nobody ever listens.
                _ = try loop.connectTCP("127.0.0.2", 1, factory)
                _ = try loop.connectTCP("nobody.invalid", 80, factory)
            }
            try await until(on: loop) { recorder.notes.count == 2 }
            #expect(recorder.notes.sorted() == ["disconnected: false true", "disconnected: true false"])
        }
    }

    // B-TW-04
    @Test(arguments: Ground.loops)
    func `an attempt can be given up`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = ClientFactory { RecordingProtocol(recorder) }.whenFailed { _, error in
                recorder.note("\(error.reason)")
            }
            let (port, address) = try await listen(Factory(EchoProtocol.init), on: loop)
            try await loop.run { () throws(SocketError) in
                try loop.connect(to: address, factory).stopConnecting()
            }
            try await until(on: loop) { recorder.notes.count == 1 }
            #expect(recorder.notes == ["cancelled"])
            port.stopListening()
        }
    }
}
