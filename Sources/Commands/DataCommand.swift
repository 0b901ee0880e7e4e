import Arguments
import Datasets
import Experiments
import Foundation
import Tasks
import Training

/// `sbm data`: everything about data sets.
struct DataCommand: CommandGroup {
  static let name = "data"
  static let abstract = "List, generate, check, prepare and look at data sets."
  static let subcommands: [any Command.Type] = [
    DataListCommand.self, DataGenerateCommand.self, DataCheckCommand.self,
    DataPrepareCommand.self, DataShowCommand.self,
  ]
}

/// The options that say where data is and how it is read.
struct DataOptions: Sendable {
  /// Where published files and caches are.
  static let places: [any AnyParameter] = [root, cache]
  /// How published files are read.
  static let reading: [any AnyParameter] = [
    dataProtocol, length, vocabulary, corpus, difficulty, splitSeed,
  ]

  private static let root = Parameter<String?>.option(
    "root", value: "folder",
    help: "The folder of published files. Without it, SBM_DATA, else ./data.")
  private static let cache = Parameter<String?>.option(
    "cache", value: "folder",
    help: "The folder of caches. Without it, SBM_CACHE, else cache below the root.")
  private static let dataProtocol = Parameter<ExperimentProtocol>.option(
    "protocol", default: .published, help: "Which of the published pipelines' flaws stay.")
  private static let length = Parameter<Int?>.option(
    "max-length", value: "tokens", help: "Cut texts to so many tokens; else the task's own.",
    check: { $0 > 0 ? nil : "It must be positive." })
  private static let vocabulary = Parameter<String?>.option(
    "vocab", value: "file",
    help: "The WordPiece vocabulary (GLUE, mlm); else bert-vocab/vocab.txt below the root.")
  private static let corpus = Parameter<String?>.option(
    "corpus", value: "path",
    help: "The text of masked language modelling, a folder or archive; else corpus below the root."
  )
  private static let difficulty = Parameter<PathfinderParameters.Difficulty>.option(
    "difficulty", default: .hard, help: "Pathfinder's difficulty.")
  private static let splitSeed = Parameter<UInt64>.option(
    "split-seed", value: "number", default: 0,
    help: "The seed of splits that are drawn here (Pathfinder's, and text's strict dev set).")

  let data: DataRoot
  let source: SourceOptions
  /// The options of the command line that stand for settings of an experiment file.
  private let shortcuts: [Experiment.Shortcut]

  init(_ arguments: ParsedArguments) {
    data = .standard(root: arguments[Self.root], cache: arguments[Self.cache])
    shortcuts = [
      arguments[Self.root].map { .init("--root", sets: "data.root", to: $0) },
      arguments[Self.cache].map { .init("--cache", sets: "data.cache", to: $0) },
    ].compactMap { $0 }
    source = SourceOptions(
      dataProtocol: arguments[Self.dataProtocol], maximumLength: arguments[Self.length],
      vocabulary: arguments[Self.vocabulary].map { URL(fileURLWithPath: $0) },
      corpus: arguments[Self.corpus].map { URL(fileURLWithPath: $0) },
      difficulty: arguments[Self.difficulty].rawValue, splitSeed: arguments[Self.splitSeed])
  }

  private init(data: DataRoot, source: SourceOptions) {
    (self.data, self.source, shortcuts) = (data, source, [])
  }

  /// The data set of that name, read as these options say; or that of an experiment file, read as the file says.
  ///
  /// - Throws: `ExperimentError`; `ValidationError` for a file of several data sets.
  func choose(_ name: String) throws -> (entry: DatasetEntry, options: DataOptions) {
    guard DatasetName.isExperiment(name) else { return (DatasetName.entry(name), self) }
    let options = Experiment.Options(schema: .standard, shortcuts: shortcuts)
    let runs = try Experiment.load(name, options).runs
    let choices = Set(runs.map { DataChoice(task: $0.task, data: $0.data) })
    guard let run = runs.first, choices.count == 1 else {
      throw ValidationError(
        "The runs of \(name) use \(choices.count) data sets or ways to read them; name a file of one."
      )
    }
    return (
      DatasetName.entry(run.task.rawValue),
      DataOptions(data: TaskData.root(run), source: TaskData.options(run))
    )
  }

  /// What runs of one file may differ in.
  private struct DataChoice: Hashable {
    var task: TaskName
    var data: DataSettings
  }
}

extension ExperimentProtocol: ArgumentValue {}
extension PathfinderParameters.Difficulty: ArgumentValue {}

/// The name of a data set on the command line.
enum DatasetName {
  static func parameter(_ help: String) -> Parameter<String> {
    .argument(
      "task",
      help: help + " (\(names.joined(separator: " ")), or an experiment file, for its own tables)",
      check: { name in
        names.contains(name) || isExperiment(name) ? nil : "There is no such data set."
      })
  }

  /// Whether a name is that of an experiment file.
  static func isExperiment(_ name: String) -> Bool {
    name.hasSuffix(".yaml") || name.hasSuffix(".yml")
  }

  static let names = DatasetEntry.all.map(\.task.name)

  /// The entry of a name that the parser has accepted.
  static func entry(_ name: String) -> DatasetEntry {
    guard let entry = DatasetEntry.named(name) else {
      preconditionFailure("data set '\(name)' was accepted by the parser but is not there")
    }
    return entry
  }
}
