// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage

/// Why a target is not open.
enum CheckFailure: Hashable, Sendable {
    /// Nobody listens there.
    case refused
    /// The system's words for why no way leads there, or for what else it had against it.
    case unreachable(String)
    /// No answer to a connect in this time.
    case silent(Duration)
    /// No answer to a datagram: the program may have nothing to say, or a firewall drops.
    case unanswered(Duration)
    /// The name has no address.
    case unknownHost(String)
    /// No name server answered.
    case unresolved(String)
    /// A UNIX listener has more clients waiting than it takes.
    case busy
    /// This machine, or this process, has nothing left to open a socket with; the target was not even asked.
    case exhausted(String)
    /// Not without more rights.
    case notPermitted(String)

    init(_ error: SocketError, after limit: Duration) {
        switch error.reason {
        case _ where error.isConnectionRefused: self = .refused
        case _ where error.isPermissionDenied: self = .notPermitted("\(error.reason)")
        case _ where error.isOutOfResources: self = .exhausted("\(error.reason)")
        case .timedOut: self = .silent(limit)
        case .system(.noSuchFileOrDirectory): self = .unreachable("no such socket")
        case .wouldBlock: self = .busy
        default: self = .unreachable("\(error.reason)")
        }
    }

    init(_ error: ResolverError) {
        switch error.reason {
        case .nameNotFound, .noData: self = .unknownHost("\(error.reason)")
        default: self = .unresolved("\(error.reason)")
        }
    }

    /// How a program ends that wanted it open.
    var status: ExitStatus {
        switch self {
        case .refused, .unreachable: .unavailable
        case .silent, .unanswered, .unresolved, .busy, .exhausted: .timedOut
        case .unknownHost: .unknownHost
        case .notPermitted: .notPermitted
        }
    }

    /// Whether it can be otherwise a moment later. A host that is not known yet may be started meanwhile.
    var mayPass: Bool { if case .notPermitted = self { false } else { true } }

    /// One word for programs.
    var name: String {
        switch self {
        case .refused: "refused"
        case .unreachable: "unreachable"
        case .silent: "timed out"
        case .unanswered: "unanswered"
        case .unknownHost: "unknown host"
        case .unresolved: "unresolved"
        case .busy: "busy"
        case .exhausted: "exhausted"
        case .notPermitted: "not permitted"
        }
    }
}

extension CheckFailure: CustomStringConvertible {
    /// The rest of the line behind the target's name.
    var description: String {
        switch self {
        case .refused: "refused"
        case .unreachable(let words): "unreachable: \(words)"
        case .silent(let limit): "no answer in \(TimeSpan(limit))"
        case .unanswered(let limit):
            "no answer in \(TimeSpan(limit)): over UDP that can mean open and silent, or dropped on the way"
        case .unknownHost(let words): "unknown host: \(words)"
        case .unresolved(let words): "host not looked up: \(words)"
        case .busy: "listening, but its queue is full"
        case .exhausted(let words): "not tried: \(words)"
        case .notPermitted(let words): "not permitted: \(words)"
        }
    }
}
