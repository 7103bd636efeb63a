// SPDX-License-Identifier: Apache-2.0
//
// Facts:    O_NONBLOCK belongs to the open file, which a standard stream shares with the shell and its other programs.
// Decision: pipes and terminals are opened once more by way of /proc, so that the flag is ours alone; where that is
//           refused the descriptor is duplicated and never told.
public import Sockets

/// The process's standard streams on a loop.
///
/// ```swift
/// let terminal = try await StandardIO.open()
/// while let line = try await terminal.receive(upTo: 4096) { try await connection.send(line) }
/// ```
public enum StandardIO {
    /// Standard input to receive from, standard output to send to: whatever they are, a terminal, pipes, files.
    ///
    /// The streams themselves stay open when the connection closes. What the program prints by other means is not
    /// waited for: flush it first.
    ///
    /// - Parameter loop: the loop to be on; the task's own, else one of the process's.
    /// - Throws: as ``Connection/over(reading:writing:on:)``.
    public static func open(on loop: EventLoop? = nil) async throws(SocketError) -> Connection {
        try await Connection.over(
            reading: FileDescriptor(rawValue: 0), writing: FileDescriptor(rawValue: 1), on: loop)
    }

    /// Standard error, to send to.
    ///
    /// - Throws: as ``Connection/over(reading:writing:on:)``.
    public static func openError(on loop: EventLoop? = nil) async throws(SocketError) -> Connection {
        try await Connection.over(reading: nil, writing: FileDescriptor(rawValue: 2), on: loop)
    }
}

extension Connection {
    /// A connection over descriptors that are no stream socket: the ends of pipes, terminals, files. Python:
    /// `connect_read_pipe`, `connect_write_pipe`.
    ///
    /// The descriptors stay their owner's, and neither their flags nor those of the open files behind them are
    /// changed; the connection has its own for them. Ending the sending direction closes the connection's own: the
    /// reader of a pipe sees the end once the owner's is closed too.
    ///
    /// - Parameters:
    ///   - input: what to receive from; nil for a connection that only sends.
    ///   - output: what to send to; nil for a connection that only receives.
    ///   - loop: the loop to be on; the task's own, else one of the process's.
    /// - Throws: `.system` with `EBADF` for one that is not open, ``SocketError/isOutOfResources``, `.unsupported` in a
    ///   simulation.
    ///
    /// C: `open(2)` below `/proc/self/fd`, `fcntl(2)` with `F_DUPFD_CLOEXEC`.
    public static func over(
        reading input: FileDescriptor?, writing output: FileDescriptor?, on loop: EventLoop? = nil
    ) async throws(SocketError) -> Connection {
        let loop = try EventLoop.forCaller(loop, .adopt)
        return try await loop.run { () throws(SocketError) in
            guard loop.driver is ReadinessDriver else {
                throw SocketError(.adopt, .unsupported(.noFunction), subject: "a descriptor outside of the real world")
            }
            let numbers = [input, output].compactMap { $0.map { "\($0.rawValue)" } }.joined(separator: " and ")
            let name = "descriptor \(numbers)"
            do throws(Errno) {
                var (reading, writing): (DescriptorEnd?, DescriptorEnd?)
                if let input { reading = try DescriptorEnd(input, .readOnly) }
                if let output { writing = try DescriptorEnd(output, .writeOnly) }
                return Connection(DescriptorTransport(reading: reading, writing: writing, name: name, loop: loop))
            } catch {
                throw SocketError(.adopt, error: error, subject: name)
            }
        }
    }
}

extension DescriptorEnd {
    /// An end of our own for somebody else's descriptor.
    convenience init(_ descriptor: FileDescriptor, _ mode: FileDescriptor.AccessMode) throws(Errno) {
        let number = descriptor.rawValue
        switch try SystemCalls.status(of: number).kind {
        case .pipe, .characterDevice:
            if let own = try? SystemCalls.reopen(number, mode) {
                self.init(own, .nonblocking)
            } else {
                self.init(OwnedDescriptor(try SystemCalls.duplicate(number)), .shared)
            }
        case .regular, .blockDevice:
            self.init(OwnedDescriptor(try SystemCalls.duplicate(number)), .file)
        default:
            self.init(OwnedDescriptor(try SystemCalls.duplicate(number)), .shared)
        }
    }
}
