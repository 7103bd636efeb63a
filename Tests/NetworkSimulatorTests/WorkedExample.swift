// SPDX-License-Identifier: Apache-2.0
//
// The code of Documentation/TestAProtocol.md: a test compares the two, and runs this.
import NetworkSimulator
import Reactor
import Sockets
import Testing

/// Keeps a sum: "add 5" is answered with what it is then.
func serveSum() async throws {
    try await withDatagramSocket(on: .public(99)) { socket in
        var sum = 0
        for try await question in socket {
            let words = String(decoding: question.bytes, as: UTF8.self).split(separator: " ")
            guard words.first == "add", let amount = words.dropFirst().first.flatMap({ Int($0) }) else { continue }
            sum += amount
            try await socket.reply("\(sum)", to: question)
        }
    }
}

/// Adds to the sum, and asks again where no answer comes.
func add(_ amount: Int) async throws -> Int? {
    try await withDatagramSocket(to: "server:99") { socket in
        while true {
            try await socket.send("add \(amount)")
            do {
                let answer = try await withDeadline(.seconds(1)) { try await socket.receive() }
                return Int(String(decoding: answer.bytes, as: UTF8.self))
            } catch let error as SocketError where error.reason == .timedOut {
                continue
            }
        }
    }
}

struct WrongSum: Error {
    let sum: Int?
}

/// Three times five, over a network that loses one packet in twenty.
func addThreeTimes(
    on network: SimulatedNetwork, server: @escaping @Sendable () async throws -> Void,
    add: @escaping @Sendable (Int) async throws -> Int?
) throws {
    network.link = Link(latency: .milliseconds(10), jitter: .milliseconds(5), loss: 0.05)
    try network.host("server", server)
    try network.client("client") {
        _ = try await add(5)
        _ = try await add(5)
        let sum = try await add(5)
        if sum != 15 { throw WrongSum(sum: sum) }
    }
    try network.run(for: .seconds(60))
}

/// Keeps a sum, and the answers that it gave: a question that comes again is answered, and not done again.
func serveSumOnce() async throws {
    try await withDatagramSocket(on: .public(99)) { socket in
        var sum = 0
        var answers: [Substring: Int] = [:]
        for try await question in socket {
            let words = String(decoding: question.bytes, as: UTF8.self).split(separator: " ")
            guard words.count == 3, words[0] == "add", let amount = Int(words[1]) else { continue }
            if answers[words[2]] == nil {
                sum += amount
                answers[words[2]] = sum
            }
            try await socket.reply("\(answers[words[2]] ?? sum)", to: question)
        }
    }
}

/// Adds to the sum, once: the question has a number of its own, and keeps it.
func addOnce(_ amount: Int) async throws -> Int? {
    try await withDatagramSocket(to: "server:99") { socket in
        var numbers = socket.loop.world.randomness
        let number = numbers.next()
        while true {
            try await socket.send("add \(amount) \(number)")
            do {
                let answer = try await withDeadline(.seconds(1)) { try await socket.receive() }
                return Int(String(decoding: answer.bytes, as: UTF8.self))
            } catch let error as SocketError where error.reason == .timedOut {
                continue
            }
        }
    }
}

/// A server that calls back a minute after it was asked to, and a client behind a NAT that forgets after half a minute.
func callBack(on network: SimulatedNetwork, client: @escaping @Sendable () async throws -> Void) throws {
    network.link.latency = .milliseconds(10)
    try network.host("server") {
        try await withDatagramSocket(on: .public(99)) { socket in
            for try await question in socket {
                try await socket.loop.sleep(for: .seconds(60))
                try await socket.reply("now", to: question)
            }
        }
    }
    var behavior = NATBehavior.portRestrictedCone
    behavior.mappingTimeout = .seconds(30)
    let home = try network.nat("home", behavior)
    try network.client("client", behind: home, client)
    try network.run(for: .seconds(300))
}

/// Asks to be called back, and waits; now and then it says that it is still there.
func waitForCall(remindingEvery pause: Duration) async throws {
    try await withDatagramSocket(to: "server:99") { socket in
        while true {
            try await socket.send("call me")
            do {
                _ = try await withDeadline(pause) { try await socket.receive() }
                return
            } catch let error as SocketError where error.reason == .timedOut {
                continue
            }
        }
    }
}
