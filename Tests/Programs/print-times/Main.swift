// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Prints the seconds on its standard input as local time and as UTC: a process of its own, because a process has one
/// time zone.
@main enum PrintTimes {
    static func main() {
        while let line = readLine(), let seconds = Int64(line) {
            let time = CTime(secondsSinceEpoch: seconds)
            print("\(time)|\(time.utcDescription)")
        }
    }
}
