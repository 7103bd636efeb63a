// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// The same calls for bytes that are not a span yet: arrays, slices, `"text".utf8`, any collection of bytes. Inlinable,
/// because a generic that is not specialised in the caller's module costs a hundred nanoseconds a call.
extension Socket {
    /// Sends what fits; see ``send(_:flags:)-(RawSpan,_)``.
    ///
    /// C: `send(2)`.
    @inlinable
    public func send(_ bytes: some Collection<UInt8>, flags: TransferFlags = []) throws(SocketError) -> Int {
        try withBytes(of: bytes) { span throws(SocketError) in try send(span, flags: flags) }
    }

    /// Sends every byte; see ``sendAll(_:flags:)-(RawSpan,_)``.
    ///
    /// C: `send(2)`, repeated.
    @inlinable
    public func sendAll(_ bytes: some Collection<UInt8>, flags: TransferFlags = []) throws(SocketError) {
        try withBytes(of: bytes) { span throws(SocketError) in try sendAll(span, flags: flags) }
    }

    /// Sends one datagram to an address that may be text: `"127.0.0.1:8080"`, `"localhost:8080"`.
    ///
    /// - Throws: `.address` or `.unresolved` besides the errors of ``send(_:to:flags:)-(RawSpan,_,_)``. A name is
    ///   looked up at every call: resolve it once where that matters.
    ///
    /// C: `sendto(2)`.
    public func send(
        _ bytes: some Collection<UInt8>, to endpoint: some EndpointConvertible, flags: TransferFlags = []
    ) throws(SocketError) {
        let address = try SocketAddress.first(of: endpoint, kind: kind, family: family, for: .send)
        try withBytes(of: bytes) { span throws(SocketError) in try send(span, to: address, flags: flags) }
    }
}

/// Lends the bytes of a collection as a span, copying them only where they do not lie side by side.
@inlinable
func withBytes<Result>(
    of bytes: some Collection<UInt8>, _ body: (RawSpan) throws(SocketError) -> Result
) throws(SocketError) -> Result {
    let inPlace = bytes.withContiguousStorageIfAvailable { buffer -> Swift.Result<Result, SocketError> in
        do throws(SocketError) { return .success(try body(unsafe buffer.span.bytes)) } catch { return .failure(error) }
    }
    if let inPlace { return try inPlace.get() }
    let copy = Array(bytes)
    return try body(unsafe copy.span.bytes)
}

extension [UInt8] {
    /// A new array whose bytes `body` appends.
    package static func filled<Failure: Error>(
        capacity: Int, _ body: (inout OutputRawSpan) throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        try [UInt8](capacity: capacity) { output throws(Failure) in
            var failure: Failure?
            unsafe output.withUnsafeMutableBufferPointer { buffer, count in
                let memory = UnsafeMutableRawBufferPointer(buffer)
                var raw = unsafe OutputRawSpan(buffer: memory, initializedCount: count)
                do throws(Failure) { try body(&raw) } catch { failure = error }
                count = unsafe raw.finalize(for: memory)
            }
            if let failure { throw failure }
        }
    }
}
