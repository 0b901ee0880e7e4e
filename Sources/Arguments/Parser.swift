import Diagnostics

/// Parses the words after the last subcommand's name.
struct Parser {
  let path: [any Command.Type]
  var rest: ArraySlice<String>

  private var texts: [String: [String]] = [:]
  private var positionals: [String] = []

  enum Outcome {
    case help
    case version
    case values(ParsedArguments)
  }

  init(path: [any Command.Type], rest: ArraySlice<String>) {
    self.path = path
    self.rest = rest
  }

  private var parameters: [any AnyParameter] { path[path.count - 1].parameters }

  private func failure(_ message: String) -> UsageError { UsageError(message, path) }

  mutating func parse() throws -> Outcome {
    var optionsEnded = false
    while let word = rest.popFirst() {
      if optionsEnded || word == "-" || !word.hasPrefix("-") || isNegativeNumber(word) {
        positionals.append(word)
      } else if word == "--" {
        optionsEnded = true
      } else if word == "--help" || word == "-h" {
        return .help
      } else if word == "--version", path.count == 1 {
        return .version
      } else if word.hasPrefix("--") {
        try parseLong(word.dropFirst(2))
      } else if try parseShort(word.dropFirst()) {
        return .help
      }
    }
    try assignPositionals()
    return .values(ParsedArguments(texts: texts))
  }

  private func isNegativeNumber(_ word: String) -> Bool {
    word.hasPrefix("-") && Double(word) != nil
  }

  /// `--name`, `--name value` or `--name=value`.
  private mutating func parseLong(_ word: Substring) throws {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let joined = parts.count > 1 ? String(parts[1]) : nil
    let named = parameters.first {
      $0.description.form != .positional && $0.description.name == name
    }
    guard let named else { throw unknownOption("--\(name)") }
    try take(named, joined: joined)
  }

  /// `-x`, `-x value`, `-x=value`, or several flags as `-xyz`. Returns true if help is asked for.
  private mutating func parseShort(_ word: Substring) throws -> Bool {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let letters = Array(parts[0])
    let joined = parts.count > 1 ? String(parts[1]) : nil
    let named = letters.map { letter in
      parameters.first { $0.description.short == letter }
    }
    for (index, letter) in letters.enumerated() {
      if letter == "h", named[index] == nil { return true }
      guard let parameter = named[index],
        letters.count == 1 || parameter.description.form == .flag
      else { throw unknownOption(letters.count == 1 ? "-\(letter)" : "-\(word)") }
      try take(parameter, joined: index == letters.count - 1 ? joined : nil)
    }
    return false
  }

  private mutating func take(_ parameter: any AnyParameter, joined: String?) throws {
    let row = parameter.description
    if row.form == .flag {
      guard joined == nil else {
        throw failure("The flag '--\(row.name)' takes no value, but '\(joined ?? "")' was given.")
      }
      texts[row.name] = ["true"]
      return
    }
    var value = joined
    if value == nil, let next = rest.first,
      next == "-" || !next.hasPrefix("-") || isNegativeNumber(next)
    {
      value = rest.removeFirst()
    }
    guard let value else { throw failure("Missing value for '\(row.label)'.") }
    try check(value, parameter)
    texts[row.name, default: []].append(value)
  }

  private func check(_ value: String, _ parameter: any AnyParameter) throws {
    guard let problem = parameter.problem(with: value) else { return }
    let row = parameter.description
    var message = "The value '\(value)' is invalid for '\(row.label)'. "
    if let near = Spelling.closest(to: value, among: row.allowed) {
      message += "Did you mean '\(near)'? "
    }
    throw failure(message + problem)
  }

  /// Gives each positional argument its words, in order; a repeated one takes all that are left
  /// but those that later ones need.
  private mutating func assignPositionals() throws {
    let rows = parameters.filter { $0.description.form == .positional }
    var words = positionals[...]
    for (index, parameter) in rows.enumerated() {
      let row = parameter.description
      let neededLater = rows[(index + 1)...].count { !$0.description.isOptional }
      let available = max(0, words.count - neededLater)
      let count = row.isRepeated ? available : min(1, available)
      guard count > 0 || row.isOptional else {
        throw failure("Missing expected argument '\(row.label)'.")
      }
      for word in words.prefix(count) { try check(word, parameter) }
      if count > 0 { texts[row.name] = Array(words.prefix(count)) }
      words = words.dropFirst(count)
    }
    guard words.isEmpty else {
      let list = words.map { "'\($0)'" }.joined(separator: ", ")
      throw failure(
        words.count == 1
          ? "Unexpected argument \(list)." : "\(words.count) unexpected arguments: \(list).")
    }
  }

  private func unknownOption(_ name: String) -> UsageError {
    var known = parameters.map(\.description).filter { $0.form != .positional }.flatMap {
      row in ["--\(row.name)"] + (row.short.map { ["-\($0)"] } ?? [])
    }
    known.append("--help")
    if path.count == 1 { known.append("--version") }
    let candidates = name.hasPrefix("--") ? known.filter { $0.hasPrefix("--") } : []
    let near = Spelling.closest(
      to: String(name.drop { $0 == "-" }), among: candidates.map { String($0.dropFirst(2)) })
    return failure("Unknown option '\(name)'." + (near.map { " Did you mean '--\($0)'?" } ?? ""))
  }
}
