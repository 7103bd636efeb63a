// SPDX-License-Identifier: Apache-2.0
import CSockets
import SystemPackage

/// Makes a call that may raise SIGPIPE and takes no flag against it, so that the signal never reaches the process.
///
/// SIGPIPE is sent to the thread that wrote, so blocking it in this thread and taking a pending one back is enough.
/// A thread that blocks it already (a loop's) pays one system call and keeps whatever was pending before.
///
/// C: `pthread_sigmask(3)`, `sigtimedwait(2)`.
@inline(__always)
func withoutBrokenPipeSignal<Result>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
    var pipe = sigset_t()
    var before = sigset_t()
    unsafe sigemptyset(&pipe)
    unsafe sigaddset(&pipe, SIGPIPE)
    unsafe pthread_sigmask(SIG_BLOCK, &pipe, &before)
    if unsafe sigismember(&before, SIGPIPE) == 1 { return try body() }
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    do throws(Errno) {
        return try body()
    } catch {
        if error == .brokenPipe {
            var atOnce = timespec()
            while unsafe sigtimedwait(&pipe, nil, &atOnce) == -1 && SystemCalls.currentError == .interrupted {}
        }
        throw error
    }
}
