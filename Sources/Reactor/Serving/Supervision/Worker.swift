// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// What a process knows of itself that a ``WorkerPool`` has started.
public struct Worker: Hashable, Sendable {
    /// Which of the workers it is, from 1 on; one that is started anew has the number of the one that died.
    public let number: Int
    /// How many listeners it was handed.
    public let listenerCount: Int

    /// This process, if it is a worker. Found out at the first question, which a program asks before anything else, and
    /// true from then on: a worker whose pool has died is still one.
    public static let current = Worker(Environment.value, parent: SystemCalls.parentIdentifier)

    /// The listeners that it was handed, in their order: `fd:3` and so on, each to be taken once.
    public var endpoints: [Endpoint] {
        (0..<listenerCount).map { Endpoint(.descriptor, .descriptor(Int32(3 + $0))) }
    }

    static let variable = "NETWRIGHT_WORKER"

    /// What the variable says: the number, how many listeners, and the pool's process, because children of the worker
    /// inherit the variable and are none.
    var value: String { "\(number):\(listenerCount):\(SystemCalls.processIdentifier)" }

    init(number: Int, listenerCount: Int) {
        self.number = number
        self.listenerCount = listenerCount
    }

    init?(_ variable: (String) -> String?, parent: Int32) {
        let parts = (variable(Self.variable) ?? "").split(separator: ":").compactMap { Int($0) }
        guard parts.count == 3, parts[2] == Int(parent), parts[0] > 0, (0...1024).contains(parts[1]) else { return nil }
        self.init(number: parts[0], listenerCount: parts[1])
    }
}
