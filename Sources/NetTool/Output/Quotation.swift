// SPDX-License-Identifier: Apache-2.0
import Sockets

extension StringProtocol {
    /// The text in quotes, safe for a terminal, and cut where it is long.
    var quoted: String { "\"\(quotable(maximumLength: AddressError.maximumTextLength))\"" }
}
