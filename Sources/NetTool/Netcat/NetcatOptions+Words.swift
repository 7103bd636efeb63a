// SPDX-License-Identifier: Apache-2.0
import Sockets

extension NetcatOptions {
    /// The same as a command line of `nt`.
    ///
    /// - Throws: a failure for flags that have no meaning together.
    func words() throws(ToolFailure) -> [String] {
        if keeps && !listens { throw ToolFailure(.usage, "-k is for -l") }
        if onlyChecks && listens { throw ToolFailure(.usage, "-z looks whether somebody else listens: leave out -l") }
        return try listens ? listening() : connecting()
    }

    private func listening() throws(ToolFailure) -> [String] {
        for (flag, isGiven) in [("-s", source != nil), ("-C", crlf)] where isGiven {
            throw ToolFailure(.usage, "\(flag) is for connecting: with -l write the host in front of the port")
        }
        var words = ["listen", try listeningPlace()]
        if keeps && command == nil { words.append("--keep") }
        if verbose { words.append("--verbose") }
        if let wait { words += ["--timeout", wait] }
        if let linger, command == nil { words += ["--linger", linger] }
        if let command { words += ["exec", "--"] + (try Self.split(command)) }
        return words
    }

    private func listeningPlace() throws(ToolFailure) -> String {
        let places = places + (port.map { [$0] } ?? [])
        switch places.count {
        case 1 where isUnix: return scheme + places[0]
        case 1: return scheme + ":" + places[0]
        case 2 where !isUnix: return scheme + (try host(places[0])) + ":" + places[1]
        default: throw ToolFailure(.usage, "-l takes a port, a host and a port, or with -U a path")
        }
    }

    private func connecting() throws(ToolFailure) -> [String] {
        if command != nil {
            throw ToolFailure(.usage, "-e is for -l: nt relay joins a program to an address")
        }
        guard places.count == (isUnix ? 1 : 2) else {
            throw ToolFailure(.usage, isUnix ? "-U takes a path" : "a host and a port are needed")
        }
        if onlyChecks, !isUnix, !isDatagrams, places[1].contains("-") || places[1].contains(",") {
            return ["check", try host(places[0]), "--ports", places[1]] + (wait.map { ["--timeout", $0] } ?? [])
        }
        var words = ["connect", isUnix ? scheme + places[0] : scheme + (try host(places[0])) + ":" + places[1]]
        if onlyChecks { words.append("-z") }
        if verbose { words.append("--verbose") }
        if crlf { words.append("--crlf") }
        if let wait { words += ["--timeout", wait] }
        if let linger { words += ["--linger", linger] }
        if let from = try origin() { words += ["--source", from] }
        return words
    }

    private var scheme: String {
        switch (isUnix, isDatagrams) {
        case (false, false): ""
        case (false, true): "udp://"
        case (true, false): "unix:"
        case (true, true): "unix-dgram:"
        }
    }

    /// The host as endpoints have it: an IPv6 address in brackets.
    private func host(_ text: String) throws(ToolFailure) -> String {
        if let address = try? IPAddress(text) { return address.ipv4 == nil ? "[\(text)]" : text }
        if isNumeric { throw ToolFailure(.usage, "\(text.quoted) is no numeric address, and -n looks up no names") }
        return text
    }

    private func origin() throws(ToolFailure) -> String? {
        guard let port else { return source }
        return (try source.map { text throws(ToolFailure) in try host(text) } ?? "0.0.0.0") + ":" + port
    }

    private static func split(_ command: String) throws(ToolFailure) -> [String] {
        do throws(AddressError) {
            if case .command(let words) = try Endpoint("exec:\(command)").target { return words }
        } catch {
            throw ToolFailure(.usage, "\(error)")
        }
        return []
    }
}

extension String {
    /// As a shell would take it for one word.
    var inShell: String {
        let isPlain =
            !isEmpty && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:=@%+,[]".contains($0)) }
        return isPlain
            ? self : "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
