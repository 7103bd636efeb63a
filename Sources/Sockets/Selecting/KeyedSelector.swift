// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// A selector that remembers something of yours with each descriptor: Python's `selectors`.
///
/// ```swift
/// let selector = try KeyedSelector<SharedSocket>()
/// try selector.register(listener, for: .readable, data: listener)
/// for (key, ready) in try selector.select() { serve(key.data, ready) }
/// ```
/// One thread at a time.
public final class KeyedSelector<Data> {
    /// What is known of a registered descriptor. Python's `SelectorKey`.
    public struct Key {
        /// The descriptor.
        public let descriptor: FileDescriptor
        /// What it waits for.
        public let interest: Interest
        /// What was registered with it.
        public let data: Data
    }

    private let selector: any Selector
    private var keys: [FileDescriptor: Key] = [:]

    /// Over the mechanism that is given, or the best one of this system.
    ///
    /// - Throws: as ``Selector/init()``.
    public init(_ selector: (any Selector)? = nil) throws(SelectorError) {
        if let selector { self.selector = selector } else { self.selector = try EpollSelector() }
    }

    /// Every registered descriptor with its key. Python's `get_map`.
    public var map: [FileDescriptor: Key] { keys }

    /// The key of a descriptor; nil if it is not registered. Python's `get_key`.
    public func key(for selectable: borrowing some Selectable & ~Copyable) -> Key? { keys[selectable.descriptor] }

    /// Starts to watch.
    ///
    /// - Throws: as ``Selector/register(_:for:trigger:token:)``.
    @discardableResult
    public func register(
        _ selectable: borrowing some Selectable & ~Copyable, for interest: Interest, data: Data
    ) throws(SelectorError) -> Key {
        let key = Key(descriptor: selectable.descriptor, interest: interest, data: data)
        try selector.register(key.descriptor, for: interest, trigger: .level, token: Self.token(key.descriptor))
        keys[key.descriptor] = key
        return key
    }

    /// Changes interest and data.
    ///
    /// - Throws: as ``Selector/modify(_:for:trigger:token:)``.
    @discardableResult
    public func modify(
        _ selectable: borrowing some Selectable & ~Copyable, for interest: Interest, data: Data
    ) throws(SelectorError) -> Key {
        let key = Key(descriptor: selectable.descriptor, interest: interest, data: data)
        try selector.modify(key.descriptor, for: interest, trigger: .level, token: Self.token(key.descriptor))
        keys[key.descriptor] = key
        return key
    }

    /// Stops watching and returns what was registered.
    ///
    /// - Throws: `.notRegistered`.
    @discardableResult
    public func unregister(_ selectable: borrowing some Selectable & ~Copyable) throws(SelectorError) -> Key {
        let descriptor = selectable.descriptor
        guard let key = keys[descriptor] else {
            throw SelectorError(.unregister, descriptor.rawValue, .notRegistered)
        }
        try selector.unregister(descriptor)
        keys[descriptor] = nil
        return key
    }

    /// Waits until something is ready.
    ///
    /// - Parameter timeout: nil for ever, zero not at all.
    /// - Returns: the keys of what is ready, and for what; none when time is up.
    /// - Throws: as ``Selector/wait(into:timeout:)``.
    public func select(timeout: Duration? = nil) throws(SelectorError) -> [(key: Key, ready: Interest)] {
        try selector.wait(maximum: max(1, keys.count), timeout: timeout).compactMap { event in
            keys[FileDescriptor(rawValue: CInt(truncatingIfNeeded: event.token))].map { ($0, event.ready) }
        }
    }

    private static func token(_ descriptor: FileDescriptor) -> UInt64 {
        UInt64(truncatingIfNeeded: descriptor.rawValue)
    }
}

extension KeyedSelector<Void> {
    /// Starts to watch, with nothing to remember.
    ///
    /// - Throws: as ``Selector/register(_:for:trigger:token:)``.
    @discardableResult
    public func register(
        _ selectable: borrowing some Selectable & ~Copyable, for interest: Interest
    ) throws(SelectorError) -> Key {
        try register(selectable, for: interest, data: ())
    }
}
