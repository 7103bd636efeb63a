// SPDX-License-Identifier: Apache-2.0

/// How text is written as bytes: UTF-8, GBK, Big5, Shift_JIS, Latin-1 and whatever else the system's iconv knows.
///
/// ```swift
/// print(sender, "sent:", try datagram.decoded(as: .gbk))
/// let reply = try "你好".encoded(as: .gbk)                 // C4 E3 BA C3
/// let greek = try TextEncoding("ISO-8859-7")
/// ```
/// Two values are equal when their names are, whatever the case of the letters; that two names mean the same encoding
/// (`GBK`, `CP936`) is not known.
///
/// C: `iconv_open(3)`.
public struct TextEncoding: Hashable, Sendable {
    /// The name, in capitals, as iconv takes it.
    public let name: String

    /// A name that is known to be well formed.
    init(named name: String) {
        self.name = name
    }

    /// An encoding by its name, in any case of letters: `gbk`, `Shift_JIS`, `KOI8-R`.
    ///
    /// - Throws: ``TextError`` with `.unknownEncoding` for a name that the system does not know in both directions, or
    ///   that is none: empty, over 64 bytes, or with anything but ASCII letters, digits and `-_.:()+`. A suffix such as
    ///   `//TRANSLIT` is refused: what happens to other characters is ``TextErrorPolicy``'s to say.
    ///   `.system` when the system has no memory or descriptor left.
    ///
    /// C: `iconv_open(3)`.
    public init(_ name: String) throws(TextError) {
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte) else {
            throw TextError(.open, encoding: name, .unknownEncoding)
        }
        let capitals = name.uppercased()
        self.init(named: capitals == "UTF8" ? Self.utf8.name : capitals)
        do throws(TextError) {
            _ = try TextConversion(.decode, self)
            _ = try TextConversion(.encode, self)
        } catch {
            throw TextError(.open, encoding: name, error.reason)
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-_.:()+".utf8.contains(byte)
        }
    }
}

extension TextEncoding: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}

/// The encodings that have a name of their own here. All but the first group need the C library's conversion modules,
/// which a stripped-down container may lack: the first conversion then throws `.unknownEncoding`.
extension TextEncoding {
    /// RFC 3629. A byte order mark is a character like any other.
    public static let utf8 = TextEncoding(named: "UTF-8")
    /// Reads the byte order that a mark at the start tells, else little-endian; writes a mark and little-endian.
    /// RFC 2781.
    public static let utf16 = TextEncoding(named: "UTF-16")
    /// Without a mark, least significant byte first. RFC 2781.
    public static let utf16LE = TextEncoding(named: "UTF-16LE")
    /// Without a mark, most significant byte first. RFC 2781.
    public static let utf16BE = TextEncoding(named: "UTF-16BE")
    /// Without a mark, least significant byte first. Unicode §3.10.
    public static let utf32LE = TextEncoding(named: "UTF-32LE")
    /// Without a mark, most significant byte first. Unicode §3.10.
    public static let utf32BE = TextEncoding(named: "UTF-32BE")
    /// Seven bits. RFC 20.
    public static let ascii = TextEncoding(named: "US-ASCII")

    /// Simplified Chinese, GB/T 2312-1980 as EUC-CN.
    public static let gb2312 = TextEncoding(named: "GB2312")
    /// Simplified Chinese as Windows writes it: GB 2312 and what GBK adds.
    public static let gbk = TextEncoding(named: "GBK")
    /// All of Unicode, compatible with GBK. GB 18030-2005.
    public static let gb18030 = TextEncoding(named: "GB18030")
    /// Traditional Chinese.
    public static let big5 = TextEncoding(named: "BIG5")
    /// Traditional Chinese with Hong Kong's supplement.
    public static let big5HKSCS = TextEncoding(named: "BIG5-HKSCS")

    /// Japanese, JIS X 0208 shifted. Byte 5C is the yen sign and 7E the overline, as JIS X 0201 has them; for texts in
    /// which they are a backslash and a tilde take ``windows31J``.
    public static let shiftJIS = TextEncoding(named: "SHIFT_JIS")
    /// Japanese as Windows writes it: Shift_JIS with the extensions of NEC and IBM (code page 932).
    public static let windows31J = TextEncoding(named: "CP932")
    /// Japanese on UNIX.
    public static let eucJP = TextEncoding(named: "EUC-JP")
    /// Japanese in mail: seven bits, with escape sequences. RFC 1468.
    public static let iso2022JP = TextEncoding(named: "ISO-2022-JP")
    /// Korean on UNIX, KS X 1001.
    public static let eucKR = TextEncoding(named: "EUC-KR")
    /// Korean as Windows writes it (unified Hangul, code page 949).
    public static let windows949 = TextEncoding(named: "UHC")

    /// Western European: each byte is the scalar of its number. ISO/IEC 8859-1.
    public static let latin1 = TextEncoding(named: "ISO-8859-1")
    /// Western European with the euro sign. ISO/IEC 8859-15.
    public static let latin9 = TextEncoding(named: "ISO-8859-15")
    /// Central European as Windows writes it.
    public static let windows1250 = TextEncoding(named: "CP1250")
    /// Cyrillic as Windows writes it.
    public static let windows1251 = TextEncoding(named: "CP1251")
    /// Western European as Windows writes it.
    public static let windows1252 = TextEncoding(named: "CP1252")
    /// Russian. RFC 1489.
    public static let koi8R = TextEncoding(named: "KOI8-R")
}
