// SPDX-License-Identifier: Apache-2.0
import CSockets

/// An instant that prints as C's `ctime` does, without the newline: `Sat Nov 21 10:44:03 2026`.
///
/// ```swift
/// try client.sendAll("[\(CTime.now())] \(text)".utf8)
/// ```
/// Whole seconds since 1970 began in Greenwich, leap seconds not counted. Any second can be printed: years before 1 are
/// written as the astronomers do (0, −1, …), in the calendar of today carried back. The text has 24 bytes for the years
/// 1000 to 9999.
///
/// C: `ctime(3)`.
public struct CTime: Hashable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01 00:00:00 UTC, negative before.
    public let secondsSinceEpoch: Int64

    /// The instant so many seconds after 1970-01-01 00:00:00 UTC.
    public init(secondsSinceEpoch: Int64) {
        self.secondsSinceEpoch = secondsSinceEpoch
    }

    /// What the machine's clock shows. It may be set, back too: to measure how long something takes, use a clock.
    ///
    /// C: `clock_gettime(2)` with `CLOCK_REALTIME`.
    public static func now() -> CTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return CTime(secondsSinceEpoch: Int64(time.tv_sec))
    }

    /// The text in the local time zone, as `TZ` or the system has it when the process first asks; beyond the year
    /// 2,147,485,547, where the system has no local time any more, in UTC.
    ///
    /// C: `localtime_r(3)`.
    public var description: String {
        var local = unsafe tm()
        guard var seconds = time_t(exactly: secondsSinceEpoch), unsafe localtime_r(&seconds, &local) != nil else {
            return utcDescription
        }
        return unsafe Self.text(
            weekday: Int(local.tm_wday), month: Int(local.tm_mon), day: Int64(local.tm_mday),
            time: (Int64(local.tm_hour), Int64(local.tm_min), Int64(local.tm_sec)), year: Int64(local.tm_year) + 1900)
    }

    /// The text in UTC.
    ///
    /// C: `gmtime_r(3)`.
    public var utcDescription: String {
        let (days, second) = secondsSinceEpoch.flooredDivision(by: 86_400)
        let (year, month, day) = Self.date(ofDay: days)
        let weekday = (days + 4).flooredDivision(by: 7).remainder  // the first day was a Thursday
        return Self.text(
            weekday: Int(weekday), month: month, day: day,
            time: (second / 3600, second / 60 % 60, second % 60), year: year)
    }

    /// The date of a day, counted from 1970-01-01; the month counted from 0.
    ///
    /// The year is taken to begin in March: then the leap day is its last, the months' lengths repeat every five months
    /// (153 days), and the calendar every 400 years (146,097 days).
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int, day: Int64) {
        let daysFromMarchOfYear0To1970: Int64 = 719_468
        let (cycle, dayOfCycle) = (day + daysFromMarchOfYear0To1970).flooredDivision(by: 146_097)
        let leapDaysBefore = dayOfCycle / 1460 - dayOfCycle / 36_524 + dayOfCycle / 146_096
        let yearOfCycle = (dayOfCycle - leapDaysBefore) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let isNextYear = monthFromMarch >= 10
        return (cycle * 400 + yearOfCycle + (isNextYear ? 1 : 0), Int(monthFromMarch + 2) % 12, dayOfMonth)
    }

    private static func text(
        weekday: Int, month: Int, day: Int64, time: (hour: Int64, minute: Int64, second: Int64), year: Int64
    ) -> String {
        let clock = [time.hour, time.minute, time.second].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        return "\(weekdays[weekday]) \(months[month]) \(day < 10 ? " " : "")\(day) \(clock) \(year)"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}

extension Int64 {
    /// Division whose remainder is never negative.
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
