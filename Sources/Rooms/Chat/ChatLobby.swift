// SPDX-License-Identifier: Apache-2.0
import Sockets

/// The rooms of a chat and who is in which: all of its logic, as a value that waits for nothing and sends nothing.
///
/// ```swift
/// var lobby = ChatLobby()
/// _ = lobby.enter(ann)                         // tells ann who she is, and everybody that guest1 has joined
/// let effects = lobby.receive("hi", from: ann) // announces "<guest1> hi" in the lobby to all but ann
/// ```
/// What is to be done comes back as ``ChatEffect``s: ``ChatServer`` does it over connections. Each text from outside is
/// made harmless before anybody sees it: what a terminal would act on is escaped.
public struct ChatLobby: Sendable {
    /// The room where everybody begins.
    public static let firstRoom = ChatName(known: "lobby")

    let limits: ChatLimits
    var people: [ChatMember: Person] = [:]
    private var names: [ChatName: ChatMember] = [:]
    private var rooms: [ChatName: ChatRoom]
    private var guests = 0

    /// Somebody who is here.
    struct Person: Sendable {
        var name: ChatName
        var room: ChatName
    }

    /// A chat with one room and nobody in it.
    public init(limits: ChatLimits = ChatLimits()) {
        self.limits = limits
        rooms = [Self.firstRoom: ChatRoom(Self.firstRoom, limits: limits)]
    }

    /// How many are here.
    public var memberCount: Int { people.count }

    /// Who is in a room, in the order of their coming.
    public func members(of room: ChatName) -> [ChatMember] { rooms[room]?.members ?? [] }

    /// A member's name; nil for one who is not here.
    public func name(of member: ChatMember) -> ChatName? { people[member]?.name }

    // MARK: What happens

    /// Somebody comes, with a name like `guest7`.
    ///
    /// - Returns: nil when there are as many as there may be.
    public mutating func enter(_ member: ChatMember) -> [ChatEffect]? {
        guard people.count < limits.members, people[member] == nil else { return nil }
        var name: ChatName
        repeat {
            guests += 1
            name = ChatName(known: "guest\(guests)")
        } while names[name] != nil
        names[name] = member
        people[member] = Person(name: name, room: Self.firstRoom)
        let welcome = "* welcome, \(name): what you write is read in \(Self.firstRoom); /help tells the rest"
        return arrive(member, in: Self.firstRoom, telling: [welcome])
    }

    /// Somebody has written a line.
    public mutating func receive(_ line: String, from member: ChatMember) -> [ChatEffect] {
        guard let person = people[member] else { return [] }
        let line = line.legible
        if line.utf8.first != UInt8(ascii: "/") { return say(line, person, member) }
        // Two slashes are one that is meant so.
        if line.utf8.dropFirst().first == UInt8(ascii: "/") { return say(String(line.dropFirst()), person, member) }
        return obey(line, of: person, member)
    }

    /// Somebody is gone.
    ///
    /// - Parameter reason: what the others are told, if it was not the member's own wish.
    public mutating func leave(_ member: ChatMember, because reason: String? = nil) -> [ChatEffect] {
        guard let person = people.removeValue(forKey: member) else { return [] }
        names[person.name] = nil
        return depart(member, person, because: reason)
    }

    /// Something has happened elsewhere.
    public mutating func receive(_ message: ChatMessage) -> [ChatEffect] {
        guard var room = rooms[message.room] else { return [] }
        if message.kind == .said { room.keep(message.line) } else if !room.isNoticed { return [] }
        rooms[message.room] = room
        return [.announce(message.line, in: message.room, except: nil)]
    }

    // MARK: What follows from it

    mutating func say(_ text: String, _ person: Person, _ member: ChatMember) -> [ChatEffect] {
        let message = ChatMessage(.said, room: person.room, sender: person.name, text: text)
        let line = message.line
        rooms[person.room]?.keep(line)
        return [.announce(line, in: person.room, except: member), .publish(message)]
    }

    mutating func rename(_ member: ChatMember, _ person: Person, to name: ChatName) -> [ChatEffect] {
        if let owner = names[name], owner != member { return [.tell(["* \(name) is taken"], to: member)] }
        names[person.name] = nil
        names[name] = member
        people[member]?.name = name
        let message = ChatMessage(.renamed, room: person.room, sender: person.name, text: name.description)
        let isNoticed = rooms[person.room]?.isNoticed ?? false
        let news: [ChatEffect] = [.announce(message.line, in: person.room, except: member), .publish(message)]
        return [.tell(["* you are now \(name)"], to: member)] + (isNoticed ? news : [])
    }

    mutating func move(_ member: ChatMember, _ person: Person, to name: ChatName) -> [ChatEffect] {
        if name == person.room { return [.tell(["* you are in \(name)"], to: member)] }
        if rooms[name] == nil {
            // One more than there may be, unless the room that is left goes with its last member.
            if rooms.count >= limits.rooms { return [.tell(["* there are too many rooms already"], to: member)] }
            rooms[name] = ChatRoom(name, limits: limits)
        }
        let departure = depart(member, person, because: nil)
        people[member]?.room = name
        return departure + arrive(member, in: name, telling: [])
    }

    func member(named name: ChatName) -> ChatMember? { names[name] }

    /// The rooms, by name.
    var allRooms: [ChatRoom] { rooms.values.sorted { $0.name.description < $1.name.description } }

    private mutating func arrive(_ member: ChatMember, in name: ChatName, telling lines: [String]) -> [ChatEffect] {
        guard let person = people[member] else { return [] }
        rooms[name]?.add(member)
        guard let room = rooms[name] else { return [] }
        let others = room.members.count - 1
        let company =
            "* you are in \(room.name) with \(others == 0 ? "nobody else" : "\(others) more"), as \(person.name)"
        let message = ChatMessage(.joined, room: room.name, sender: person.name)
        let news: [ChatEffect] = [.announce(message.line, in: name, except: member), .publish(message)]
        return [.tell(lines + [company] + room.history, to: member)] + (room.isNoticed ? news : [])
    }

    private mutating func depart(_ member: ChatMember, _ person: Person, because reason: String?) -> [ChatEffect] {
        let wasNoticed = rooms[person.room]?.isNoticed ?? false
        rooms[person.room]?.remove(member)
        if rooms[person.room]?.members.isEmpty == true, person.room != Self.firstRoom { rooms[person.room] = nil }
        guard wasNoticed else { return [] }
        let message = ChatMessage(.left, room: person.room, sender: person.name, text: reason ?? "")
        return [.announce(message.line, in: person.room, except: nil), .publish(message)]
    }
}
