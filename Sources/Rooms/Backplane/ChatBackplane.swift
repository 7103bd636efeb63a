// SPDX-License-Identifier: Apache-2.0
public import Reactor

/// What joins the rooms of several chats: each hears what happens in the others'.
///
/// Everything is called on the chat's loop. A chat talks on whether its backplane is there or not.
public protocol ChatBackplane: Sendable {
    /// Works until the task is cancelled: hands what happens elsewhere to `receive`, each message once.
    nonisolated(nonsending) func run(on loop: EventLoop, _ receive: @Sendable (ChatMessage) -> Void) async

    /// Tells the others, without waiting. What can't be told soon is kept, up to a limit.
    func publish(_ message: ChatMessage)
}
