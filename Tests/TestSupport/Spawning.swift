// SPDX-License-Identifier: Apache-2.0
import CSockets
import Glibc
import SystemPackage

/// Starting a process the way ``ForeignProgram`` wants it: nothing of the parent leaks into it.
enum Spawning {
    /// A pipe that no child inherits.
    static func pipe() throws(Errno) -> (reading: FileDescriptor, writing: FileDescriptor) {
        var ends: [CInt] = [-1, -1]
        if pipe2(&ends, O_CLOEXEC) != 0 { throw Errno(rawValue: nw_errno()) }
        return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
    }

    /// Starts a command in a process group of its own, with three streams, no signal blocked and every signal at its
    /// default: a child inherits what its parent ignores, and whoever runs the tests may ignore ctrl-C.
    ///
    /// C: `posix_spawnp(3)`.
    static func start(
        _ command: [String], environment: [String], streams: [FileDescriptor]
    ) throws(Errno) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, stream) in streams.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, stream.rawValue, CInt(number))
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, CShort(flags))

        let name = command.first ?? ""
        var process: pid_t = 0
        let error = withCStrings(command) { command in
            withCStrings(environment) { environment in
                posix_spawnp(&process, name, &actions, &attributes, command, environment)
            }
        }
        if error != 0 { throw Errno(rawValue: error) }
        return process
    }

    /// Lends strings as C has them, with a null pointer at the end.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }
}
