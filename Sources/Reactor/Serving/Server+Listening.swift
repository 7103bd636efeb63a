// SPDX-License-Identifier: Apache-2.0
import Sockets

extension Server {
    /// Every address that a server has to listen at. Names are looked up here, off the loop.
    static func addresses(of endpoints: [any EndpointConvertible]) throws(SocketError) -> [[SocketAddress]] {
        var addresses: [[SocketAddress]] = []
        for endpoint in endpoints { addresses.append(try SocketAddress.listening(on: endpoint)) }
        return addresses
    }

    /// One listener for each endpoint: at its first address that can be had.
    static func listen(
        at addresses: [[SocketAddress]], backlog: Int, on loop: EventLoop
    ) throws(SocketError) -> [any Acceptor] {
        var acceptors: [any Acceptor] = []
        do throws(SocketError) {
            for candidates in addresses { acceptors.append(try listen(at: candidates, backlog: backlog, on: loop)) }
        } catch {
            for acceptor in acceptors { acceptor.close() }
            throw error
        }
        return acceptors
    }

    private static func listen(
        at candidates: [SocketAddress], backlog: Int, on loop: EventLoop
    ) throws(SocketError) -> any Acceptor {
        var failure = SocketError(.listen, .invalid("there is no address to listen at"))
        for address in candidates {
            do throws(SocketError) {
                return try loop.driver.listen(at: address, backlog: backlog, reusesPort: false)
            } catch {
                failure = error
            }
        }
        throw failure
    }
}
