import Arguments

/// A program like ours, with every kind of parameter.
struct Sample: CommandGroup {
  static let name = "sample"
  static let abstract = "A program for tests."
  static let subcommands: [any Command.Type] = [Train.self, Data.self]

  static func parse(_ words: String...) throws -> Program.Request {
    try Program(root: Sample.self, version: "sample 1.2").parse(words)
  }

  /// The train command that a line gives.
  static func train(_ words: String...) throws -> Train {
    let request = try Program(root: Sample.self, version: "").parse(["train"] + words)
    guard case .run(let command) = request, let train = command as? Train else {
      throw NotTrain()
    }
    return train
  }

  struct NotTrain: Error {}
}

enum Format: String, CaseIterable, ArgumentValue { case text, markdown, csv }

struct Train: Command {
  static let name = "train"
  static let abstract = "Trains something for a number of steps that is given on the command line."

  static let file = Parameter<String>.argument("file", help: "The file.")
  static let others = Parameter<[String]>.arguments("others", isOptional: true, help: "More files.")
  static let steps = Parameter<Int>.option(
    "steps", short: "n", value: "count", default: 100, help: "Steps to take.",
    check: { $0 > 0 ? nil : "It must be positive." })
  static let rate = Parameter<Double?>.option("rate", help: "The rate.")
  static let format = Parameter<Format>.option("format", default: .text, help: "The format.")
  static let set = Parameter<[String]>.list("set", value: "key=value", help: "A setting.")
  static let seeds = Parameter<[UInt64]>.list(
    "seeds", value: "list", separator: ",", default: [0], help: "Seeds.")
  static let verbose = Parameter<Bool>.flag("verbose", short: "v", help: "Say more.")
  static let quiet = Parameter<Bool>.flag("quiet", short: "q", help: "Say less.")
  static let parameters: [any AnyParameter] = [
    file, others, steps, rate, format, set, seeds, verbose, quiet,
  ]

  let values: ParsedArguments

  init(_ arguments: ParsedArguments) throws {
    values = arguments
    if arguments[Self.verbose], arguments[Self.quiet] {
      throw ValidationError("'--verbose' and '--quiet' exclude each other.")
    }
  }

  func run() throws {}
}

struct Data: CommandGroup {
  static let name = "data"
  static let abstract = "Looks after data."
  static let discussion = """
    A first paragraph, which is written in one line of the source however long it is: 80 columns do.

    A second one
    in several lines.
    """
  static let subcommands: [any Command.Type] = [Generate.self]
}

struct Generate: Command {
  static let name = "generate"
  static let abstract = "Generates data."
  init(_ arguments: ParsedArguments) throws {}
  func run() throws {}
}
