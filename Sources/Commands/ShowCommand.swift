import Arguments
import Diagnostics
import Foundation
import Reports
import RunLog
import Terminal

/// `sbm show`: one run, or the runs of a folder, for a person.
struct ShowCommand: Command {
  static let name = "show"
  static let abstract =
    "Show one run: status, curves, results, density, cost, settings; or a folder's runs."
  static let discussion = """
    Also lists what sbm evaluate found with the run, where its files lie beside the log. Of a folder it lists the runs: how far each is, whether it is alive, when its log was written, how much \
    time is left. --follow goes on with one run while a process is at work on it, a line for each evaluation; its \
    exit code is that of the run: 0 finished, 1 failed, 75 interrupted or killed.
    """
  static let parameters: [any AnyParameter] = [run, follow]

  private static let run = Parameter<String>.argument(
    "run", help: RunLookup.help + " Or a folder.")
  private static let follow = Parameter<Bool>.flag(
    "follow", help: "Go on until the run ends.")

  private let name: String
  private let follows: Bool

  init(_ arguments: ParsedArguments) throws {
    name = arguments[Self.run]
    follows = arguments[Self.follow]
  }

  func run() throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), isFolder.boolValue {
      guard !follows else { throw ValidationError("--follow is for one run, not for a folder.") }
      return try list()
    }
    let path = try RunLookup(name).path
    let run = try read(path)
    let evaluations = LoggedEvaluation.beside(run)
    for problem in evaluations.problems { Output.warn("warning: \(problem)") }
    try Output.write(RunPage(run, evaluations: evaluations.found).text)
    if follows { try follow(run) }
  }

  private func read(_ path: String) throws -> LoggedRun {
    LoggedRun(path: path, log: try RunLog(reading: path), life: RunLife.of(path))
  }

  private func list() throws {
    let input = ReportInput(reading: [name], life: RunLife.of)
    for problem in input.problems { Output.warn("warning: \(problem)") }
    guard !input.runs.isEmpty else {
      throw NoSuchRun.noRuns(folder: name, exitCode: input.exitCode ?? .badInput)
    }
    try Output.write(Report(input).runsText)
    if let exitCode = input.exitCode { throw Ending(exitCode: exitCode) }
  }

  /// Between two looks at a log, which is written every 30 seconds and at each evaluation.
  private static let interval = 1.0

  private func follow(_ first: LoggedRun) throws {
    var run = first
    try Output.flush()
    let line = Output.progressLine()
    var rows = run.log.dev.count
    while run.mayBeLive {
      line.show(
        ProgressStatus(
          title: run.log.labels.runID,
          share: Double(run.log.stepsDone) / Double(max(1, run.log.labels.steps)),
          details: [run.progress]))
      Thread.sleep(forTimeInterval: Self.interval)
      run = try read(first.path)
      for row in min(rows, run.log.dev.count)..<run.log.dev.count {
        line.close()
        try Output.line(run.devRow(row))
      }
      rows = run.log.dev.count
      try Output.flush()
    }
    line.close()
    if run.log.stepsDone != first.log.stepsDone || run.log.status != first.log.status {
      try Output.line(run.outcome)
    }
    switch run.log.status {
    case .finished: return
    case .failed: throw Ending(exitCode: .failure)
    case .running, .interrupted: throw Ending(exitCode: .interrupted)
    }
  }
}
