import Arguments
import Reports
import RunLog

/// `sbm show`: one run, for a person.
struct ShowCommand: Command {
  static let name = "show"
  static let abstract = "Show one run: status, curves, results, density, cost, settings."
  static let parameters: [any AnyParameter] = [run]

  private static let run = Parameter<String>.argument("run", help: RunLookup.help)

  private let name: String

  init(_ arguments: ParsedArguments) throws { name = arguments[Self.run] }

  func run() throws {
    let path = try RunLookup(name).path
    let run = LoggedRun(path: path, log: try RunLog(reading: path))
    try Output.write(RunPage(run).text)
  }
}
