// SPDX-License-Identifier: Apache-2.0
import CSockets

/// One pointer for each thread, nil at first.
///
/// C: `pthread_key_create(3)`.
@safe package struct ThreadSlot: Sendable {
    private let key: pthread_key_t

    /// - Precondition: the process has not used up all its keys (1,024 on Linux).
    package init() {
        var key = pthread_key_t()
        let result = unsafe pthread_key_create(&key, nil)
        precondition(result == 0, "no thread-specific key is left")
        self.key = key
    }

    /// The pointer of the thread that asks.
    package var value: UnsafeMutableRawPointer? {
        get { unsafe pthread_getspecific(key) }
        nonmutating set { unsafe pthread_setspecific(key, newValue) }
    }
}
