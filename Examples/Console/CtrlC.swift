// SPDX-License-Identifier: Apache-2.0
import Glibc
public import Sockets
public import SystemPackage

/// Ctrl-C as something to wait for, so that a program closes what it has opened and ends by itself.
///
/// ```swift
/// let ctrlC = try CtrlC()
/// while try !ctrlC.comes(before: listener) { serve(try listener.accept()) }
/// try listener.close()
/// ```
/// SIGTERM counts as well. Once it came it has come for good: every further wait ends at once. A second ctrl-C ends the
/// program where it stands, should it be waiting for something else.
///
/// The signal's handler may do next to nothing: it shuts one socket of a pair down, which the other then shows. One a
/// program.
public struct CtrlC: Selectable {
    private let pair: (shown: SharedSocket, rung: SharedSocket)

    /// Readable from the moment at which ctrl-C was pressed.
    public var descriptor: FileDescriptor { pair.shown.descriptor }

    /// From now on ctrl-C does not end the program any more.
    public init() throws {
        let ends = try SocketPair()
        pair = (SharedSocket(ends.first), SharedSocket(ends.second))
        bell = pair.rung.descriptor.rawValue
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                shutdown(bell, CInt(SHUT_RDWR))
                signal(number, SIG_DFL)
            }
        }
    }

    /// Waits until there is something to receive, or a client, or the end; true if ctrl-C came first.
    public func comes(before awaited: borrowing some Selectable & ~Copyable) throws(SelectorError) -> Bool {
        try select(readable: [descriptor, awaited.descriptor]).readable.contains(descriptor)
    }
}

/// What the handler rings. Written before there is a handler.
private nonisolated(unsafe) var bell: CInt = -1
