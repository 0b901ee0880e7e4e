import Diagnostics

/// One thing that is wrong with an experiment.
public struct ExperimentIssue: Error, Sendable, Hashable, CustomStringConvertible {
  enum Place: Sendable, Hashable {
    case file(Mark)
    /// An option of the command line: `--set training.steps=x`.
    case option(String)
  }

  let place: Place
  /// The setting's full key, or empty.
  public let key: String
  /// What is wrong, without a full stop.
  public let problem: String
  /// What to do, as a sentence.
  public let hint: String?

  init(place: Place, key: String = "", problem: String, hint: String? = nil) {
    self.place = place
    self.key = key
    self.problem = problem
    self.hint = hint
  }

  /// The file, or nil if the command line is at fault.
  public var file: String? {
    if case .file(let mark) = place { mark.file } else { nil }
  }

  /// Line and column, counted from 1, or nil if the command line is at fault.
  public var position: (line: Int, column: Int)? {
    if case .file(let mark) = place { (mark.line, mark.column) } else { nil }
  }

  /// `listops.yaml:12:3: training.stepz: unknown key. Did you mean 'training.steps'?`
  public var description: String {
    let location =
      switch place {
      case .file(let mark): "\(mark.file):\(mark.line):\(mark.column)"
      case .option(let text): text
      }
    let what = key.isEmpty ? problem : "\(key): \(problem)"
    return "\(location): \(what)." + (hint.map { " \($0)" } ?? "")
  }
}

/// Everything that is wrong with an experiment, in the order of the file.
public struct ExperimentError: Error, Sendable, CustomStringConvertible, ExitCodeProviding {
  /// What is wrong; at least one.
  public let issues: [ExperimentIssue]

  init(_ issues: [ExperimentIssue]) {
    var seen: Set<ExperimentIssue> = []
    let order = { (issue: ExperimentIssue) in
      (
        issue.file == nil ? 1 : 0, issue.file ?? "", issue.position?.line ?? 0,
        issue.position?.column ?? 0
      )
    }
    self.issues = issues.filter { seen.insert($0).inserted }.sorted { order($0) < order($1) }
  }

  /// One line an issue.
  public var description: String {
    let lines = issues.map(\.description)
    guard lines.count > 1 else { return lines.first ?? "" }
    return "\(lines.count) problems:\n" + lines.map { "  \($0)" }.joined(separator: "\n")
  }

  /// Bad usage if only the command line is at fault, else bad input.
  public var exitCode: ExitCode {
    issues.allSatisfy { $0.file == nil } ? .usage : .badInput
  }
}

/// An experiment file that cannot be read.
public struct ExperimentFileError: Error, Sendable, CustomStringConvertible, ExitCodeProviding {
  /// The file as it was named.
  public let file: String
  /// The system's reason.
  public let reason: String

  /// The file and the reason.
  public var description: String { "Cannot read the experiment file \(file): \(reason)." }

  /// An input/output error.
  public var exitCode: ExitCode { .inputOutput }
}
