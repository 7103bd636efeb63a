// SPDX-License-Identifier: Apache-2.0

/// How `nt` ends: the numbers of sysexits.h, which the argument parser speaks too, and a few that shells know.
package enum ExitStatus: Int32, Hashable, Sendable, CaseIterable {
    case success = 0
    case failure = 1
    case httpError = 22
    case usage = 64
    case badData = 65
    case noInput = 66
    case unknownHost = 68
    case unavailable = 69
    case cannotCreate = 73
    case inputOutput = 74
    case timedOut = 75
    case protocolError = 76
    case notPermitted = 77
    case notExecutable = 126
    case commandNotFound = 127
    case hungUp = 129
    case interrupted = 130
    case terminated = 143

    /// What the number says, as the page `nt help exit-codes` has it.
    package var meaning: String {
        switch self {
        case .success: "done"
        case .failure: "a failure that no other number names"
        case .httpError: "the server answered with an HTTP status of 400 or more"
        case .usage: "the command line is wrong"
        case .badData: "what was given is malformed, or a checksum differs"
        case .noInput: "an input file can't be read"
        case .unknownHost: "the host name is not known"
        case .unavailable: "refused or unreachable"
        case .cannotCreate: "an output file can't be made"
        case .inputOutput: "reading or writing failed"
        case .timedOut: "the time ran out; another try may succeed"
        case .protocolError: "the peer broke the protocol, or TLS failed"
        case .notPermitted: "not allowed, or not authenticated"
        case .notExecutable: "the program can't be run"
        case .commandNotFound: "the program is not found"
        case .hungUp: "ended by SIGHUP: the terminal has gone"
        case .interrupted: "ended by ctrl-C"
        case .terminated: "ended by SIGTERM; what drains then ends with 0"
        }
    }
}
