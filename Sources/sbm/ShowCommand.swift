import Arguments
import Reports
import RunLog

/// `sbm show`: one run, for a person.
struct ShowCommand: Command {
  static let name = "show"
  static let abstract = "Show one run: status, curves, results, density, cost, settings."
  static let parameters: [any AnyParameter] = [file]

  private static let file = Parameter<String>.argument("log", help: "A run log (.h5).")

  private let path: String

  init(_ arguments: ParsedArguments) throws { path = arguments[Self.file] }

  func run() throws {
    let run = LoggedRun(path: path, log: try RunLog(reading: path))
    try Output.write(RunPage(run).text)
  }
}
