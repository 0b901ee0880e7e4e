import Arguments
import Attention
import Experiments
import Foundation
import Training

/// `sbm run`: trains and tests every run of an experiment file.
struct RunCommand: Command {
  static let name = "run"
  static let abstract = "Train and test the runs of an experiment file."
  static let discussion = """
    Each run writes its log to <folder>/<run>.h5 and its checkpoint beside it. A run
    that has finished is not repeated; --resume continues one that was interrupted,
    --restart begins it again. Several processes may share a sweep: each leaves alone
    what another is at work on.
    """

  private static let file = Parameter<String?>.argument(
    "experiment", help: "The experiment file, such as experiments/quickstart.yaml.")
  private static let only = Parameter<[String]>.list(
    "only", value: "pattern",
    help: "Keep the runs whose name or variant matches; * stands for any text.")
  private static let set = Parameter<[String]>.list(
    "set", value: "key=value", help: "Set a setting of all runs, such as training.steps=100.")
  private static let scale = Parameter<String?>.option(
    "scale", value: "name", help: "Lay a scale of the file over it: smoke, cpu or paper.")
  private static let seeds = Parameter<[UInt64]>.list(
    "seeds", value: "list", separator: ",", help: "Seeds instead of the file's, such as 0,1,2.")
  private static let out = Parameter<String?>.option(
    "out", value: "folder", help: "Where logs go. (default: results/<experiment>)")
  private static let resume = Parameter<Bool>.flag(
    "resume", help: "Continue interrupted runs from their checkpoints.")
  private static let restart = Parameter<Bool>.flag(
    "restart",
    help: "Begin again the runs that were begun and have not finished; what they left is replaced.")
  private static let dryRun = Parameter<Bool>.flag(
    "dry-run",
    help: "Check the file and print the resolved runs and what they will cost; train nothing.")
  private static let settings = Parameter<Bool>.flag(
    "settings", help: "List all settings of experiment files with defaults and help.")
  private static let json = Parameter<Bool>.flag(
    "json", help: "With --dry-run, print one JSON object a run.")

  static let parameters: [any AnyParameter] = [
    file, only, set, scale, seeds, out, resume, restart, dryRun, settings, json,
  ]

  private let path: String?
  private let options: Experiment.Options
  private let outputFolder: String?
  private let continuation: RunFiles.Continuation
  private let isDry: Bool
  private let isJSON: Bool
  private let listsSettings: Bool

  init(_ arguments: ParsedArguments) throws {
    path = arguments[Self.file]
    options = Experiment.Options(
      overrides: arguments[Self.set], scale: arguments[Self.scale], seeds: arguments[Self.seeds],
      only: arguments[Self.only], mechanisms: AttentionRegistry.kinds)
    outputFolder = arguments[Self.out]
    let (resumes, restarts) = (arguments[Self.resume], arguments[Self.restart])
    guard !resumes || !restarts else {
      throw ValidationError("'--resume' and '--restart' exclude each other.")
    }
    continuation = resumes ? .resume : restarts ? .restart : .refuse
    isDry = arguments[Self.dryRun]
    isJSON = arguments[Self.json]
    listsSettings = arguments[Self.settings]
    guard path != nil || listsSettings else {
      throw ValidationError("Missing expected argument '<experiment>'.")
    }
    guard !isJSON || isDry else { throw ValidationError("'--json' goes with '--dry-run'.") }
    guard Set(options.seeds).count == options.seeds.count else {
      throw ValidationError("'--seeds' lists a seed twice.")
    }
  }

  func run() throws {
    if listsSettings { return try Output.write(SettingsPage.text) }
    guard let path else { return }
    let experiment = try Experiment.load(path, options)
    let folder = { (run: RunConfiguration) in
      URL(fileURLWithPath: outputFolder ?? "results/\(run.folder)", isDirectory: true)
    }
    if isDry {
      var costs: [String: DryRun.Cost] = [:]
      for run in experiment.runs {
        let model = run.rehearsalKey
        if costs[model] == nil { costs[model] = try DryRun.Cost(run) }
        let cost = costs[model]
        try Output.line(
          isJSON ? DryRun.json(run, cost) : DryRun.text(run, cost, folder: folder(run)))
      }
      return
    }
    try RunExecution(runs: experiment.runs, folder: folder, continuation: continuation).perform()
  }
}
