// SPDX-License-Identifier: Apache-2.0

/// Who gives bytes to a ``Consumer`` of its own accord, and stops when told. Twisted: `IPushProducer`.
///
/// All of it is called on the loop.
public protocol PushProducer: AnyObject {
    /// The consumer has enough: nothing more until ``resumeProducing()``.
    func pauseProducing()
    /// The consumer has room again.
    func resumeProducing()
    /// The consumer is gone: nothing more, ever.
    func stopProducing()
}

/// Who gives one piece each time that it is asked. Twisted: `IPullProducer`.
///
/// All of it is called on the loop.
public protocol PullProducer: AnyObject {
    /// Everything so far has been sent: the next piece is welcome. Who has none left unregisters.
    func resumeProducing()
    /// The consumer is gone: it will not ask again.
    func stopProducing()
}

/// Who takes bytes from a producer, no more than it can hold. Twisted: `IConsumer`.
///
/// ```swift
/// outgoing.registerProducer(incoming)                      // a port forwarder: reading waits for writing
/// ```
public protocol Consumer: AnyObject {
    /// From now on the producer is told when to stop and when to go on.
    func registerProducer(_ producer: any PushProducer)
    /// From now on the producer is asked for each piece.
    func registerProducer(_ producer: any PullProducer)
    /// The producer has nothing more to give.
    func unregisterProducer()
    /// Takes bytes.
    func write(_ bytes: RawSpan)
}

/// The producer of a connection.
enum Producer {
    case push(any PushProducer, isPaused: Bool)
    /// One that is asked is not asked again before it has given something.
    case pull(any PullProducer, isAsked: Bool)

    func stop() {
        switch self {
        case .push(let producer, _): producer.stopProducing()
        case .pull(let producer, _): producer.stopProducing()
        }
    }
}
