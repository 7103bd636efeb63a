// SPDX-License-Identifier: Apache-2.0
//
// Facts:    datagrams have no connection: who answers knows only the address that asked. So each client gets a socket
//           of its own to the target, by which the answers find their way back.
// Hazard:   any datagram makes such a socket, and a sender's address is easily forged.
// Decision: there are only so many, and one through which nothing has passed for a while is closed. Whoever comes when
//           there are no more loses the datagram, as in any full queue; the losses are counted, and told at the end.
import Reactor
import Sockets
import Synchronization

/// Passes on datagrams, for each client by a socket of its own.
final class DatagramRelay: Sendable {
    /// How long a client's socket is kept when nothing passes.
    static let defaultIdle = Duration.seconds(60)
    /// How long a client waits whose target could not be had, before it is tried again.
    private static let pause = Duration.seconds(1)
    /// The most bytes of a datagram by a UNIX path, where they may be longer than those of UDP.
    private static let longest = 1 << 18

    private let targets: RelayTargets
    private let clients: AddressFilter
    private let shaping: Shaping
    private let idle: Duration
    private let limits: Server.Limits
    private let log: ClientLog
    private let recorder: TrafficRecorder
    private let ending: Ending
    private let flows = Mutex<[SocketAddress: DatagramFlow]>([:])
    private let room = SharedRoom()
    /// How many datagrams came of clients that there was no room for.
    private let strangers = Atomic<Int>(0)
    /// How many datagrams of clients, and answers to them, there was no room for.
    private let losses = Atomic<Int>(0)

    init(
        _ options: RelayOptions, to targets: RelayTargets, _ clients: AddressFilter, _ log: ClientLog,
        _ recorder: TrafficRecorder, _ ending: Ending
    ) {
        self.targets = targets
        self.clients = clients
        shaping = Shaping(options.shaping)
        idle = options.idle?.duration ?? Self.defaultIdle
        limits = options.limits.withDescriptors(log, asked: options.maximum, isChosen: options.maximum != nil)
        self.log = log
        self.recorder = recorder
        self.ending = ending
    }

    /// Opens the sockets that clients send to.
    func sockets(at places: [Endpoint], on loop: EventLoop) async throws(ToolFailure) -> [DatagramSocket] {
        var sockets: [DatagramSocket] = []
        for place in places {
            var options = Self.options(for: place)
            options.tellsPath = place.scheme == .udp
            // Several programs may hear a group.
            if case .host(.address(let ip), _) = place.target { options.sharesAddress = ip.isMulticast }
            do throws(SocketError) {
                sockets.append(try await DatagramSocket(on: place, options: options, loop: loop))
            } catch {
                throw ListenAddresses.failure(error)
            }
        }
        return sockets
    }

    private static func options(for endpoint: Endpoint) -> DatagramSocket.Options {
        endpoint.scheme == .unixDatagram ? .init(maximumLength: longest) : .init()
    }

    /// Passes on what comes until the sockets are closed.
    ///
    /// - Throws: what receiving failed with.
    func run(on sockets: [DatagramSocket]) async throws(SocketError) {
        let failures = await withTaskGroup(of: SocketError?.self) { group in
            for socket in sockets { group.addTask { [self] in await pass(on: socket) } }
            var failures: [SocketError] = []
            for await failure in group {
                guard let failure else { continue }
                failures.append(failure)
                for socket in sockets { socket.close() }
            }
            return failures
        }
        tellLosses()
        if let failure = failures.first { throw failure }
    }

    private func tellLosses() {
        let strangers = strangers.load(ordering: .relaxed)
        if strangers > 0 { log.news("datagrams of more clients than may be, which were lost: \(strangers)") }
        let losses = losses.load(ordering: .relaxed)
        if losses > 0 { log.news("datagrams that came faster than they could be passed on, and were lost: \(losses)") }
    }

    /// Passes on what comes at one socket until it is closed; what receiving failed with.
    private func pass(on socket: DatagramSocket) async -> SocketError? {
        await withDiscardingTaskGroup { group in
            defer { group.cancelAll() }
            do throws(SocketError) {
                for try await datagram in socket where clients.admits(datagram.sender) {
                    flow(of: datagram.sender, on: socket, &group)?.forward(datagram)
                    if log.isFull { try? await log.waitForRoom() }
                }
                return nil
            } catch {
                return error.reason == .cancelled ? nil : error
            }
        }
    }

    /// A client's flow; a new one for a new client. Nil where there can't be one more.
    private func flow(
        of sender: SocketAddress, on socket: DatagramSocket, _ group: inout DiscardingTaskGroup
    ) -> DatagramFlow? {
        let (known, count) = flows.withLock { ($0[sender], $0.count) }
        if let known { return known }
        guard count < limits.connections else {
            if strangers.add(1, ordering: .relaxed).oldValue == 0 {
                log.news("as many clients as may be are there, \(count): datagrams of others are lost")
            }
            return nil
        }
        let client = ClientRecord(named: sender == .unix(.unnamed) ? "somebody" : "\(sender)", at: socket.loop.timeNow)
        do throws(ToolFailure) { try log.connected(client) } catch {
            ending.fail(error)
            return nil
        }
        let flow = DatagramFlow(client, on: socket, shaping, idle: idle, of: room)
        flows.withLock { $0[sender] = flow }
        group.addTask { [self] in
            await run(flow, for: client, at: sender, on: socket.loop)
            losses.add(flow.losses, ordering: .relaxed)
            flows.withLock { $0[sender] = nil }
        }
        return flow
    }

    private func run(
        _ flow: DatagramFlow, for client: ClientRecord, at sender: SocketAddress, on loop: EventLoop
    ) async {
        do throws(ToolFailure) {
            var reason: String?
            do {
                let (target, name) = try await reach(on: loop)
                defer { target.close() }
                try log.joined(client, to: name)
                let trace = try recorder.record(
                    of: .init(name: client.name, address: sender), and: .init(name: name, address: target.peer),
                    carrying: .datagrams)
                try await flow.run(to: target, trace)
            } catch let failure as ToolFailure {
                throw failure
            } catch {
                let isOver = (error as? SocketError)?.reason == .cancelled || error is CancellationError
                reason = isOver ? nil : "\(error)"
            }
            try log.disconnected(client, at: loop.timeNow, because: reason)
            if reason != nil { try? await loop.sleep(for: Self.pause) }
        } catch {
            ending.fail(error)
        }
    }

    /// A socket to the first target that there is.
    private func reach(on loop: EventLoop) async throws -> (DatagramSocket, name: String) {
        var failures: [String] = []
        for case .datagrams(let endpoint) in targets.next() {
            do throws(SocketError) {
                let socket = try await DatagramSocket(to: endpoint, options: Self.options(for: endpoint), loop: loop)
                return (socket, "\(endpoint)")
            } catch {
                if error.reason == .cancelled { throw error }
                failures.append("\(error)")
            }
        }
        throw NoTarget(reasons: failures)
    }
}
