import Foundation
import Tasks

/// The folders that published files and caches live in.
public struct DataRoot: Hashable, Sendable {
  /// Where published files are looked for.
  public var root: URL
  /// Where caches are written.
  public var cache: URL

  /// A root with its caches, by default in `cache` below it.
  public init(_ root: URL, cache: URL? = nil) {
    self.root = root
    self.cache = cache ?? root.appendingPathComponent("cache", isDirectory: true)
  }

  /// The folder `root`, else the one `SBM_DATA` names, else `data` in the working folder; caches in
  /// `cache`, else where `SBM_CACHE` says, else below the root.
  public static func standard(
    root: String? = nil, cache: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> DataRoot {
    func folder(_ path: String) -> URL { URL(fileURLWithPath: path, isDirectory: true) }
    return DataRoot(
      folder(root ?? environment["SBM_DATA"] ?? "data"),
      cache: (cache ?? environment["SBM_CACHE"]).map(folder))
  }

  /// Where the WordPiece vocabulary is if nothing else is said.
  public var vocabulary: URL { root.appendingPathComponent("bert-vocab/vocab.txt") }

  /// The first of `candidates`, paths below the root, that exists.
  public func firstExisting(_ candidates: [String]) -> URL? {
    candidates.lazy.map { root.appendingPathComponent($0) }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }
}

/// Settings that change what examples a source delivers.
public struct SourceOptions: Hashable, Sendable {
  /// Which of the published pipelines' flaws stay.
  public var dataProtocol: ExperimentProtocol
  /// Cuts texts to so many tokens; `nil` for the task's own.
  public var maximumLength: Int?
  /// The WordPiece vocabulary (GLUE, masked LM); `nil` for `bert-vocab/vocab.txt` below the root.
  public var vocabulary: URL?
  /// The corpus of masked language modelling, a folder or archive; `nil` for `corpus` below the
  /// root.
  public var corpus: URL?
  /// The tables of the user's own (`labelled`).
  public var labelled: LabelledOptions?
  /// Pathfinder's difficulty; `nil` for the hardest, the paper's.
  public var difficulty: String?
  /// Seeds splits that are drawn here (Text's strict dev set, Pathfinder's shuffle).
  public var splitSeed: UInt64
  /// The seed that examples drawn when needed have to have; `nil` for the one kept below the root.
  public var generatorSeed: UInt64?

  /// Options, by default those of the published pipelines.
  public init(
    dataProtocol: ExperimentProtocol = .published, maximumLength: Int? = nil,
    vocabulary: URL? = nil,
    corpus: URL? = nil, difficulty: String? = nil, splitSeed: UInt64 = 0,
    generatorSeed: UInt64? = nil
  ) {
    self.dataProtocol = dataProtocol
    self.maximumLength = maximumLength
    self.vocabulary = vocabulary
    self.corpus = corpus
    self.difficulty = difficulty
    self.splitSeed = splitSeed
    self.generatorSeed = generatorSeed
  }
}

/// How far a long piece of work is.
public struct DataProgress: Hashable, Sendable {
  /// What is being done: "listops train".
  public var phase: String
  /// Examples done in this phase.
  public var done: Int
  /// Examples of this phase; `nil` when nobody knows.
  public var total: Int?

  /// A report of progress.
  public init(phase: String, done: Int, total: Int?) {
    self.phase = phase
    self.done = done
    self.total = total
  }

  /// Hears of progress now and then, from any thread.
  public typealias Handler = @Sendable (DataProgress) -> Void
}
