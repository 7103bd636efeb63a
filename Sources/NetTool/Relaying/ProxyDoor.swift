// SPDX-License-Identifier: Apache-2.0
//
// Hazard:   a name is looked up twice, and leads somewhere else the second time: to the machine itself, say, after it
//           was found to lead outside.
// Decision: it is looked up once; what is connected to are the addresses that were found to be allowed.
import Reactor
import Sockets
import Wire

/// The proxy's side towards one client: hears where it wants to go, brings it there, and tells it what came of that.
struct ProxyDoor: Sendable {
    let rules: AccessRules
    /// The most that reaching a target may take.
    let timeout: Duration

    /// How long a client may take to say where it wants to go.
    private static let patience = Duration.seconds(10)
    /// How long a client that was refused may take to read why.
    private static let linger = Duration.seconds(2)

    /// Why a client is not led anywhere.
    struct Refusal: Error, CustomStringConvertible {
        enum Kind { case notAllowed, notAuthenticated, notSupported, noTarget }

        let kind: Kind
        let description: String

        init(_ kind: Kind, _ description: String) {
            self.kind = kind
            self.description = description
        }
    }

    /// Hears a client out, and connects to where it wants to go. A client that was refused has been told, and had its
    /// time to read that.
    func open(for client: Connection, speaking protocolName: RelayTarget) async throws -> Upstream {
        client.readDeadline = client.loop.timeNow.advanced(by: Self.patience)
        do {
            let upstream = try await protocolName == .socks ? openSOCKS(for: client) : openHTTP(for: client)
            client.readDeadline = .never
            return upstream
        } catch {
            try? await client.close(within: Self.linger)
            throw error
        }
    }

    // MARK: SOCKS

    private func openSOCKS(for client: Connection) async throws -> Upstream {
        var socks = SOCKSServer(needsCredentials: rules.credentials != nil)
        while true {
            let event = try await client.exchange("SOCKS") { input, output throws(FramingError) in
                try socks.next(in: &input, answer: &output)
            }
            var answer = ByteBuffer()
            switch event {
            case nil: throw Refusal(.noTarget, "the client said nothing")
            case .credentials(let given):
                let isRight = rules.accepts(given)
                socks.allow(isRight, into: &answer)
                try await client.send(answer.bytes)
                if !isRight { throw Refusal(.notAuthenticated, "wrong user or password") }
            case .request(let request):
                do {
                    guard request.command == .connect else {
                        throw Refusal(.notSupported, "the client asks for more than to connect")
                    }
                    let upstream = try await reach(request.target, for: client)
                    let bound = Self.endpoint(of: upstream.input.localAddress)
                    socks.reply(.succeeded, bound: bound, into: &answer)
                    try await tell(client, answer.bytes, before: upstream)
                    return upstream
                } catch {
                    if answer.isEmpty {
                        socks.reply(SOCKSReply(error), into: &answer)
                        try await client.send(answer.bytes)
                    }
                    throw error
                }
            }
        }
    }

    // MARK: HTTP

    private func openHTTP(for client: Connection) async throws -> Upstream {
        do {
            var framer = ConnectRequestFramer()
            let request = try await client.exchange("CONNECT request") { input, _ throws(FramingError) in
                try framer.next(in: &input)
            }
            guard let request else { throw Refusal(.noTarget, "the client said nothing") }
            guard case .connect(let target) = request.wish else {
                throw Refusal(.notSupported, "this proxy only connects: CONNECT host:port (curl: --proxytunnel)")
            }
            guard rules.accepts(request.credentials) else {
                throw Refusal(.notAuthenticated, "wrong user or password, or none")
            }
            let upstream = try await reach(target, for: client)
            try await tell(client, Self.established.span.bytes, before: upstream)
            return upstream
        } catch {
            try? await client.send(ConnectAnswer(error).text)
            throw error
        }
    }

