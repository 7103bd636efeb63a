// SPDX-License-Identifier: Apache-2.0
import Sockets

extension StringProtocol {
    /// The text without what may be credentials of an endpoint.
    var masked: String { Endpoint.masked(Substring(self)).text }

    /// The text in quotes, safe for a terminal, and cut where it is long.
    var quoted: String { "\"\(quotable(maximumLength: AddressError.maximumTextLength))\"" }
}
