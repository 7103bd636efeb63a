// SPDX-License-Identifier: Apache-2.0

/// What a new process is to be. It starts with no signal blocked and every disposition at its default, and inherits the
/// descriptors that are named here and no other, whatever is open in this process.
package struct SpawnRequest: Sendable {
    /// Where one of the standard streams leads.
    package enum Stream: Hashable, Sendable {
        /// Where this process's own leads.
        case inherited
        /// Nowhere: the end of the file, or the bin.
        case null
        /// To this descriptor, which stays open here.
        case descriptor(CInt)
    }

    /// The directory that it starts in.
    package enum Directory: Hashable, Sendable {
        case inherited
        case path(String)
        /// An open directory.
        case descriptor(CInt)
    }

    /// The program: a path if it has a slash, else a name that is looked for along this process's `PATH`.
    package var program: String
    /// Its arguments, the first of which is by custom its own name.
    package var arguments: [String]
    /// Each `NAME=value`; nil hands on this process's own.
    package var environment: [String]?
    package var input = Stream.null
    package var output = Stream.inherited
    package var error = Stream.inherited
    /// These become its descriptors 3, 4, and so on.
    package var descriptors: [CInt] = []
    package var directory = Directory.inherited
    /// Whether it leads a process group of its own, which can be signalled as one, or stays in this process's.
    package var leadsGroup = true

    package init(_ program: String, arguments: [String]? = nil, environment: [String]? = nil) {
        self.program = program
        self.arguments = arguments ?? [program]
        self.environment = environment
    }

    /// Whether C could take every text as a whole.
    var hasNoNUL: Bool {
        var texts = [program] + arguments + (environment ?? [])
        if case .path(let path) = directory { texts.append(path) }
        return !texts.contains { $0.utf8.contains(0) }
    }
}
