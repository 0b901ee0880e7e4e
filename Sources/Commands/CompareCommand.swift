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
    Prints the difference of the test results with a paired test on the stored answers (McNemar's exact test, \
    or a bootstrap over runs and examples), the differences of seeds that both have, and the settings that \
    differ. Each side is a run log (.h5), the name of a run below results, such a name without its seed \
    (listops-sbm, results/listops/listops-sbm: all its seeds), or a folder. Of two folders the runs of equal \
    names are compared; of a folder with one group of seeds, that group.
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
    let found = try names.map { try runs($0) }
    let pairs = try pairs(found[0], found[1])
    let texts = pairs.map { first, second -> String in
      let comparison = Comparison(first, second)
      return json ? comparison.json : comparison.text
    }
    try Output.write(texts.joined(separator: json ? "" : "\n"))
  }

  /// The runs that a name stands for.
  private func runs(_ name: String) throws -> [LoggedRun] {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: name, isDirectory: &isFolder)
    let paths = exists ? [name] : try RunLookup.seeds(of: name)
    let input = ReportInput(reading: paths)
    for problem in input.problems { Output.warn("warning: \(problem)") }
    guard !input.runs.isEmpty else {
      throw NothingToCompare(
        problem: "\(name): there is no run log in it.", exitCode: input.exitCode ?? .badInput)
    }
    return input.runs
  }

  /// What is compared with what: the only group of each, or those of equal task and name.
  private func pairs(_ first: [LoggedRun], _ second: [LoggedRun]) throws
    -> [(Comparison.Side, Comparison.Side)]
  {
    let groups = [first, second].map { [RunGroup]($0) }
    func side(_ group: RunGroup, _ name: String) -> Comparison.Side {
      let label = group.labels
      let words = [label.experiment] + (label.task == label.experiment ? [] : [label.task])
      return Comparison.Side(
        name: (words + [group.name, "[\(name)]"]).joined(separator: " "), runs: group.runs)
    }
    if let a = groups[0].first, let b = groups[1].first, groups.allSatisfy({ $0.count == 1 }) {
      guard a.labels.task == b.labels.task else {
        throw NothingToCompare(
          problem: "\(names[0]) is about \(a.labels.task), \(names[1]) about \(b.labels.task): "
            + "only runs of one task compare.", exitCode: .usage)
      }
      return [(side(a, names[0]), side(b, names[1]))]
    }
    func key(_ group: RunGroup) -> String {
      let run = group.labels.runID
      return "\(group.labels.task) \(run.split(separator: "-").dropLast().joined(separator: "-"))"
    }
    let pairs = groups[0].compactMap { a in
      groups[1].first { key($0) == key(a) }.map { (side(a, names[0]), side($0, names[1])) }
    }
    for (own, other, name) in [(groups[0], groups[1], names[0]), (groups[1], groups[0], names[1])] {
      for group in own where !other.contains(where: { key($0) == key(group) }) {
        Output.warn("only in \(name): \(group.labels.task) \(group.name)")
      }
    }
    guard !pairs.isEmpty else {
      throw NothingToCompare(
        problem:
          "\(names[0]) and \(names[1]) have no runs of equal names. Name one run, or one without "
          + "its seed, on each side.", exitCode: .usage)
    }
    return pairs
  }
}

/// What was named cannot be compared.
private struct NothingToCompare: Error, CustomStringConvertible, ExitCodeProviding {
  let problem: String
  let exitCode: ExitCode
  var description: String { problem }
}
