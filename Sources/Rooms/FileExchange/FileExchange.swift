// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// Serves the files of one directory to whoever names them: a name in, the file's bytes out.
///
/// ```swift
/// let files = FileExchange(of: try await loop.world.files.openDirectory(at: "/srv/share"))
/// try await serve(on: ":8080") { connection in try await files.serve(connection) }
/// ```
/// What a client may say is in ``FileRequest``: the name alone, as in the tutorial that this comes from, or a line by
/// which it learns size and version first and can go on where it was interrupted. A file of any size goes inside the
/// kernel. No name, link or race leads out of the directory.
public struct FileExchange: Sendable {
    /// The bounds of an exchange.
    public struct Limits: Sendable {
        /// How long a request may take to come, from its first byte or the connection's beginning.
        public var request = Duration.seconds(10)
        /// How long a client may take nothing of what is sent.
        public var idle = Duration.seconds(60)
        /// How many requests one connection may make.
        public var requests = 1000

        /// The defaults.
        public init() {}
    }

    /// What an exchange tells of itself. Names are a stranger's: print their descriptions, which are escaped.
    public enum Event: Sendable {
        /// Somebody asks for a file. Python: `Client … The files to be received are: …`.
        case wanted(RelativePath, by: SocketAddress?)
        /// It is not there, or not for them.
        case refused(RelativePath, by: SocketAddress?, because: FileError.Reason)
        /// So many bytes of it went, all that were asked for.
        case sent(RelativePath, Int64, to: SocketAddress?)
    }

    private let directory: any Directory
    private let limits: Limits
    private let report: (@Sendable (Event) -> Void)?

    /// An exchange of a directory's files.
    ///
    /// - Parameter report: called on the connection's loop.
    public init(
        of directory: any Directory, limits: Limits = Limits(), report: (@Sendable (Event) -> Void)? = nil
    ) {
        self.directory = directory
        self.limits = limits
        self.report = report
    }

    /// Serves a client until it ends, or has got what it named.
    ///
    /// - Throws: as ``Connection/receive()`` and ``Connection/sendFile(_:from:count:)``; `.ended` for a file that has
    ///   become shorter meanwhile, and the connection is thrown away then, so that nobody takes it for whole.
    public nonisolated(nonsending) func serve(_ connection: Connection) async throws {
        connection.idleLimit = limits.idle
        connection.endsWhenDrained = true
        var unread: [UInt8] = []
        for _ in 0..<limits.requests {
            let request: FileRequest?
            do throws(FileRequest.Malformed) { request = try await next(on: connection, &unread) } catch {
                let isBare = unread.first != UInt8(ascii: "/")
                if !isBare { try await connection.send(FileAnswer.refused(.malformed).bytes) }
                return try await end(connection)
            }
            guard let request else { return }
            try await answer(request, on: connection)
            if case .bare = request { return try await end(connection) }
        }
        try await connection.send(FileAnswer.refused(.busy).bytes)
        try await end(connection)
    }

    /// How long a client may take to end once it has got everything.
    private static let linger = Duration.seconds(5)

    /// Ends in agreement: what the client still sends must not become a reset that overtakes the last bytes.
    private nonisolated(nonsending) func end(_ connection: Connection) async throws {
        // One that stays has what it wanted all the same.
        do throws(SocketError) { try await connection.close(within: Self.linger) } catch {
            if error.reason == .cancelled { throw error }
        }
    }

    /// The next request; nil when there is none any more.
    private nonisolated(nonsending) func next(
        on connection: Connection, _ unread: inout [UInt8]
    ) async throws(FileRequest.Malformed) -> FileRequest? {
        var isWaitingForRest = !unread.isEmpty
        connection.readDeadline = connection.loop.timeNow.advanced(by: limits.request)
        defer { connection.readDeadline = .never }
        while true {
            if let (request, length) = try FileRequest.read(unread, atEnd: false) {
                unread.removeFirst(length)
                return request
            }
            // A request that has begun is waited for, drain or not.
            if isWaitingForRest { connection.endsWhenDrained = false }
            defer { connection.endsWhenDrained = true }
            guard let piece = try? await connection.receive(upTo: FileRequest.maximumLength) else {
                if unread.isEmpty { return nil }
                guard let (request, length) = try FileRequest.read(unread, atEnd: true) else { return nil }
                unread.removeFirst(length)
                return request
            }
            unread += piece
            isWaitingForRest = true
        }
    }

    private nonisolated(nonsending) func answer(_ request: FileRequest, on connection: Connection) async throws {
        report?(.wanted(request.name, by: connection.peer))
        let file: any ReadableFile
        do throws(FileError) { file = try await directory.open(request.name) } catch {
            report?(.refused(request.name, by: connection.peer, because: error.reason))
            if case .bare = request { return }
            return try await connection.send(FileAnswer.refused(.init(error.reason)).bytes)
        }
        let version = FileVersion(file.status)
        var offset: Int64 = 0
        switch request {
        case .bare: break
        case .status:
            return try await connection.send(
                FileAnswer.found(size: file.status.size, offset: 0, version: version).bytes)
        case .get(_, let wanted, let known):
            // Of another version, or from beyond the end, nothing fits to what the client has.
            if known == version, wanted <= file.status.size { offset = wanted }
            try await connection.send(
                FileAnswer.found(size: file.status.size, offset: offset, version: version).bytes)
        }
        try await send(file, from: offset, on: connection)
        report?(.sent(request.name, file.status.size - offset, to: connection.peer))
    }

    private nonisolated(nonsending) func send(
        _ file: any ReadableFile, from offset: Int64, on connection: Connection
    ) async throws {
        let end = file.status.size
        var position = offset
        if let descriptor = file.descriptor {
            position += try await connection.sendFile(descriptor, from: offset, count: end - offset)
        } else {
            while position < end {
                let room = Int(min(end - position, 65_536))
                guard let piece = try await file.read(upTo: room, at: position) else { break }
                try await connection.send(piece)
                position += Int64(piece.count)
            }
        }
        if position < end {
            connection.abort()
            let reason = SocketError.Reason.ended(after: Int(position), of: Int(end))
            throw SocketError(.sendFile, reason, subject: "\(file.path)")
        }
    }
}

extension FileAnswer.Refusal {
    /// What a client is told: of what is not below the directory no more than that.
    fileprivate init(_ reason: FileError.Reason) {
        self =
            switch reason {
            case .notFound, .notDirectory: .missing
            case .limitReached, .timedOut, .cancelled: .busy
            default: .refused
            }
    }
}
