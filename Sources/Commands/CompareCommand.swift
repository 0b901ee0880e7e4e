import Arguments
import Diagnostics
import Foundation
import Reports
import RunLog

/// `sbm compare`: whether two runs, groups of seeds or folders differ by more than chance.
struct CompareCommand: Command {
  static let name = "compare"
  static let abstract =
    "Tell whether two runs, groups of seeds or folders differ by more than chance."
  static let discussion = """
    Prints the difference of the test results with a test on the stored answers (one run a side: McNemar's exact \
    test, or a bootstrap over examples; several: Student's t over seeds and examples), the differences of seeds \
    that both have, and the settings that differ. Each side is a run log (.h5), the name of a run below results, \
    such a name without its seed (listops-sbm, results/listops/listops-sbm: all its seeds), or a folder. Of two \
    folders the runs of equal names are compared; of a folder with one group of seeds, that group. A file that cannot be read is named on \
    standard error and left out, and the exit code is 65 (74 if it could not be opened).
    """
  static let parameters: [any AnyParameter] = [first, second, json]

  private static let first = Parameter<String>.argument(
    "a", help: "The first: a run log, a run's name with or without seed, or a folder.")
  private static let second = Parameter<String>.argument("b", help: "The second, likewise.")
  private static let json = Parameter<Bool>.flag("json", help: "Print one JSON object a metric.")

  private let names: [String]
  private let json: Bool

  init(_ arguments: ParsedArguments) throws {
    names = [arguments[Self.first], arguments[Self.second]]
    json = arguments[Self.json]
  }

  func run() throws {
    let inputs = try names.map(input)
    let places = zip(names, inputs).map { ComparisonPairs.Place(name: $0, runs: $1.runs) }
    let pairs = ComparisonPairs(places[0], places[1])
    for warning in pairs.warnings { Output.warn(warning) }
    if let obstacle = pairs.obstacle {
      throw NothingToCompare(problem: obstacle, exitCode: .usage)
    }
    let texts = pairs.sides.map { first, second -> String in
      let comparison = Comparison(first, second)
      return json ? comparison.json : comparison.text
    }
    try Output.write(texts.joined(separator: json ? "" : "\n"))
    if let exitCode = inputs.lazy.compactMap(\.exitCode).first { throw Ending(exitCode: exitCode) }
  }

  /// The runs that a name stands for.
  private func input(_ name: String) throws -> ReportInput {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: name, isDirectory: &isFolder)
    let paths = exists ? [name] : try RunLookup.seeds(of: name)
    let input = ReportInput(reading: paths)
    for problem in input.problems { Output.warn("warning: \(problem)") }
    guard !input.runs.isEmpty else {
      throw NothingToCompare(
        problem: "\(name): there is no run log in it.", exitCode: input.exitCode ?? .badInput)
    }
    return input
  }
}

/// What was named cannot be compared.
private struct NothingToCompare: Error, CustomStringConvertible, ExitCodeProviding {
  let problem: String
  let exitCode: ExitCode
  var description: String { problem }
}
