// SPDX-License-Identifier: Apache-2.0

/// A descriptor that is ready, for mechanisms that report in the order of their list.
struct ReadyDescriptor {
    let descriptor: CInt
    let event: SelectorEvent

    init(_ descriptor: CInt, _ token: UInt64, _ ready: Interest, hasEnded: Bool = false) {
        self.descriptor = descriptor
        event = SelectorEvent(token: token, ready: ready, hasEnded: hasEnded)
    }
}

/// Appends as many as there is room for, beginning behind the descriptor where the last call stopped, so that low
/// numbers do not starve high ones.
func append(
    _ ready: [ReadyDescriptor], to events: inout OutputSpan<SelectorEvent>, after turn: inout CInt
) -> Int {
    let count = min(ready.count, events.freeCapacity)
    let first = ready.firstIndex { $0.descriptor > turn } ?? 0
    for offset in 0..<count {
        events.append(ready[(first + offset) % ready.count].event)
    }
    turn = count < ready.count ? ready[(first + count - 1) % ready.count].descriptor : -1
    return count
}
