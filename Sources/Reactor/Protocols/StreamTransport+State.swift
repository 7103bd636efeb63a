// SPDX-License-Identifier: Apache-2.0

extension StreamTransport {
    /// Where a connection of callbacks stands: two bytes of it in place of fifteen.
    struct State: OptionSet {
        let rawValue: UInt16
        /// The protocol is being called.
        static let inCallback = State(rawValue: 1)
        /// It stands among those to be settled.
        static let isUnsettled = State(rawValue: 1 << 1)
        static let isPaused = State(rawValue: 1 << 2)
        /// The peer does not take what is written: nothing is read.
        static let isFull = State(rawValue: 1 << 3)
        static let isDisconnecting = State(rawValue: 1 << 4)
        static let hasEnded = State(rawValue: 1 << 5)
        static let isOver = State(rawValue: 1 << 6)
        static let waitsToReceive = State(rawValue: 1 << 7)
        static let waitsToSend = State(rawValue: 1 << 8)
        static let wantsShutdown = State(rawValue: 1 << 9)
        static let hasShutDown = State(rawValue: 1 << 10)
        static let hasBegun = State(rawValue: 1 << 11)
        /// The protocol is to hear that reading goes on.
        static let hasResumed = State(rawValue: 1 << 12)
        /// A rate is used up: until its timer nothing is read, or sent.
        static let isReadHeld = State(rawValue: 1 << 13)
        static let isWriteHeld = State(rawValue: 1 << 14)
        /// A producer that was pushed is at work: nothing is read.
        static let isProducing = State(rawValue: 1 << 15)

        /// What has come is not handed over.
        static let noDelivery: State = [.isPaused, .isFull, .isProducing, .isDisconnecting, .isOver]

        static let noReading: State = [
            .isPaused, .isFull, .isDisconnecting, .hasEnded, .isOver, .isReadHeld, .isProducing, .waitsToReceive,
        ]
    }
}
