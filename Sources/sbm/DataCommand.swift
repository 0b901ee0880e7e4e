import Arguments
import Datasets
import Foundation
import Synchronization

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
  private static let dataProtocol = Parameter<PipelineProtocol>.option(
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

extension PipelineProtocol: ArgumentValue {}
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

/// Progress on standard error: a bar on a terminal, else a line at each tenth.
final class ProgressDisplay: Sendable {
  private struct State {
    var phase = ""
    var tenth = -1
    var began = Date()
    var shown = Date.distantPast
  }

  private let isTerminal = isatty(STDERR_FILENO) != 0
  private let state = Mutex(State())

  /// Shows where a piece of work is.
  func show(_ progress: DataProgress) {
    state.withLock { state in
      if state.phase != progress.phase {
        if isTerminal, !state.phase.isEmpty { write("\n") }
        state = State(phase: progress.phase)
      }
      let share = progress.total.map { min(Double(progress.done) / Double(max($0, 1)), 1) }
      isTerminal ? bar(progress, share, &state) : line(progress, share, &state)
    }
  }

  /// Ends the bar's line.
  func finish() {
    state.withLock { state in
      if isTerminal, !state.phase.isEmpty { write("\n") }
      state = State()
    }
  }

  private func bar(_ progress: DataProgress, _ share: Double?, _ state: inout State) {
    let now = Date()
    guard now.timeIntervalSince(state.shown) > 0.1 || share == 1 else { return }
    state.shown = now
    guard let share, let total = progress.total else {
      return write("\r\(progress.phase)  \(progress.done) ")
    }
    let width = 30
    let filled = Int(share * Double(width))
    let bar =
      String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled)
    let elapsed = now.timeIntervalSince(state.began)
    let left = share > 0.01 ? Int(elapsed * (1 - share) / share) : 0
    let rest =
      share < 1 && share > 0.01 ? String(format: "  %d:%02d left", left / 60, left % 60) : ""
    write("\r\(progress.phase)  [\(bar)] \(progress.done)/\(total)\(rest)        ")
  }

  private func line(_ progress: DataProgress, _ share: Double?, _ state: inout State) {
    let tenth = share.map { Int($0 * 10) } ?? progress.done / 10_000
    guard tenth > state.tenth else { return }
    state.tenth = tenth
    let total = progress.total.map { "/\($0)" } ?? ""
    write("\(progress.phase)  \(progress.done)\(total)\n")
  }

  private func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}
