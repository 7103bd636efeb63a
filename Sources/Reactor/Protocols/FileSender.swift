// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Sends a file of the loop's world piece by piece, as fast as the peer takes it: Twisted's `FileSender`.
///
/// ```swift
/// FileSender(file).beginFileTransfer(transport) { _ in transport.loseConnection() }
/// ```
/// What the system has in memory is read on the loop; the rest by a thread that may wait for a disk. All of it is
/// called on the loop.
public final class FileSender: PullProducer, @unchecked Sendable {
    /// How many bytes are read at a time.
    public static let pieceSize = 65_536

    private let file: any ReadableFile
    private var offset: Int64
    private var consumer: StreamTransport?
    private var reading: LoopTask?
    private var done: (@Sendable (Result<Int64, any Error>) -> Void)?

    /// A sender of a file from an offset on.
    ///
    /// - Precondition: the offset is not negative.
    public init(_ file: any ReadableFile, from offset: Int64 = 0) {
        precondition(offset >= 0, "a file has no offset of \(offset)")
        self.file = file
        self.offset = offset
    }

    /// Begins to send.
    ///
    /// - Parameter done: called when the last byte has been written, with the offset behind it; or with the
    ///   ``FileError`` that reading ended with, or with `.closed` when the connection was gone before.
    /// - Precondition: it has begun with no other consumer, and that one has no other producer.
    public func beginFileTransfer(
        _ consumer: StreamTransport, _ done: @escaping @Sendable (Result<Int64, any Error>) -> Void
    ) {
        precondition(self.consumer == nil, "the file is being sent already")
        self.consumer = consumer
        self.done = done
        consumer.registerProducer(self)
    }

    /// The next piece.
    public func resumeProducing() {
        guard let consumer, reading == nil else { return }
        do throws(FileError) {
            var attempt = TransferAttempt.wouldBlock
            let piece = try [UInt8].filled(capacity: Self.pieceSize) { output throws(FileError) in
                attempt = try file.readNow(into: &output, at: offset)
            }
            switch attempt {
            case .moved: pass(piece, to: consumer)
            case .ended: finish(.success(offset))
            case .wouldBlock: readSlowly(for: consumer)
            }
        } catch {
            finish(.failure(error))
        }
    }

    private func readSlowly(for consumer: StreamTransport) {
        reading = LoopTask(on: consumer.loop) { [self] in
            do throws(FileError) {
                let piece = try await file.readSlowly(upTo: Self.pieceSize, at: offset)
                reading = nil
                if self.consumer == nil { return }
                if let piece { pass(piece, to: consumer) } else { finish(.success(offset)) }
            } catch {
                reading = nil
                finish(.failure(error))
            }
        }
    }

    private func pass(_ piece: [UInt8], to consumer: StreamTransport) {
        offset += Int64(piece.count)
        consumer.write(piece)
    }

    /// The connection is gone.
    public func stopProducing() { finish(.failure(SocketError(.send, .closed))) }

    private func finish(_ result: Result<Int64, any Error>) {
        guard let consumer else { return }
        self.consumer = nil
        reading?.cancel()
        consumer.unregisterProducer()
        let done = done
        self.done = nil
        done?(result)
    }
}
