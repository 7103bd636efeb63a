// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Something that is not as a check wants it.
struct Mismatch: Error {
    let expected: String
    let seen: String
}

func expect(_ condition: Bool, _ expected: String, or seen: String) throws(Mismatch) {
    if !condition { throw Mismatch(expected: expected, seen: seen) }
}

func expect(_ seen: [UInt8]?, equals expected: [UInt8]?) throws(Mismatch) {
    if seen == expected { return }
    guard let seen, let expected else { throw Mismatch(expected: words(expected), seen: words(seen)) }
    let place = zip(seen, expected).prefix { $0 == $1 }.count
    throw Mismatch(expected: words(expected), seen: "\(words(seen)), unlike that from byte \(place) on")
}

/// Runs what must fail for a reason.
func expect(_ expected: SocketError.Reason, of body: () async throws -> Void) async throws {
    try expect(await thrownReason(by: body), is: expected)
}

func expect(_ seen: SocketError.Reason?, is expected: SocketError.Reason) throws(Mismatch) {
    if seen != expected { throw Mismatch(expected: "\(expected)", seen: seen.map { "\($0)" } ?? "no error") }
}

/// The reason of the error that a body throws; nil when it throws none.
func thrownReason(by body: () async throws -> Void) async throws -> SocketError.Reason? {
    do { try await body() } catch let error as SocketError { return error.reason }
    return nil
}

private func words(_ bytes: [UInt8]?) -> String {
    guard let bytes else { return "the end" }
    return bytes.count > 16 ? "\(bytes.count) bytes" : "\(bytes)"
}
