// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import SystemPackage
import Wire

extension ToolFailure {
    /// What a socket's error means for the process: one line, and one of the statuses that every verb shares.
    init(_ error: SocketError) { self.init(ExitStatus(error), "\(error)") }

    /// What a word of a command line is, that should be an address.
    init(_ error: AddressError, reading word: String) {
        let isPort = UInt16(word).map { "\($0)" } == word
        self.init(.usage, isPort ? "\(error): write :\(word) for a port of this machine" : "\(error)")
    }

    /// The same for whatever a handler of a connection throws.
    init(_ error: any Error) {
        switch error {
        case let failure as ToolFailure: self = failure
        case let error as SocketError: self.init(error)
        case let error as FrameError:
            self.init(error.connectionError.map { ExitStatus($0) } ?? .protocolError, "\(error)")
        default: self.init(.failure, "\(error)")
        }
    }

    /// A program that the system does not start.
    init(_ error: Errno, running program: String) {
        self.init(
            error == .noSuchFileOrDirectory ? .commandNotFound : .notExecutable,
            "\(program.quoted) can't be run: \(error.words)")
    }

    /// Refuses a program that could be started for no client.
    static func check(program: String) throws(ToolFailure) {
        do throws(Errno) { try SystemCalls.checkProgram(program) } catch { throw ToolFailure(error, running: program) }
    }
}

extension ExitStatus {
    init(_ error: SocketError) {
        switch error.reason {
        case _ where error.isPermissionDenied: self = .notPermitted
        case _ where error.isOutOfResources: self = .timedOut
        // Over UDP it comes with the next call, whichever that is.
        case _ where error.isConnectionRefused: self = .unavailable
        case .timedOut, .busy, .wouldBlock: self = .timedOut
        case .unresolved(let failure):
            self = failure.reason == .nameNotFound || failure.reason == .noData ? .unknownHost : .timedOut
        case .address, .invalid, .unsupported: self = .usage
        case .system where error.operation == .connect || error.operation == .listen || error.operation == .bind:
            self = .unavailable
        case .cancelled: self = .interrupted
        default: self = .inputOutput
        }
    }
}
