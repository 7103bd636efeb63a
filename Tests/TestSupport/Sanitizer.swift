// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the compiler has put into these programs besides themselves.
public enum Sanitizer {
    /// Whether the tests, and with them the package's own programs, run under the thread or the address sanitizer:
    /// whose shadow memory is many times their own, so that what they use of it says nothing.
    public static let isOn = dlsym(nil, "__tsan_init") != nil || dlsym(nil, "__asan_init") != nil
}
