// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the compiler has put into these programs besides themselves.
public enum Sanitizer {
    /// Whether the tests, and with them the package's own programs, run under the thread or the address sanitizer:
    /// whose shadow memory is many times their own, so that what they use of it says nothing.
    public static let isOn = isOfThreads || dlsym(nil, "__asan_init") != nil

    /// Whether it is the thread sanitizer, which calls a signal's handler late and lends it a copy of the context: what
    /// a handler does to its thread's mask is lost.
    public static let isOfThreads = dlsym(nil, "__tsan_init") != nil
}
