// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// Gets files from a ``FileExchange``.
///
/// ```swift
/// let downloader = FileDownloader(into: try await loop.world.files.openDirectory(at: "."))
/// let saved = try await downloader.download("big.iso", from: "files.example:8080")
/// print("saved \(saved.size) bytes as \(saved.path), \(saved.resumedAt) of them from before")
/// ```
/// A file is saved as `[Duplicate]` and its name, and only once all of it has come. Until then its bytes stand in a
/// file of their own, `[Duplicate]NAME.VERSION.part`: it stays when something goes wrong, whatever that is, and the
/// next call goes on behind it, if the server's file is still the same.
public struct FileDownloader: Sendable {
    private let directory: any Directory
    private let connector: Connector
    /// How long the server may be silent.
    private let idle: Duration

    /// What has been saved.
    public struct Saved: Hashable, Sendable {
        /// Where.
        public let path: RelativePath
        /// In bytes.
        public let size: Int64
        /// How many bytes of it were there from an earlier call.
        public let resumedAt: Int64
    }

    /// A downloader that saves into a directory.
    ///
    /// - Parameter idle: how long the server may be silent.
    public init(into directory: any Directory, connector: Connector = Connector(), idle: Duration = .seconds(60)) {
        self.directory = directory
        self.connector = connector
        self.idle = idle
    }

    /// Gets a file. One that was saved under the name before is replaced.
    ///
    /// - Parameter progress: told how many bytes there are, of how many, after each piece.
    /// - Throws: ``FileExchangeError``; what had come by then is kept. Nothing is left behind when nothing came.
    public nonisolated(nonsending) func download(
        _ name: RelativePath, from server: some EndpointConvertible, on loop: EventLoop? = nil,
        progress: (@Sendable (_ have: Int64, _ all: Int64) -> Void)? = nil
    ) async throws(FileExchangeError) -> Saved {
        let connection: Connection
        do throws(SocketError) { connection = try await connector.connect(to: server, on: loop) } catch {
            throw FileExchangeError(name, .connection(error))
        }
        defer { connection.close() }
        connection.idleLimit = idle
        let (size, _, version) = try await ask(.status(name), on: connection)
        let saved = RelativePath(bytes: Self.mark + name.lastName)
        let part = RelativePath(bytes: saved.bytes + Array(".\(version).part".utf8))
        let have = min(await self.size(of: part), size)
        if have < size || size == 0 {
            let answer = try await ask(.get(name, from: have, of: version), on: connection)
            guard answer.version == version, answer.size == size, answer.offset == have else {
                throw FileExchangeError(name, .changed)
            }
        }
        let piece = Piece(name: name, part: part, have: have, size: size)
        try await receive(piece, on: connection, progress)
        do throws(FileError) { try await directory.rename(part, to: saved, replacing: true) } catch {
            throw FileExchangeError(name, .file(error))
        }
        return Saved(path: saved, size: size, resumedAt: have)
    }

    private static let mark = Array("[Duplicate]".utf8)

    /// What is missing of a file.
    private struct Piece {
        let name: RelativePath
        let part: RelativePath
        let have: Int64
        let size: Int64
    }

    private nonisolated(nonsending) func receive(
        _ piece: Piece, on connection: Connection, _ progress: (@Sendable (_ have: Int64, _ all: Int64) -> Void)?
    ) async throws(FileExchangeError) {
        var have = piece.have
        var file: (any GrowingFile)?
        repeat {
            let bytes = have < piece.size ? try await next(piece, have, on: connection) : []
            do throws(FileError) {
                // Not before something has come: a file of no bytes is one that was asked for and is empty.
                let open = if let file { file } else { try await directory.grow(piece.part) }
                guard file != nil || open.initialSize == have else { throw FileError(.write, piece.part, .exists) }
                file = open
                if !bytes.isEmpty { try await open.append(bytes) }
            } catch {
                throw FileExchangeError(piece.name, .file(error))
            }
            have += Int64(bytes.count)
            progress?(have, piece.size)
        } while have < piece.size
    }

    private nonisolated(nonsending) func next(
        _ piece: Piece, _ have: Int64, on connection: Connection
    ) async throws(FileExchangeError) -> [UInt8] {
        let room = Int(min(piece.size - have, 65_536))
        let bytes: [UInt8]?
        do throws(SocketError) { bytes = try await connection.receive(upTo: room) } catch {
            throw FileExchangeError(piece.name, .connection(error))
        }
        guard let bytes else { throw FileExchangeError(piece.name, .truncated(after: have, of: piece.size)) }
        return bytes
    }

    private nonisolated(nonsending) func size(of part: RelativePath) async -> Int64 {
        (try? await directory.status(of: part))?.size ?? 0
    }

    private nonisolated(nonsending) func ask(
        _ request: FileRequest, on connection: Connection
    ) async throws(FileExchangeError) -> (size: Int64, offset: Int64, version: FileVersion) {
        guard let bytes = request.bytes, !request.name.bytes.isEmpty, !request.name.bytes.contains(0) else {
            throw FileExchangeError(request.name, .name)
        }
        var line: [UInt8]?
        do throws(SocketError) {
            try await connection.send(bytes)
            line = try await connection.read(
                until: [UInt8(ascii: "\n")], maximumLength: FileAnswer.maximumLength)
        } catch {
            if case .tooLong = error.reason { throw FileExchangeError(request.name, .malformed) }
            throw FileExchangeError(request.name, .connection(error))
        }
        guard let line, line.last == UInt8(ascii: "\n"), let answer = FileAnswer(Array(line.dropLast())) else {
            throw FileExchangeError(request.name, .malformed)
        }
        switch answer {
        case .refused(let refusal): throw FileExchangeError(request.name, .init(refusal))
        case .found(let size, let offset, let version): return (size, offset, version)
        }
    }
}

extension RelativePath {
    /// The bytes behind the last slash that has something behind it.
    fileprivate var lastName: [UInt8] {
        bytes.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
    }
}
