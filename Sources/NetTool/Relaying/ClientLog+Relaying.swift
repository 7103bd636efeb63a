// SPDX-License-Identifier: Apache-2.0
import Sockets

extension ClientLog {
    /// Where whatever comes is led; the line below "listening".
    func leads(to targets: RelayTargets, _ rules: AccessRules) {
        if isJSON { return }
        let first = targets.all[0]
        if first.isProxy {
            let others = rules.targets.map { "\($0)" }.joined(separator: ", ")
            let hint = others.isEmpty ? "; --allow-private for others" : " and \(others)"
            let reach = rules.allowsPrivate ? "anywhere" : "public addresses\(hint)"
            return remark("  as a proxy, by \(first): to \(reach)")
        }
        remark("  to \(targets.all.map { "\($0)" }.joined(separator: targets.takeTurns ? " and " : ", or else "))")
    }

    /// A client was joined to a target: told to programs, and to whoever asks for more.
    func joined(_ client: ClientRecord, to target: String) throws(ToolFailure) {
        if isJSON {
            try event("joined", [.init("peer", .string(client.name)), .init("target", .string(target))])
        } else if isVerbose {
            remark("  \(client.name) to \(target.legible)")
        }
    }
}
