// SPDX-License-Identifier: Apache-2.0
public import Logging

extension EventLoop {
    /// Logs from now on what goes wrong on this loop without anybody's asking; any thread may call this.
    ///
    /// | level | message | keys |
    /// |---|---|---|
    /// | warning | `loop was held` | `seconds` |
    /// | warning | `connection was dropped without being closed` | `peer` |
    ///
    /// It takes the places of ``slowTurn`` and ``lostClose``. To tell a group's loops apart give each a logger with
    /// metadata of its own; ``EventLoopGroup/logTrouble(to:turnsOver:)`` does.
    ///
    /// - Parameters:
    ///   - logger: where to; it is used on the loop, so that its handler must not block.
    ///   - limit: how long a turn of the loop may take.
    public func logTrouble(to logger: Logger, turnsOver limit: Duration = .milliseconds(100)) {
        perform { [self] in
            slowTurn = (limit, { logger.warning("loop was held", metadata: ["seconds": "\($0.inSeconds)"]) })
            lostClose = { peer in
                let metadata: Logger.Metadata = peer.map { ["peer": "\($0)"] } ?? [:]
                logger.warning("connection was dropped without being closed", metadata: metadata)
            }
        }
    }
}

extension EventLoopGroup {
    /// Logs what goes wrong on any of the loops: ``EventLoop/logTrouble(to:turnsOver:)`` with the loop's number in the
    /// group as `loop`.
    public func logTrouble(to logger: Logger, turnsOver limit: Duration = .milliseconds(100)) {
        for (number, loop) in loops.enumerated() {
            var logger = logger
            logger[metadataKey: "loop"] = "\(number)"
            loop.logTrouble(to: logger, turnsOver: limit)
        }
    }
}
