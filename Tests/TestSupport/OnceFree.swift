// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Opens something at an address that was let go of just now; a failure after 20 seconds. The children that other
/// tests start share every descriptor until they become a program: what is closed here may be open there, for a moment.
public func onceFree<Opened: ~Copyable>(_ open: () throws(SocketError) -> Opened) throws(SocketError) -> Opened {
    let deadline = ContinuousClock.now + .seconds(20)
    while true {
        do throws(SocketError) { return try open() } catch {
            guard error.isAddressInUse, ContinuousClock.now < deadline else { throw error }
        }
    }
}
