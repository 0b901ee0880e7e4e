import Diagnostics

/// A program: its root command and version, and the pure function that parses its command line.
public struct Program: Sendable {
  /// The root command; its name is the program's.
  public let root: any Command.Type
  /// What `--version` prints.
  public let version: String

  /// Makes a program.
  public init(root: any Command.Type, version: String) {
    self.root = root
    self.version = version
  }

  /// What a command line asks for.
  public enum Request: Sendable {
    /// Run this command.
    case run(any Command)
    /// Print this text (help page or version) to standard output and end with success.
    case print(String)
  }

  /// Parses a command line (without the program's own name), validates it, and touches nothing.
  /// - Throws: `UsageError`.
  public func parse(_ arguments: [String]) throws -> Request {
    var path: [any Command.Type] = [root]
    var rest = arguments[...]
    if rest.first == "help" {
      rest.removeFirst()
      path += try subcommands(along: &rest, below: root)
      if let extra = rest.first { throw unknownSubcommand(extra, path) }
      return .print(HelpPage(path: path, hasVersion: path.count == 1).text)
    }
    path += try subcommands(along: &rest, below: root)
    let command = path[path.count - 1]

    var parser = Parser(path: path, rest: rest)
    switch try parser.parse() {
    case .help: return .print(HelpPage(path: path, hasVersion: path.count == 1).text)
    case .version: return .print(version)
    case .values(let values):
      if !command.subcommands.isEmpty {
        return .print(HelpPage(path: path, hasVersion: path.count == 1).text)
      }
      do {
        return .run(try command.init(values))
      } catch let error as ValidationError {
        throw UsageError(error.description, path)
      }
    }
  }

  /// Takes the leading words that name subcommands.
  private func subcommands(along rest: inout ArraySlice<String>, below root: any Command.Type)
    throws -> [any Command.Type]
  {
    var path = [root]
    while let word = rest.first, let last = path.last, !last.subcommands.isEmpty,
      !word.hasPrefix("-")
    {
      guard let next = last.subcommands.first(where: { $0.name == word }) else {
        throw unknownSubcommand(word, path)
      }
      path.append(next)
      rest.removeFirst()
    }
    return Array(path.dropFirst())
  }

  private func unknownSubcommand(_ word: String, _ path: [any Command.Type]) -> UsageError {
    let names = path[path.count - 1].subcommands.map { $0.name }
    guard !names.isEmpty else { return UsageError("Unexpected argument '\(word)'.", path) }
    var message = "Unknown subcommand '\(word)'."
    if let near = Spelling.closest(to: word, among: names) {
      message += " Did you mean '\(near)'?"
    } else {
      message += " Please give one of \(names.quotedAlternatives())."
    }
    return UsageError(message, path)
  }
}

extension UsageError {
  init(_ message: String, _ path: [any Command.Type]) {
    self.init(
      message: message, usage: HelpPage(path: path, hasVersion: false).usage,
      command: path.map { $0.name }.joined(separator: " "))
  }
}
