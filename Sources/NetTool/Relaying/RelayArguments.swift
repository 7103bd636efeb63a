// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Reactor
import Wire

/// `v1` or `v2`.
enum HeaderVersion: String, ExpressibleByArgument, CaseIterable, Sendable {
    case v1, v2

    var version: ProxyHeader.Version { self == .v1 ? .v1 : .v2 }
}

extension AccessOptions {
    /// The rules that they make on a machine.
    func rules(on machine: LocalMachine) throws(ToolFailure) -> AccessRules {
        var credentials: ProxyCredentials?
        if let auth {
            do throws(Malformed) { credentials = try ProxyCredentials(auth) } catch {
                throw ToolFailure(.usage, "--auth: \(error)")
            }
        }
        if let authFile { credentials = try ProxyCredentials.read(from: authFile) }
        return AccessRules(
            clients: admission.filter, credentials: credentials, allowsPrivate: allowPrivate,
            targets: allowTarget.map(\.network),
            // Whatever leads to an address of its own comes from there.
            isOwn: { machine.sourceAddress($0) == $0 })
    }
}
