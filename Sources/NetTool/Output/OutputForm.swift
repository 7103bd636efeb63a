// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The flags that choose the form of the output, the same for every verb.
struct OutputForm: ParsableArguments {
    @Flag(name: .long, help: #"One JSON object a line; the last is {"event":"end",…}."#)
    var json = false
}
