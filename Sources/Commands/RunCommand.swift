import Arguments
import Experiments
import Training

/// `sbm run`: trains and tests every run of an experiment file.
struct RunCommand: Command {
  static let name = "run"
  static let abstract = "Train and test the runs of an experiment file."
  static let discussion = """
    Each run writes its log to <folder>/<run>.h5 and its checkpoint beside it. A run
    that has finished is not repeated; --resume continues one that was interrupted, with the settings \
    and the data that it was begun with, --restart begins it again. Several commands may share a \
    sweep: each leaves alone what another is at work on; with --part they need not know of each other.

    Started by mpirun or srun, its processes train each run together (the program must be built with \
    make build MPI=1). INT, TERM, HUP, USR1 and USR2 end it after a step, saved, with exit code 75.
    """

  private static let file = Parameter<String?>.argument(
    "experiment", help: "The experiment file, such as experiments/quickstart.yaml.")
  private static let only = Parameter<[String]>.list(
    "only", value: "pattern",
    help: "Keep the runs whose name or variant matches; * stands for any text.")
  private static let set = Parameter<[String]>.list(
    "set", value: "key=value", help: "Set a setting of all runs, such as training.steps=100.")
  private static let sweep = Parameter<[String]>.list(
    "sweep", value: "key=a,b,c",
    help:
      "Make a run of each value of a setting, such as attention.clusters=8,16,32; again for a grid."
  )
  private static let root = Parameter<String?>.option(
    "root", value: "folder",
    help: "The folder of data sets (data.root). Without it the file's, else SBM_DATA, else ./data.")
  private static let cache = Parameter<String?>.option(
    "cache", value: "folder",
    help: "The folder of caches (data.cache). Without it the file's, else SBM_CACHE, else cache "
      + "below the root.")
  private static let threads = Parameter<Int?>.option(
    "threads", value: "count", help: "Worker threads; 0 for one a core. Never changes results.")
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
  private static let part = Parameter<SweepPart?>.option(
    "part", value: "i/n",
    help: "Of n parts of about equal cost, train the i-th: for job arrays, 1/8 to 8/8.")
  private static let rankTimeout = Parameter<Int?>.option(
    "rank-timeout", value: "seconds",
    help:
      "With mpirun or srun: end the job if a process does not answer for so long. (default: 600)")
  private static let dryRun = Parameter<Bool>.flag(
    "dry-run",
    help:
      "Check the file; print what runs share and differ in, how far they are and what they cost; "
      + "train nothing.")
  private static let verbose = Parameter<Bool>.flag(
    "verbose", help: "With --dry-run, print every setting of each run and what set it.")
  private static let settings = Parameter<Bool>.flag(
    "settings", help: "List all settings of experiment files with defaults and help.")
  private static let json = Parameter<Bool>.flag(
    "json", help: "With --dry-run, print one JSON object a run.")

  static let parameters: [any AnyParameter] = [
    file, only, set, sweep, scale, seeds, root, cache, threads, out, resume, restart, part,
    rankTimeout, dryRun, verbose, settings, json,
  ]

  private let path: String?
  private let options: Experiment.Options
  private let outputFolder: String?
  private let continuation: RunFiles.Continuation
  private let part: SweepPart?
  private let rankTimeout: Int
  private let isDry: Bool
  private let form: DryRun.Form
  private let listsSettings: Bool

  init(_ arguments: ParsedArguments) throws {
    path = arguments[Self.file]
    options = Experiment.Options(
      schema: .standard, overrides: arguments[Self.set], sweeps: arguments[Self.sweep],
      shortcuts: Self.shortcuts(arguments),
      scale: arguments[Self.scale], seeds: arguments[Self.seeds],
      only: arguments[Self.only])
    outputFolder = arguments[Self.out]
    let (resumes, restarts) = (arguments[Self.resume], arguments[Self.restart])
    guard !resumes || !restarts else {
      throw ValidationError("'--resume' and '--restart' exclude each other.")
    }
    continuation = resumes ? .resume : restarts ? .restart : .refuse
    part = arguments[Self.part]
    rankTimeout = arguments[Self.rankTimeout] ?? 600
    guard rankTimeout > 0 else { throw ValidationError("'--rank-timeout' must be positive.") }
    isDry = arguments[Self.dryRun]
    let (isJSON, isVerbose) = (arguments[Self.json], arguments[Self.verbose])
    form = isJSON ? .json : isVerbose ? .long : .short
    listsSettings = arguments[Self.settings]
    guard path != nil || listsSettings else {
      throw ValidationError("Missing expected argument '<experiment>'.")
    }
    guard !isJSON || isDry else { throw ValidationError("'--json' goes with '--dry-run'.") }
    guard !isVerbose || isDry else { throw ValidationError("'--verbose' goes with '--dry-run'.") }
    guard !isJSON || !isVerbose else {
      throw ValidationError("'--json' and '--verbose' exclude each other.")
    }
    guard Set(options.seeds).count == options.seeds.count else {
      throw ValidationError("'--seeds' lists a seed twice.")
    }
  }

  /// The options that stand for settings.
  private static func shortcuts(_ arguments: ParsedArguments) -> [Experiment.Shortcut] {
    [
      arguments[root].map { .init("--root", sets: "data.root", to: $0) },
      arguments[cache].map { .init("--cache", sets: "data.cache", to: $0) },
      arguments[threads].map { .init("--threads", sets: "threads", to: "\($0)") },
    ].compactMap { $0 }
  }

  func run() throws {
    if listsSettings { return try Output.write(SettingsPage.text) }
    guard let path else { return }
    if isDry {
      let plan = try self.plan(path)
      for warning in plan.warnings { Output.warn(warning) }
      return try DryRun(plan).print(form)
    }
    // Before the processes know of each other: the program may start anew, in their place.
    let plan = Result { try self.plan(path) }
    var warnings = (try? plan.get().warnings) ?? []
    if continuation == .resume, let files = try? plan.get().runs.map(\.files) {
      warnings += ArithmeticVariant.adopt(from: files).map { "Warning: \($0)" }
    }
    let job = try Job(timeout: Double(rankTimeout))
    try job.perform {
      // An error in the file is told once.
      _ = try job.processes.atRoot { _ in try plan.get().runs.count }
      for warning in warnings { Output.warn(warning) }
      let display = SweepDisplay(job.processes)
      let sweep = SweepExecution(
        try plan.get(), processes: job.processes, codeVersion: sbmVersion, observe: display.show)
      switch try sweep.perform({ try Output.line($0.files.log.path) }) {
      case .finished: return
      case .interrupted: throw Ending(exitCode: .interrupted)
      case .failed: throw Ending(exitCode: .failure)
      }
    }
  }

  private func plan(_ path: String) throws -> SweepPlan {
    try SweepPlan(
      Experiment.load(path, options), part: part, folder: outputFolder, continuation: continuation)
  }
}
