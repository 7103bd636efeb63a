// SPDX-License-Identifier: Apache-2.0

// The umbrella: one import for a program that wants everything.
@_exported public import Reactor
@_exported public import SocketServer
@_exported public import Sockets
@_exported public import Wire
