// SPDX-License-Identifier: Apache-2.0
import SystemPackage

extension Socket {
    /// Binds a path, taking over what a dead server left there; see `System/BoundPath.swift` for how.
    ///
    /// - Parameter backlog: how many clients may wait; nil for a socket that does not listen.
    /// - Throws: ``SocketError/isAddressInUse`` when somebody answers there, or when what is there is no socket.
    func bindPath(_ path: [UInt8], _ address: SocketAddress, backlog: Int?) throws(SocketError) -> BoundPath? {
        do throws(Errno) {
            let lock = try? DirectoryLock(of: path)
            do throws(Errno) { try SystemCalls.bind(number, to: address) } catch {
                guard error == .addressInUse, lock != nil, let file = staleFile(path, address) else { throw error }
                try replace(file, at: path, address)
            }
            do throws(Errno) {
                if let backlog { try SystemCalls.listen(number, backlog: CInt(clamping: max(0, backlog))) }
            } catch {
                try? SystemCalls.unlink(path, in: SystemCalls.currentDirectory)
                throw error
            }
            return BoundPath(path)
        } catch {
            throw Self.bindError(backlog == nil ? .bind : .listen, error, address, kind)
        }
    }

    /// The file that a dead server left at the path; nil if a socket has it still. Any answer but "refused" leaves it
    /// alone.
    ///
    /// The probe is of another kind than the listener: a living one says "wrong type" and never gets to see a client
    /// that only knocked.
    private func staleFile(_ path: [UInt8], _ address: SocketAddress) -> FileStatus? {
        // A plain file refuses connections too, and must not be lost.
        guard let file = try? BoundPath.file(at: path), file.kind == .socket,
            var probe = try? Socket(.unix, kind == .datagram ? .stream : .datagram),
            case .failure(let error) = probe.connectResult(to: address),
            error.reason == .system(.connectionRefused)
        else { return nil }
        return file
    }

    /// Removes the stale file, if that is still what is there, and binds the path itself: it is the name by which the
    /// system then knows the socket.
    private func replace(_ file: FileStatus, at path: [UInt8], _ address: SocketAddress) throws(Errno) {
        let found = try BoundPath.file(at: path)
        guard found.device == file.device, found.inode == file.inode else { throw .addressInUse }
        try SystemCalls.unlink(path, in: SystemCalls.currentDirectory)
        try SystemCalls.bind(number, to: address)
    }
}
