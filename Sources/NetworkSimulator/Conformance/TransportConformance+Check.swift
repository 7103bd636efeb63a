// SPDX-License-Identifier: Apache-2.0

extension TransportConformance {
    /// What is checked. The raw value is the promise in words.
    public enum Check: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// Bytes.
        case order = "bytes arrive in order, whatever they were sent as"
        case smallMemory = "a message can be read through memory that is smaller"
        case nothing = "sending nothing sends nothing, and is no end"
        case noRoom = "room for nothing is an error and not the end"
        case pieces = "pieces that are sent together arrive as one"
        case pingPong = "questions and answers take turns"
        case randomSizes = "reads and writes of any sizes fit each other"
        case leases = "leases keep their bytes, and their memory is used again"

        /// Backpressure.
        case slowReader = "a sender waits for a slow reader, and goes on"
        case bothWays = "a large transfer is whole in both directions at once"

        /// The end.
        case halfClose = "one direction ends, and the other goes on"
        case endStays = "the end is nil, and stays nil"
        case sendAfterEnd = "nothing can be sent after one's own end"
        case peerCloses = "what was sent before closing arrives, then the end"
        case peerAborts = "a peer that throws the connection away breaks it"
        case closeWakesReader = "closing wakes who waits to receive"
        case closeWakesWriter = "closing wakes who waits to send"
        case agreement = "a graceful close waits for the peer's end, and throws away what it still sent"
        case closeTwice = "closing twice is closing once"
        case afterClose = "after closing, every operation says so"

        /// Tasks.
        case secondReader = "a second reader is told that the first one is busy"
        case secondWriter = "a second writer is told that the first one is busy"
        case cancelledReader = "a reading child that is cancelled alone wakes, and the connection lives on"
        case cancelledWriter = "a writing child that is cancelled alone wakes, and the connection lives on"
        case cancelledBefore = "a task that is cancelled already does not wait"
        case cancelledOwner = "cancelling its owner ends a connection's waits for good"

        /// Deadlines.
        case readDeadline = "a read deadline ends the wait, not before its time, and nothing else"
        case writeDeadline = "a write deadline ends the wait, not before its time, and nothing else"
        case nestedDeadlines = "of nested deadlines the earliest counts, wherever it stands"
        case idleLimit = "a peer that is silent for too long ends the wait, and nothing else"
        case pastDeadline = "a deadline that is over ends a wait at once"

        /// The promise in words.
        public var description: String { rawValue }
    }
}

extension TransportConformance.Check {
    /// - Throws: ``Mismatch`` where something is not as it should be, and whatever else was thrown.
    func run(_ ends: TransportEnds) async throws {
        switch self {
        case .order: try await ends.checkOrder()
        case .smallMemory: try await ends.checkSmallMemory()
        case .nothing: try await ends.checkNothing()
        case .noRoom: try await ends.checkNoRoom()
        case .pieces: try await ends.checkPieces()
        case .pingPong: try await ends.checkPingPong()
        case .randomSizes: try await ends.checkRandomSizes()
        case .leases: try await ends.checkLeases()
        case .slowReader: try await ends.checkSlowReader()
        case .bothWays: try await ends.checkBothWays()
        case .halfClose: try await ends.checkHalfClose()
        case .endStays: try await ends.checkEndStays()
        case .sendAfterEnd: try await ends.checkSendAfterEnd()
        case .peerCloses: try await ends.checkPeerCloses()
        case .peerAborts: try await ends.checkPeerAborts()
        case .closeWakesReader: try await ends.checkCloseWakesReader()
        case .closeWakesWriter: try await ends.checkCloseWakesWriter()
        case .agreement: try await ends.checkAgreement()
        case .closeTwice: try await ends.checkCloseTwice()
        case .afterClose: try await ends.checkAfterClose()
        case .secondReader: try await ends.checkSecondReader()
        case .secondWriter: try await ends.checkSecondWriter()
        case .cancelledReader: try await ends.checkCancelledReader()
        case .cancelledWriter: try await ends.checkCancelledWriter()
        case .cancelledBefore: try await ends.checkCancelledBefore()
        case .cancelledOwner: try await ends.checkCancelledOwner()
        case .readDeadline: try await ends.checkReadDeadline()
        case .writeDeadline: try await ends.checkWriteDeadline()
        case .nestedDeadlines: try await ends.checkNestedDeadlines()
        case .idleLimit: try await ends.checkIdleLimit()
        case .pastDeadline: try await ends.checkPastDeadline()
        }
    }
}
