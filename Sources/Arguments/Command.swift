/// One subcommand of a program.
///
/// The table (`name`, `abstract`, `parameters`, `subcommands`) is all that parsing and help pages
/// need. After the whole line has been parsed, `init` reads the values and checks them against each
/// other, and only then does `run` begin.
public protocol Command: Sendable {
  /// The word on the command line.
  static var name: String { get }

  /// One capitalised sentence for the help page.
  static var abstract: String { get }

  /// Further paragraphs for the help page; may be empty.
  static var discussion: String { get }

  /// Its options and arguments, in the order of the help page.
  static var parameters: [any AnyParameter] { get }

  /// Its subcommands. A command that has some does nothing itself but show help.
  static var subcommands: [any Command.Type] { get }

  /// Reads the values and checks them against each other.
  /// - Throws: `ValidationError` if they do not go together.
  init(_ arguments: ParsedArguments) throws

  /// Does the work. Errors end the program with their exit code.
  func run() throws
}

extension Command {
  /// Nothing more to say.
  public static var discussion: String { "" }

  /// No options or arguments.
  public static var parameters: [any AnyParameter] { [] }

  /// No subcommands.
  public static var subcommands: [any Command.Type] { [] }
}

/// A command that only holds subcommands; given without one it shows its help page.
public protocol CommandGroup: Command {
  /// Makes the group, which holds nothing.
  init()
}

extension CommandGroup {
  /// Nothing to read.
  public init(_ arguments: ParsedArguments) throws { self.init() }

  /// Never reached: the parser answers a group without a subcommand with its help page.
  public func run() throws {}
}

/// The values of one command, read by parameter.
public struct ParsedArguments: Sendable {
  var texts: [String: [String]] = [:]

  /// The value of a parameter that the command lists.
  public subscript<Value>(parameter: Parameter<Value>) -> Value {
    parameter.read(texts[parameter.description.name] ?? [])
  }

  /// Whether the parameter was given on the command line.
  public func isGiven<Value>(_ parameter: Parameter<Value>) -> Bool {
    texts[parameter.description.name] != nil
  }
}
