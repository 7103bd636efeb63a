// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage

extension Explanation {
    /// Everything that `text` can mean: mostly one thing, for a bare number two. Never empty.
    ///
    /// Its form decides what it is taken for, so that an error speaks of what was meant.
    static func readings(of text: String, on machine: LocalMachine) throws(Inexplicable) -> [Explanation] {
        if let word = try SocketWord(reading: text) { return [Explanation(word)] }
        if let error = try errorNumber(text) { return [Explanation(error)] }
        if text.isDecimal { return try number(text, on: machine) }
        if let port = try port(text) { return [Explanation(port, on: machine)] }
        if let address = try? IPAddress(text) { return [Explanation(address, on: machine)] }
        if text.looksLikeNetwork { return [try network(text, on: machine)] }
        if text == "-" || text.contains(":") && !text.looksLikeIPv6 { return [try endpoint(text, on: machine)] }
        let ports = machine.servicePorts(text)
        if ports.isEmpty { throw complaint(about: text) }
        return ports.map { Explanation($0, on: machine) }
    }

    /// `ECONNREFUSED`; nil for a word that does not look like one.
    private static func errorNumber(_ text: String) throws(Inexplicable) -> Errno? {
        if let error = Errno(name: text) { return error }
        let looksLikeOne = text.count > 2 && text.hasPrefix("E") && text.allSatisfy { $0.isUppercase || $0.isNumber }
        if looksLikeOne { throw Inexplicable("\(text.quoted) is the name of no error of this system") }
        return nil
    }

    /// A bare number is an error's and a port's.
    private static func number(_ text: String, on machine: LocalMachine) throws(Inexplicable) -> [Explanation] {
        let error = Int32(text).map(Errno.init(rawValue:)).flatMap { $0.name == nil ? nil : Explanation($0) }
        do throws(AddressError) {
            let port = Explanation(try Port(text), on: machine)
            return error.map { [$0, port] } ?? [port]
        } catch {
            throw Inexplicable("\(error)")
        }
    }

    /// `:3306`, `53/udp`; nil for what does not look like one.
    private static func port(_ text: String) throws(Inexplicable) -> Port? {
        let hasProtocol = ["/tcp", "/udp"].contains(where: text.lowercased().hasSuffix)
        let digits = hasProtocol ? text.dropLast(4) : text.dropFirst()
        guard hasProtocol ? String(digits).isDecimal : text.hasPrefix(":") && !text.hasPrefix("::") else { return nil }
        do throws(AddressError) { return try Port(digits) } catch { throw Inexplicable("\(error)") }
    }

    /// An address with a prefix is explained as the address, unless it is the network's own.
    private static func network(_ text: String, on machine: LocalMachine) throws(Inexplicable) -> Explanation {
        do throws(AddressError) {
            let network = try IPNetwork(containing: text)
            let address = try IPAddress(text.prefix { $0 != "/" })
            return network.address == address
                ? Explanation(network) : Explanation(address, in: network, on: machine)
        } catch {
            throw Inexplicable("\(error)")
        }
    }

    private static func endpoint(_ text: String, on machine: LocalMachine) throws(Inexplicable) -> Explanation {
        do throws(AddressError) { return Explanation(try Endpoint(text), on: machine) } catch {
            throw Inexplicable("\(error)")
        }
    }

    /// What is wrong with a text that is nothing we know.
    private static func complaint(about text: String) -> Inexplicable {
        let isNumeric = text.first?.isNumber == true && text.allSatisfy { $0.isHexDigit || $0 == "." || $0 == "x" }
        if text.isEmpty || isNumeric || text.looksLikeIPv6 {
            do throws(AddressError) { _ = try IPAddress(text) } catch {
                let old = (try? IPv4Address(legacy: text)).map { "; inet_aton(3) would read it as \($0)" }
                return Inexplicable("\(error)\(old ?? "")")
            }
        }
        return Inexplicable(
            "\(text.quoted) is no address, network, host:port, port, service, error or socket word "
                + "(a host name is not looked up: nt explain works offline)")
    }
}

extension String {
    /// Whether there is nothing but decimal digits, and at least one.
    var isDecimal: Bool { !isEmpty && utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } }

    /// At least two colons, and nothing but what an IPv6 address is made of before its scope.
    fileprivate var looksLikeIPv6: Bool {
        let address = prefix { $0 != "%" }
        return address.count { $0 == ":" } > 1
            && address.allSatisfy { $0.isASCII && ($0.isHexDigit || $0 == ":" || $0 == ".") }
    }

    /// A slash, behind something that has no scheme.
    fileprivate var looksLikeNetwork: Bool {
        guard let slash = firstIndex(of: "/") else { return false }
        return !self[..<slash].contains(":") || String(self[..<slash]).looksLikeIPv6
    }
}
