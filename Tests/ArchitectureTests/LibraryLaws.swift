// SPDX-License-Identifier: Apache-2.0

/// What the code of `Sources` never does, each law a function from a file to its violations.
enum LibraryLaws {
    /// Foundation: a static program without it has 6 MB and starts in 2 ms, with it 58 MB.
    static func foundationViolations(in file: SourceFile) -> [Violation] {
        guard file.module != nil else { return [] }
        return file.imports.filter { $0.module.hasPrefix("Foundation") }.map {
            Violation(file, line: $0.line, "\($0.module) is imported by no library and not by the tool")
        }
    }

    /// An error that ends the process instead of being told.
    static func forcedTryViolations(in file: SourceFile) -> [Violation] {
        guard file.module != nil else { return [] }
        // `try !isOpen()` negates: here the blank counts.
        return file.code.enumerated().filter { $0.element.contains("try!") }.map {
            Violation(file, line: $0.offset + 1, "try! ends the process when the world goes wrong")
        }
    }

    /// Printing, which is the program's business (law 11).
    static func printingViolations(in file: SourceFile) -> [Violation] {
        guard let module = file.module, module != "NetTool", module != "nt" else { return [] }
        let calls = ["print(", "debugPrint(", "dump(", "fputs(", "puts(", "printf("]
        return lines(of: file, with: calls, message: "prints, and a library never does").filter { violation in
            // A method of the same name, declared or called, is not the global function.
            guard let line = violation.line else { return true }
            let code = file.code[line - 1]
            return !code.contains("func ") && !calls.contains { code.contains(".\($0)") }
        }
    }

    /// What makes a simulated run differ from the one before it with the same seed (law 12). That no Set or
    /// Dictionary is walked where the order shows can't be seen in the text: reviewers look for it.
    static func repeatabilityViolations(in file: SourceFile) -> [Violation] {
        guard file.module != nil, !outsideIsWrapped.contains(where: { file.path.isCovered(by: $0) }) else { return [] }
        return unrepeatable.flatMap { forms, reason in lines(of: file, with: forms, message: reason) }
    }

    /// The places where the outside enters, to be handed on as a value that a simulation can replace.
    static let outsideIsWrapped = ["Sources/Sockets/System/", "Sources/Reactor/World/"]

    private static let unrepeatable: [(forms: [String], reason: String)] = [
        (["Task{", "Task(", "Task.init", "Task.detached", "Task.immediate"], "starts a task that no scope waits for"),
        (["Task.sleep"], "sleeps outside the loop's time"),
        (
            ["ContinuousClock", "SuspendingClock", "clock_gettime", "gettimeofday", "time(nil)"],
            "is the real clock: time comes from the world, or from Sockets/System"
        ),
        (
            [".random(", ".randomElement(", ".shuffle(", ".shuffled(", "SystemRandomNumberGenerator", "arc4random"],
            "is randomness that no seed repeats: it comes from the world"
        ),
        (["hashValue", "Hasher("], "differs from run to run"),
    ]

    /// What the pure codecs have no business with: they are given bytes, times and random bytes, and give back events.
    static func purityViolations(in file: SourceFile) -> [Violation] {
        guard file.module == "Wire" else { return [] }
        return file.code.enumerated().flatMap { index, code in
            ["async", "await", "FileDescriptor", "FilePath"].filter { code.contains(form: $0) }.map {
                Violation(file, line: index + 1, "\($0) in Wire, which has no input, no output and no clock")
            }
        }
    }

    /// A choice of platform inside a declaration: it chooses a file or a typealias, never a statement.
    static func platformViolations(in file: SourceFile) -> [Violation] {
        var depth = 0
        return file.code.enumerated().compactMap { index, code in
            let directive = code.drop { $0 == " " }
            if directive.hasPrefix("#if") || directive.hasPrefix("#elseif") {
                let choosesPlatform = ["os(", "canImport(", "targetEnvironment("].contains { directive.contains($0) }
                guard choosesPlatform && depth > 0 else { return nil }
                return Violation(file, line: index + 1, "a platform is chosen by file or typealias, at the top level")
            }
            depth += code.count { $0 == "{" } - code.count { $0 == "}" }
            return nil
        }
    }

    /// A trait tested in more than one file of a module.
    static func traitViolations(in files: [SourceFile]) -> [Violation] {
        let testing = files.filter { file in
            file.code.contains { $0.drop { $0 == " " }.hasPrefix("#if") && $0.contains(form: "TLS") }
        }
        return Dictionary(grouping: testing) { $0.module ?? "" }.sorted { $0.key < $1.key }.flatMap { module, files in
            files.dropFirst().map { Violation($0, "module \(module) tests the trait TLS in \(files[0].path) already") }
        }
    }

    /// The lines whose code holds one of the forms.
    private static func lines(of file: SourceFile, with forms: [String], message: String) -> [Violation] {
        file.code.enumerated().flatMap { index, code in
            forms.filter { code.contains(form: $0) }.map { Violation(file, line: index + 1, "\($0) \(message)") }
        }
    }
}
