// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// The programs beside this one. None outlives the call that started it.
///
/// ```swift
/// let sorted = try await loop.world.processes.output(of: .init("sort", ["-n"]), input: numbers)
/// ```
public struct Processes: Sendable {
    private let start:
        @Sendable (_ request: Subprocess.Request, _ loop: EventLoop) async throws(SocketError) -> Subprocess

    /// This machine's. Programs are started on a thread of the loop's pool: the system takes a millisecond or so for
    /// it, and longer the more memory this process has.
    static let system = Processes { request, loop async throws(SocketError) in
        try await loop.run(async: { () async throws(SocketError) in try await Subprocess.start(request, on: loop) })
    }

    /// A world without other programs: a simulation's. Starting one is `.unsupported`.
    public static let unsupported = Processes { request, _ throws(SocketError) in
        throw SocketError(.start, .unsupported(.noFunction), subject: request.program)
    }

    /// Starts a program and runs `body` beside it. When `body` returns, the program's streams are closed here, and its
    /// end is waited for. When `body` throws, or the task is cancelled, or its deadline comes, the program is asked to
    /// end and then ended (``Subprocess/stop(grace:)``) before this throws.
    ///
    /// - Parameters:
    ///   - loop: the loop to be on; the task's own, else one of the process's.
    ///   - grace: how long the program has to end by itself once it is asked to.
    /// - Returns: what `body` returned, and how the program ended: a code other than 0 is no error of this call.
    /// - Throws: `.system` with `ENOENT` or `EACCES` for a program that can't be run; `EINVAL` for a text with a NUL;
    ///   ``SocketError/isOutOfResources``; `.limitReached` when too many calls wait for a thread; `.unsupported`; what
    ///   `body` throws; `.cancelled`, `.timedOut`.
    public nonisolated(nonsending) func run<Result: Sendable>(
        _ request: Subprocess.Request, on loop: EventLoop? = nil, grace: Duration = .seconds(5),
        _ body: @Sendable (Subprocess) async throws -> Result
    ) async throws -> (result: Result, end: ProcessEnd) {
        let loop = try EventLoop.forCaller(loop, .start)
        return try await withTaskExecutorPreference(loop) {
            let process = try await start(request, loop)
            do {
                let result = try await body(process)
                process.closeStreams()
                return (result, try await process.waitForEnd())
            } catch {
                process.closeStreams()
                await process.stop(grace: grace)
                throw error
            }
        }
    }

    /// What a program came to.
    public struct Output: Sendable, Hashable {
        /// How it ended.
        public let end: ProcessEnd
        /// What it wrote to its standard output.
        public let output: [UInt8]
        /// What it wrote to its standard error; nothing if that went elsewhere.
        public let error: [UInt8]
    }

    /// Runs a program to its end, and collects what it writes. Python: `subprocess.run(capture_output=True)`.
    ///
    /// Its output comes here whatever the request says, its errors too unless they are joined to its output; a program
    /// that does not read all of its input is none the worse for it.
    ///
    /// - Parameters:
    ///   - input: what it reads; without any, its input is what the request says.
    ///   - limit: the most bytes of output, and of errors. A program that writes more is ended.
    /// - Throws: as ``run(_:on:grace:_:)``; `.limitReached` when it wrote too much.
    public nonisolated(nonsending) func output(
        of request: Subprocess.Request, input: [UInt8] = [], limit: Int = 1 << 20, on loop: EventLoop? = nil,
        grace: Duration = .seconds(5)
    ) async throws -> Output {
        var request = request
        request.output = .connection
        request.error = .connection
        if !input.isEmpty { request.input = .connection }
        let (texts, end) = try await run(request, on: loop, grace: grace) { process in
            async let sent: Void? = process.input?.sendAndClose(input)
            async let output = process.output?.collect(limit)
            async let error = process.error?.collect(limit)
            let texts = try await (output: output ?? [], error: error ?? [])
            // It has closed its output: what it has not read by now it never will.
            process.input?.close()
            _ = try await sent
            return texts
        }
        return Output(end: end, output: texts.output, error: texts.error)
    }
}

extension Connection {
    /// Everything up to the end.
    fileprivate nonisolated(nonsending) func collect(_ limit: Int) async throws(SocketError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let more = try await receive(upTo: BufferPool.bufferSize) {
            if more.count > limit - bytes.count { throw SocketError(.receive, .limitReached(limit)) }
            bytes += more
        }
        return bytes
    }

    fileprivate nonisolated(nonsending) func sendAndClose(_ bytes: [UInt8]) async throws(SocketError) {
        defer { close() }
        do throws(SocketError) { try await send(bytes) } catch {
            switch error.reason {
            case .broken, .closed: return
            default: throw error
            }
        }
    }
}