    private static let established = Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)

    /// Tells a client that it is there; a client that has gone leaves nothing behind.
    private func tell(_ client: Connection, _ answer: RawSpan, before upstream: Upstream) async throws {
        do { try await client.send(answer) } catch {
            upstream.abort()
            throw error
        }
    }

    private static func endpoint(of address: SocketAddress?) -> InternetEndpoint? {
        guard let ip = address?.ip, let port = address?.port else { return nil }
        return InternetEndpoint(InternetAddress(ip), port.rawValue)
    }

    // MARK: The way there

    private func reach(_ target: ProxyTarget, for client: Connection) async throws -> Upstream {
        let name = Self.name(of: target)
        guard target.port > 0 else { throw Refusal(.noTarget, "\(name) has no port") }
        let found = try await addresses(of: target, on: client.loop)
        let allowed = found.filter(rules.allows)
        guard !allowed.isEmpty else {
            let what = found.first?.ip.map { "\($0)" } ?? "nothing"
            throw Refusal(
                .notAllowed, "\(name): \(what) is no public address of others, and --allow-private is not given")
        }
        let connector = Connector(timeout: timeout)
        let connection = try await connector.connect(toFirstOf: Connector.interleaved(allowed), on: client.loop)
        return Upstream(connection, named: name)
    }

    /// The target in the form that addresses have everywhere.
    private static func name(of target: ProxyTarget) -> String {
        guard case .address(let address) = target.host else { return "\(target)" }
        return "\(SocketAddress(IPAddress(address), Port(rawValue: target.port)))"
    }

    private func addresses(of target: ProxyTarget, on loop: EventLoop) async throws -> [SocketAddress] {
        let port = Port(rawValue: target.port)
        switch target.host {
        case .address(let address): return [SocketAddress(IPAddress(address), port)]
        case .name(let name):
            do throws(ResolverError) {
                return try await AsyncResolver(on: loop).addresses(of: name, port: port, within: timeout)
            } catch {
                throw Refusal(.noTarget, "\(error)")
            }
        }
    }
}

extension SOCKSReply {
    /// What a client is told of a failure.
    init(_ error: any Error) {
        if let refusal = error as? ProxyDoor.Refusal {
            switch refusal.kind {
            case .notAllowed, .notAuthenticated: self = .notAllowed
            case .notSupported: self = .commandNotSupported
            case .noTarget: self = .hostUnreachable
            }
        } else if let error = error as? SocketError {
            if error.isConnectionRefused {
                self = .connectionRefused
            } else if error.reason == .timedOut {
                self = .timeToLiveExpired
            } else {
                self = error.isUnreachable ? .hostUnreachable : .generalFailure
            }
        } else {
            self = .generalFailure
        }
    }
}

/// How a proxy answers a request that comes to nothing.
struct ConnectAnswer {
    private let status: String
    private let words: String

    init(_ error: any Error) {
        words = "\(error)".legible
        if let refusal = error as? ProxyDoor.Refusal {
            switch refusal.kind {
            case .notAllowed: status = "403 Forbidden"
            case .notAuthenticated: status = "407 Proxy Authentication Required"
            case .notSupported: status = "405 Method Not Allowed"
            case .noTarget: status = "502 Bad Gateway"
            }
        } else if let framing = (error as? FrameError)?.framingError {
            status =
                if case .tooLong = framing.reason { "431 Request Header Fields Too Large" } else { "400 Bad Request" }
        } else if let failure = (error as? FrameError)?.connectionError {
            status = failure.reason == .timedOut ? "408 Request Timeout" : "400 Bad Request"
        } else if let reason = (error as? SocketError)?.reason {
            status = reason == .timedOut ? "504 Gateway Timeout" : "502 Bad Gateway"
        } else {
            status = "500 Internal Server Error"
        }
    }

    /// The whole answer.
    var text: String {
        let body = "\(words)\n"
        let head = [
            "HTTP/1.1 \(status)", "Content-Type: text/plain; charset=utf-8", "Content-Length: \(body.utf8.count)",
            "Connection: close",
        ]
        let challenge = status.hasPrefix("407") ? ["Proxy-Authenticate: Basic realm=\"nt\""] : []
        let allow = status.hasPrefix("405") ? ["Allow: CONNECT"] : []
        return (head + challenge + allow + ["", body]).joined(separator: "\r\n")
    }
}
