// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What was printed reaches a pipe only when it is pushed.
enum Output {
    static func flush() { fflush(nil) }
}
