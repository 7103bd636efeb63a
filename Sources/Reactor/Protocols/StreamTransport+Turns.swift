// SPDX-License-Identifier: Apache-2.0

/// Something to be sent when the producers before it have ended.
enum Turn {
    case bytes([UInt8])
    case producer(any PullProducer)
}

/// The queue of Python's `asynchat`: producers, and bytes between them, go out in the order in which they were pushed.
/// While any of it waits nothing is read, so that a peer that asks again and again without reading has none of it wait.
extension StreamTransport {
    /// Sends bytes, behind every producer that was registered before.
    func writeInTurn(_ bytes: [UInt8]) {
        if !loop.isCurrent { return loop.enqueue { [self] in writeInTurn(bytes) } }
        if extras?.producer == nil { return write(bytes) }
        ownExtras.turns.append(.bytes(bytes))
        let waiting = ownExtras.turns.reduce(bufferedCount) { $0 + $1.size }
        if waiting > ownExtras.maximumBuffered { end(.overflowed(ownExtras.maximumBuffered)) }
    }

    /// Registers a producer, as soon as the one before it has ended.
    func registerInTurn(_ producer: any PullProducer) {
        if isConnected { change(inserting: .isProducing) }
        if isConnected && extras?.producer != nil {
            ownExtras.turns.append(.producer(producer))
        } else {
            registerProducer(producer)
        }
    }

    /// A producer has ended: what comes behind it has its turn.
    func takeTurns() {
        guard let extras, isConnected else { return }
        while extras.producer == nil, let turn = extras.turns.first {
            // It still counts: what was pushed before the connection was closed is sent.
            switch turn {
            case .bytes(let bytes): write(bytes)
            case .producer(let producer): registerProducer(producer)
            }
            if !extras.turns.isEmpty { extras.turns.removeFirst() }
        }
        if extras.producer == nil && state.contains(.isProducing) {
            change(inserting: .hasResumed, removing: .isProducing)
        }
    }
}

extension Turn {
    fileprivate var size: Int { if case .bytes(let bytes) = self { bytes.count } else { 0 } }
}
