// SPDX-License-Identifier: Apache-2.0
import CSockets
import SystemPackage

/// Room for the control messages of one `sendmsg` or `recvmsg`, and the walk over them.
///
/// C: `cmsg(3)`.
@safe struct ControlBuffer: ~Copyable {
    private let memory: UnsafeMutableRawBufferPointer

    init(capacity: Int) {
        unsafe memory = .allocate(byteCount: max(capacity, 0), alignment: MemoryLayout<cmsghdr>.alignment)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Room for what is sent, filled.
    init(_ items: [(level: CInt, type: CInt, bytes: [UInt8])]) {
        self.init(capacity: items.reduce(0) { $0 + nw_cmsg_space($1.bytes.count) })
        var message = unsafe msghdr()
        unsafe attach(to: &message)
        var header = unsafe nw_cmsg_first(&message)
        for item in items {
            guard let room = unsafe header else { return }
            unsafe room.pointee.cmsg_level = item.level
            unsafe room.pointee.cmsg_type = item.type
            unsafe room.pointee.cmsg_len = nw_cmsg_len(item.bytes.count)
            unsafe nw_cmsg_data(room).copyMemory(from: item.bytes, byteCount: item.bytes.count)
            unsafe header = nw_cmsg_next(&message, room)
        }
    }

    /// Lends the room to a message for a call.
    func attach(to message: inout msghdr) {
        unsafe message.msg_control = memory.isEmpty ? nil : memory.baseAddress
        unsafe message.msg_controllen = memory.count
    }

    /// Visits what a call left. A header whose length makes no sense ends the walk.
    static func forEachItem(
        in message: inout msghdr, _ body: (_ level: CInt, _ type: CInt, _ bytes: [UInt8]) -> Void
    ) {
        var header = unsafe nw_cmsg_first(&message)
        while let item = unsafe header {
            let length = unsafe item.pointee.cmsg_len
            guard length >= nw_cmsg_len(0) else { return }
            let data = unsafe UnsafeRawBufferPointer(start: nw_cmsg_data(item), count: length - nw_cmsg_len(0))
            unsafe body(item.pointee.cmsg_level, item.pointee.cmsg_type, [UInt8](data))
            unsafe header = nw_cmsg_next(&message, item)
        }
    }
}
