// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a child whose end nobody asks for stays a zombie; SIGCHLD is one for the whole process, and several ends
//           may arrive as one. A pidfd is readable at its own child's end and means nobody else.
// Decision: the pidfd, on the loop. Streams are pipes: a program may open /dev/stdout again, which a socket refuses.
public import Sockets
import Synchronization

/// A program that this one has started, and that ends before the call that started it returns: see ``Processes``.
public final class Subprocess: Sendable {
    /// What to start.
    public struct Request: Sendable {
        /// Where a standard stream leads.
        public enum Stream: Hashable, Sendable {
            /// Nowhere: the end of the file, or the bin.
            case null
            /// Where this process's own leads.
            case inherited
            /// To a connection of this process: ``Subprocess/input``, ``Subprocess/output``, ``Subprocess/error``.
            case connection
            /// To this descriptor, which stays its owner's.
            case descriptor(FileDescriptor)
        }

        /// The program: a path if it has a slash, else a name that is looked for along this process's `PATH`.
        public var program: String
        /// Its arguments, without its own name.
        public var arguments: [String]
        /// Its variables; nil hands on this process's own.
        public var environment: [String: String]?
        /// The directory that it starts in; nil for this process's own.
        public var directory: String?
        /// Its standard input.
        public var input = Stream.null
        /// Its standard output.
        public var output = Stream.connection
        /// Its standard error.
        public var error = Stream.inherited
        /// Whether its standard error goes where its output goes.
        public var joinsErrorToOutput = false
        /// These become its descriptors 3, 4, and so on. It gets no other one.
        public var descriptors: [FileDescriptor] = []
        /// Whether it leads a process group, so that what it starts is ended with it. A program that is to hear what is
        /// typed at the terminal must not.
        public var leadsGroup = true

        /// A program that reads nothing, whose output is a connection, and that complains where this one does.
        public init(_ program: String, _ arguments: [String] = [], environment: [String: String]? = nil) {
            self.program = program
            self.arguments = arguments
            self.environment = environment
        }
    }

    /// Its number, while it has not ended.
    public let identifier: Int32
    /// Sends to its standard input, if that was asked for. Ending the sending direction, or closing it, is the end of
    /// what the program reads.
    public let input: Connection?
    /// Receives from its standard output, if that was asked for.
    public let output: Connection?
    /// Receives from its standard error, if that was asked for.
    public let error: Connection?

    private let name: String
    private let loop: EventLoop
    private let child: Mutex<ChildProcess>
    private let descriptor: FileDescriptor
    private let leadsGroup: Bool

    /// Starts a program, on a thread of the pool. Called on the loop. Once the system has it this returns, so that
    /// whoever waits for nothing any more can end it.
    static nonisolated(nonsending) func start(
        _ request: Request, on loop: EventLoop
    ) async throws(SocketError) -> Subprocess {
        do throws(SocketError) {
            let launch = try await loop.world.blocking.completion(on: loop) {
                Result { () throws(Errno) in try Launch(request) }
            }
            do throws(Errno) { return try Subprocess(request, try launch.get(), on: loop) } catch {
                throw SocketError(.start, error: error, subject: request.program)
            }
        } catch {
            throw error.operation == .run ? SocketError(.start, error.reason, subject: request.program) : error
        }
    }

    private init(_ request: Request, _ launch: Launch, on loop: EventLoop) throws(Errno) {
        guard let child = launch.takeChild() else { throw .noSuchProcess }
        identifier = child.identifier
        descriptor = FileDescriptor(rawValue: child.number)
        self.child = Mutex(child)
        input = launch.input.connection(on: loop, "the input of \(request.program)")
        output = launch.output.connection(on: loop, "the output of \(request.program)")
        error = launch.error.connection(on: loop, "the errors of \(request.program)")
        name = request.program
        self.loop = loop
        leadsGroup = request.leadsGroup
    }

    /// How it ended, or nil while it goes on.
    ///
    /// C: `waitid(2)` with `WNOHANG`.
    public var end: ProcessEnd? {
        get throws(SocketError) {
            do throws(Errno) {
                return try child.withLock { child throws(Errno) in try child.end() }
            } catch {
                throw SocketError(.wait, error: error, subject: name)
            }
        }
    }

    /// Waits until it has ended. Asked again, the answer is the same.
    ///
    /// - Throws: `.cancelled`, `.timedOut`, `.busy` when another task waits for that.
    ///
    /// C: `pidfd_open(2)`, `waitid(2)`.
    public nonisolated(nonsending) func waitForEnd() async throws(SocketError) -> ProcessEnd {
        while true {
            if let end = try end { return end }
            do throws(SocketError) { try await loop.waitUntilReadable(descriptor) } catch {
                throw SocketError(.wait, error.reason, subject: name)
            }
        }
    }

    /// Waits until it has ended. From then on what it has written still comes, and behind that ``output`` and ``error``
    /// are over: what it has started and left behind may hold them open for ever. Called on the loop, while nobody
    /// waits for the end; the program keeps its number.
    package nonisolated(nonsending) func endStreamsAfterEnd() async {
        while !hasEnded {
            do throws(SocketError) { try await loop.waitUntilReadable(descriptor) } catch { return }
        }
        for stream in [output, error] { stream?.endWhereItWouldWait() }
    }

