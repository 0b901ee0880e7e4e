import Arguments
import Datasets
import Foundation
import Tasks

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

  init(_ arguments: ParsedArguments) {
    data = .standard(root: arguments[Self.root], cache: arguments[Self.cache])
    source = SourceOptions(
      dataProtocol: arguments[Self.dataProtocol], maximumLength: arguments[Self.length],
      vocabulary: arguments[Self.vocabulary].map { URL(fileURLWithPath: $0) },
      corpus: arguments[Self.corpus].map { URL(fileURLWithPath: $0) },
      difficulty: arguments[Self.difficulty].rawValue, splitSeed: arguments[Self.splitSeed])
  }
}

extension ExperimentProtocol: ArgumentValue {}
extension PathfinderParameters.Difficulty: ArgumentValue {}

/// The name of a data set on the command line.
enum DatasetName {
  static func parameter(_ help: String) -> Parameter<String> {
    .argument(
      "task", help: help + " (\(names.joined(separator: " ")))",
      check: { name in
        names.contains(name) ? nil : "There is no such data set."
      })
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
