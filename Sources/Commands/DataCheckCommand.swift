import Arguments
import Datasets
import Foundation

/// `sbm data check`: is the data what it should be?
struct DataCheckCommand: Command {
  static let name = "check"
  static let abstract = "Read a data set's files and tell what is wrong with them."
  static let discussion = """
    Prints one row a finding: its severity, what was checked, of which split or file, and what was \
    found. Exits with 65 if there is a defect.
    """
  static let parameters: [any AnyParameter] =
    [task] + DataOptions.places + DataOptions.reading + [json]

  private static let task = DatasetName.parameter("The data set.")
  private static let json = Parameter<Bool>.flag("json", help: "Print one JSON object a line.")

  private let name: String
  private let options: DataOptions
  private let json: Bool

  init(_ arguments: ParsedArguments) throws {
    name = arguments[Self.task]
    options = DataOptions(arguments)
    json = arguments[Self.json]
  }

  func run() throws {
    let (entry, options) = try options.choose(name)
    let display = ProgressDisplay()
    let findings = try DataCheck(entry, in: options.data, options: options.source)
      .run(progress: display.show)
    display.finish()
    try json ? printJSON(findings, entry) : printRows(findings, entry)
    if findings.contains(where: { $0.severity == .defect }) { throw Ending(exitCode: .badInput) }
  }

  private func printRows(_ findings: [DataFinding], _ entry: DatasetEntry) throws {
    func width(_ column: (DataFinding) -> String) -> Int {
      findings.map { column($0).count }.max() ?? 0
    }
    func pad(_ text: String, _ width: Int) -> String {
      text.padding(toLength: width, withPad: " ", startingAt: 0)
    }
    let (checks, subjects) = (width(\.check), width(\.subject))
    for finding in findings {
      try Output.line(
        "\(pad(finding.severity.rawValue, 7))  \(pad(finding.check, checks))  "
          + "\(pad(finding.subject, subjects))  \(finding.detail)")
    }
    func count(_ severity: DataFinding.Severity) -> Int {
      findings.count { $0.severity == severity }
    }
    try Output.line(
      "\(entry.task.name): \(count(.ok)) ok, \(count(.warning)) warnings, "
        + "\(count(.defect)) defects")
  }

  private func printJSON(_ findings: [DataFinding], _ entry: DatasetEntry) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    for finding in findings {
      let row = [
        "task": entry.task.name, "severity": finding.severity.rawValue, "check": finding.check,
        "subject": finding.subject, "detail": finding.detail,
      ]
      try Output.json(String(decoding: encoder.encode(row), as: UTF8.self))
    }
  }
}
