// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Wire

/// A client's connection to its relay: commands out, notices in. Touched on its loop alone.
final class RelayLink: @unchecked Sendable {
    private let person: Recipient
    private let lines: ConnectionLines
    private let mail: Deliveries<Recipient>

    init(_ connection: Connection) {
        person = Recipient(connection)
        lines = connection.lines(maximumLength: RelayNotice.maximumLength)
        mail = Deliveries(on: connection.loop, limit: 1 << 20)
    }

    /// Sends what did not fit at once, until it is cancelled.
    nonisolated(nonsending) func work() async { await mail.work() }

    func say(_ command: RelayCommand) {
        mail.deliver(Array("\(command.line)\r\n".utf8), to: person)
        _ = mail.takeOverdue()
    }

    /// The next notice; nil when there is none any more.
    nonisolated(nonsending) func next() async -> RelayNotice? {
        while let line = try? await lines.next() {
            // Of a newer relay there may be some that we don't know.
            if let notice = RelayNotice(line) { return notice }
        }
        return nil
    }

    nonisolated(nonsending) func logIn(
        _ name: ChatName, _ port: Port
    ) async throws(RelayError) -> (session: UInt64, token: String) {
        say(.login(name, port))
        switch await next() {
        case .welcome(let session, let token): return (session, token)
        case .refused(let reason): throw .refused(reason)
        default: throw .gone
        }
    }
}
