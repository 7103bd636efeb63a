// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Reactor

/// The flags that say who may come to whatever listens.
struct AdmissionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Who may come; nobody else may then. Again for each further one.", valueName: "network"),
        transform: NetworkName.init)
    var allow: [NetworkName] = []

    @Option(
        help: ArgumentHelp("Who may not come, even if --allow says so.", valueName: "network"),
        transform: NetworkName.init)
    var deny: [NetworkName] = []

    /// What they make together.
    var filter: AddressFilter { AddressFilter(allowing: allow.map(\.network), denying: deny.map(\.network)) }
}
