// SPDX-License-Identifier: Apache-2.0
//
// Facts:    between fork and exec a child of a process with threads may only make async-signal-safe calls, which
//           Swift's are not. posix_spawn does the whole in C, and says why exec failed. It carries out its file actions
//           in order, so that moving a descriptor to 1 may overwrite one that was to be moved to 2.
// Decision: posix_spawn; sources that stand where a target will be are first duplicated above all targets; then
//           everything above the targets is closed, so that other people's descriptors that lack FD_CLOEXEC go too.
// Cost:     a duplicate for each such source, and a close_range in the child.
import CSockets
package import SystemPackage

extension SystemCalls {
    /// Starts a process; its number.
    ///
    /// C: `posix_spawn(3)`.
    static func spawn(_ request: SpawnRequest) throws(Errno) -> CInt {
        guard request.hasNoNUL else { throw .invalidArgument }
        var attributes = posix_spawnattr_t()
        try answeringError(.spawn) { unsafe posix_spawnattr_init(&attributes) }
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        try unsafe setAttributes(&attributes, leadsGroup: request.leadsGroup)
        var actions = unsafe posix_spawn_file_actions_t()
        try answeringError(.spawn) { unsafe posix_spawn_file_actions_init(&actions) }
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // First of all, since the descriptors' actions end by closing what is not handed on.
        try unsafe addDirectory(request.directory, to: &actions)
        let spares = try unsafe addDescriptors(of: request, to: &actions)
        defer { for spare in spares { try? close(spare) } }

        return try unsafe withStrings(request.arguments) { arguments throws(Errno) in
            guard let environment = request.environment else {
                return try unsafe start(request.program, arguments, nw_environment(), &actions, &attributes)
            }
            return try unsafe withStrings(environment) { environment throws(Errno) in
                try unsafe start(request.program, arguments, environment, &actions, &attributes)
            }
        }
    }

    private static func start(
        _ program: String, _ arguments: StringList, _ environment: StringList,
        _ actions: UnsafePointer<posix_spawn_file_actions_t>, _ attributes: UnsafePointer<posix_spawnattr_t>
    ) throws(Errno) -> CInt {
        var process: pid_t = -1
        let isPath = program.utf8.contains(UInt8(ascii: "/"))
        try answeringError(.spawn) {
            isPath
                ? unsafe posix_spawn(&process, program, actions, attributes, arguments, environment)
                : unsafe posix_spawnp(&process, program, actions, attributes, arguments, environment)
        }
        return process
    }

    private static func setAttributes(
        _ attributes: UnsafeMutablePointer<posix_spawnattr_t>, leadsGroup: Bool
    ) throws(Errno) {
        var none = SignalSet([]).system
        var all = SignalSet.all.system
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (leadsGroup ? POSIX_SPAWN_SETPGROUP : 0)
        try answeringError(.spawn) { unsafe posix_spawnattr_setsigmask(attributes, &none) }
        try answeringError(.spawn) { unsafe posix_spawnattr_setsigdefault(attributes, &all) }
        try answeringError(.spawn) { unsafe posix_spawnattr_setpgroup(attributes, 0) }
        try answeringError(.spawn) { unsafe posix_spawnattr_setflags(attributes, Int16(flags)) }
    }

    /// - Returns: duplicates that the caller closes once the process has started.
    private static func addDescriptors(
        of request: SpawnRequest, to actions: UnsafeMutablePointer<posix_spawn_file_actions_t>
    ) throws(Errno) -> [CInt] {
        let streams = [request.input, request.output, request.error] + request.descriptors.map { .descriptor($0) }
        let firstFree = CInt(clamping: streams.count)
        var spares: [CInt] = []
        do throws(Errno) {
            for (target, stream) in zip(CInt(0)..., streams) {
                switch stream {
                case .null:
                    try answeringError(.spawn) {
                        unsafe posix_spawn_file_actions_addopen(actions, target, "/dev/null", O_RDWR, 0)
                    }
                case .inherited, .descriptor(target):
                    // The same number twice only takes FD_CLOEXEC away.
                    try answeringError(.spawn) { unsafe posix_spawn_file_actions_adddup2(actions, target, target) }
                case .descriptor(var source):
                    if source < firstFree {
                        source = try duplicate(source, atLeast: firstFree)
                        spares.append(source)
                    }
                    try answeringError(.spawn) { unsafe posix_spawn_file_actions_adddup2(actions, source, target) }
                }
            }
            try answeringError(.spawn) { unsafe posix_spawn_file_actions_addclosefrom_np(actions, firstFree) }
        } catch {
            for spare in spares { try? close(spare) }
            throw error
        }
        return spares
    }

    private static func addDirectory(
        _ directory: SpawnRequest.Directory, to actions: UnsafeMutablePointer<posix_spawn_file_actions_t>
    ) throws(Errno) {
        switch directory {
        case .inherited: return
        case .path(let path):
            try answeringError(.spawn) { unsafe posix_spawn_file_actions_addchdir_np(actions, path) }
        case .descriptor(let descriptor):
            try answeringError(.spawn) { unsafe posix_spawn_file_actions_addfchdir_np(actions, descriptor) }
        }
    }

    /// Strings as C takes a list of them: pointers, the last of them null.
    private typealias StringList = UnsafePointer<UnsafeMutablePointer<CChar>?>

    private static func withStrings<Answer>(
        _ strings: [String], _ body: (StringList) throws(Errno) -> Answer
    ) throws(Errno) -> Answer {
        var pointers = unsafe strings.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { unsafe pointers.forEach { unsafe free($0) } }
        if unsafe pointers.dropLast().contains(where: { unsafe $0 == nil }) { throw .noMemory }
        return try unsafe pointers.span.withUnsafeBufferPointer { pointers throws(Errno) in
            guard let first = pointers.baseAddress else { throw .invalidArgument }
            return try unsafe body(first)
        }
    }

    /// A descriptor that is readable once the process has ended, and that never means another one.
    ///
    /// C: `pidfd_open(2)`.
    package static func processDescriptor(_ process: CInt) throws(Errno) -> OwnedDescriptor {
        OwnedDescriptor(try perform(.pidfdOpen) { nw_pidfd_open(process, 0) })
    }

    /// C: `pidfd_send_signal(2)`.
    static func send(_ signal: Signal, toProcess descriptor: CInt) throws(Errno) {
        _ = try perform(.pidfdSendSignal) { nw_pidfd_send_signal(descriptor, signal.rawValue) }
    }

    /// C: `kill(2)` with a negative number.
    static func send(_ signal: Signal, toGroup group: CInt) throws(Errno) {
        // 0 and 1 would mean this process's own group, and everybody.
        guard group > 1 else { throw .noSuchProcess }
        _ = try perform(.kill) { kill(-group, signal.rawValue) }
    }

    /// How the process ended, or nil if it has not; never waits unless `waiting`. It is forgotten once this has told
    /// how it ended, unless `keeping`.
    ///
    /// C: `waitid(2)` with `P_PIDFD`.
    package static func end(ofProcess descriptor: CInt, waiting: Bool, keeping: Bool = false) throws(Errno)
        -> ProcessEnd?
    {
        var process: CInt = 0
        var code: CInt = 0
        var status: CInt = 0
        let options = WEXITED | (waiting ? 0 : WNOHANG) | (keeping ? WNOWAIT : 0)
        _ = try perform(.waitid) { unsafe nw_wait_process(descriptor, options, &process, &code, &status) }
        if process == 0 { return nil }
        return code == nw_cld_exited
            ? .exited(status) : .signalled(Signal(rawValue: status), dumpedCore: code == nw_cld_dumped)
    }
}
