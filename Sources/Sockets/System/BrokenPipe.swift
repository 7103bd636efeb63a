// SPDX-License-Identifier: Apache-2.0
import CSockets
import SystemPackage

/// Makes a call that moves up to `count` bytes, may raise SIGPIPE and takes no flag against it, so that the signal
/// never reaches the process.
///
/// SIGPIPE is sent to the thread that wrote, so blocking it in this thread and taking a pending one back is enough. It
/// comes with `EPIPE`, and also with a short count: a pipe whose reader leaves in the middle of a write has moved
/// something, and a `sendfile` too.
/// A thread that blocks it already (a loop's) pays one system call and keeps whatever was pending before.
///
/// C: `pthread_sigmask(3)`, `sigtimedwait(2)`.
@inline(__always)
func withoutBrokenPipeSignal(moving count: Int, _ body: () throws(Errno) -> Int) throws(Errno) -> Int {
    var pipe = sigset_t()
    var before = sigset_t()
    unsafe sigemptyset(&pipe)
    unsafe sigaddset(&pipe, SIGPIPE)
    unsafe pthread_sigmask(SIG_BLOCK, &pipe, &before)
    if unsafe sigismember(&before, SIGPIPE) == 1 { return try body() }
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    do throws(Errno) {
        let moved = try body()
        if moved < count { takePendingSignal(of: pipe) }
        return moved
    } catch {
        if error == .brokenPipe { takePendingSignal(of: pipe) }
        throw error
    }
}

/// Takes a pending signal of the set away, if there is one.
private func takePendingSignal(of set: sigset_t) {
    var set = set
    var atOnce = timespec()
    while unsafe sigtimedwait(&set, nil, &atOnce) == -1 && SystemCalls.currentError == .interrupted {}
}