    /// Sends it a signal, and never to anybody else; nothing happens once it has ended.
    ///
    /// - Throws: what the system says: `EPERM` for a program that has taken another user's rights.
    ///
    /// C: `pidfd_send_signal(2)`.
    public func send(_ signal: Signal) throws(SocketError) {
        do throws(Errno) { try child.withLock { child throws(Errno) in try child.send(signal) } } catch {
            if error != .noSuchProcess { throw SocketError(.send, error: error, subject: "\(signal) to \(name)") }
        }
    }

    /// Asks it to end by `SIGTERM`, and what it started with it if it leads a group, and once the grace is over ends
    /// them by `SIGKILL`. Returns when it has ended: this alone does not heed cancellation.
    ///
    /// - Returns: how it ended; nil where the system does not tell.
    @discardableResult
    public nonisolated(nonsending) func stop(grace: Duration = .seconds(5)) async -> ProcessEnd? {
        sendToAll(.terminate)
        let kill = loop.schedule(after: grace) { [self] in sendToAll(.kill) }
        while !hasEnded { await waitUncancelled() }
        kill.cancel()
        // It keeps its number until it is asked how it ended, so that this hits nobody else.
        sendToAll(.kill)
        return try? end
    }

    func closeStreams() {
        for stream in [input, output, error] { stream?.close() }
    }

    private var hasEnded: Bool {
        // What can't be asked has been forgotten by the system.
        child.withLock { (try? $0.hasEnded()) ?? true }
    }

    private func sendToAll(_ signal: Signal) {
        child.withLock { child in
            if leadsGroup { try? child.sendToGroup(signal) } else { try? child.send(signal) }
        }
    }

    @concurrent private func waitUncancelled() async {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            loop.perform { [self] in
                do throws(SocketError) {
                    try loop.whenReadableOnce(descriptor) { unsafe continuation.resume() }
                } catch {
                    // Another task waits for the same: look again soon.
                    loop.schedule(after: .milliseconds(20)) { unsafe continuation.resume() }
                }
            }
        }
    }
}

/// A program that the system has started, on its way from the thread that did it to the loop.
private final class Launch: Sendable {
    let input, output, error: ChildStream
    private let child: Mutex<ChildProcess?>

    init(_ request: Subprocess.Request) throws(Errno) {
        let input = try ChildStream(request.input, childReads: true)
        let output = try ChildStream(request.output, childReads: false)
        let error = request.joinsErrorToOutput ? output.shared : try ChildStream(request.error, childReads: false)
        child = try withExtendedLifetime((input, output, error)) { () throws(Errno) in
            Mutex(try ChildProcess(SpawnRequest(request, input.stream, output.stream, error.stream)))
        }
        // The child has its ends: none is open here any more when the program ends.
        self.input = input.ownSide
        self.output = output.ownSide
        self.error = error.ownSide
    }

    func takeChild() -> ChildProcess? { child.withLock { $0.take() } }
}

/// Both sides of one of a child's standard streams.
private struct ChildStream: Sendable {
    let stream: SpawnRequest.Stream
    /// Closed here once the child has it.
    private let childsEnd: DescriptorEnd?
    private let ownEnd: DescriptorEnd?
    private let childReads: Bool

    init(_ stream: Subprocess.Request.Stream, childReads: Bool) throws(Errno) {
        self.childReads = childReads
        guard stream == .connection else {
            (childsEnd, ownEnd) = (nil, nil)
            self.stream =
                switch stream {
                case .descriptor(let descriptor): .descriptor(descriptor.rawValue)
                case .inherited: .inherited
                case .null, .connection: .null
                }
            return
        }
        let ends = try PipeEnds().detach()
        let reading = OwnedDescriptor(ends.reading)
        let writing = OwnedDescriptor(ends.writing)
        try SystemCalls.setNonblocking(childReads ? ends.writing : ends.reading, true)
        self.stream = .descriptor(childReads ? ends.reading : ends.writing)
        let (first, second) = (DescriptorEnd(reading, .nonblocking), DescriptorEnd(writing, .nonblocking))
        (childsEnd, ownEnd) = childReads ? (first, second) : (second, first)
    }

    private init(_ other: ChildStream, ownEnd: DescriptorEnd?) {
        stream = other.stream
        childReads = other.childReads
        childsEnd = nil
        self.ownEnd = ownEnd
    }

    /// The same place for another of the child's streams.
    var shared: ChildStream { ChildStream(self, ownEnd: nil) }

    /// Without the child's end.
    var ownSide: ChildStream { ChildStream(self, ownEnd: ownEnd) }

    func connection(on loop: EventLoop, _ name: String) -> Connection? {
        guard let ownEnd else { return nil }
        return Connection(
            DescriptorTransport(
                reading: childReads ? nil : ownEnd, writing: childReads ? ownEnd : nil, name: name, loop: loop))
    }
}

extension SpawnRequest {
    fileprivate init(_ request: Subprocess.Request, _ input: Stream, _ output: Stream, _ error: Stream) {
        self.init(request.program, arguments: [request.program] + request.arguments)
        environment = request.environment?.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        self.input = input
        self.output = output
        self.error = error
        descriptors = request.descriptors.map(\.rawValue)
        if let path = request.directory { directory = .path(path) }
        leadsGroup = request.leadsGroup
    }
}
