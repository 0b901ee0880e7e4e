import DataFiles
import Foundation
import Randomness
import Tasks

/// The paper's synthetic task: sequences of numbers, in which every number that occurs more than
/// once is to be found.
///
/// Each of `length` tokens is drawn uniformly from 1 to `values`; its class is 1 if the same
/// number stands anywhere else in the sequence, else 0. With 256 numbers from 1 to 256, 63.1 % of
/// tokens have class 1, which is what a model reaches that always says so.
///
/// There are no files: the examples follow from the settings. They are the defaults, or those
/// that `sbm data generate repeats` left in `repeats/generated.json` below the data root.
public struct Repeats: DatasetSource {
  /// Changes when the same settings no longer give the same examples.
  public static let version = 1

  /// What the examples follow from.
  public struct Settings: Hashable, Sendable, GenerationRecord {
    /// Tokens of a sequence.
    public var length = 256
    /// Tokens are from 1 to this number.
    public var values = 256
    /// Sequences to train on.
    public var train = 20_000
    /// Sequences to select on.
    public var dev = 1000
    /// Sequences to test on.
    public var test = 1000
    /// The seed of everything drawn.
    public var seed: UInt64 = 0

    /// The paper's length and values, with counts of ours.
    public init() {}

    static let remedy = "sbm data generate repeats --replace"

    var isPossible: Bool {
      length > 0 && train > 0 && dev > 0 && test > 0 && (1..<Int(UInt16.max)).contains(values)
    }
  }

  /// Repeated tokens, at the settings' length and vocabulary.
  public let task: TaskSpecification
  /// What the examples follow from.
  public let settings: Settings

  /// The task at `settings`.
  ///
  /// - Precondition: every number is positive and ids fit 16 bits.
  public init(_ settings: Settings = Settings()) {
    precondition(
      settings.length > 0 && settings.train > 0 && settings.dev > 0 && settings.test > 0
        && (1..<Int(UInt16.max)).contains(settings.values), "impossible settings \(settings)")
    self.settings = settings
    var task = TaskSpecification.repeats
    task.maximumLength = settings.length
    task.paddedLength = settings.length
    task.vocabularySize = settings.values + 1
    task.expectedCounts = [
      .init(.train, settings.train), .init(.dev, settings.dev), .init(.test, settings.test),
    ]
    self.task = task
  }

  private static func folder(_ data: DataRoot) -> URL {
    data.root.appendingPathComponent("repeats")
  }

  /// The task at the settings kept below `data`, else at the defaults, with the options' seed and length, and
  /// as many values as tokens.
  ///
  /// - Throws: `DataError` when the settings kept there cannot be read, or have another seed than the
  ///   options ask for.
  public init(_ data: DataRoot, options: SourceOptions = SourceOptions()) throws {
    let kept = try Settings.read(from: Self.folder(data))
    var settings = kept ?? Settings()
    if let seed = options.generatorSeed {
      guard kept == nil || settings.seed == seed else {
        throw DataError(
          .malformed, file: Self.folder(data).appendingPathComponent(Settings.fileName).path,
          problem: "the seed kept here is \(settings.seed), the run asks for \(seed)",
          hint: "Set data.seed to \(settings.seed), or run "
            + "`sbm data generate repeats --replace --seed \(seed)`")
      }
      settings.seed = seed
    }
    if let length = options.maximumLength {
      settings.length = length
      // As in the paper, where 256 tokens are drawn from 256 values.
      if kept == nil { settings.values = length }
    }
    self.init(settings)
  }

  /// Keeps `settings` below `data`, for every later use.
  ///
  /// - Throws: `DataError` when others are kept there and `replacing` is false, or the file cannot be
  ///   written.
  public static func keep(
    _ settings: Settings, in data: DataRoot, replacing: Bool = false
  ) throws {
    let url = folder(data).appendingPathComponent(Settings.fileName)
    if !replacing, let kept = try Settings.read(from: folder(data)), kept != settings {
      throw DataError(
        .malformed, file: url.path, problem: "there are other settings here",
        hint: "Use them as they are, or give --replace or another --root")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let writer = try FileWriter(url)
    try writer.write(try encoder.encode(settings))
    try writer.commit()
  }

  /// Each sequence is drawn like all others.
  public var isShuffled: Bool { true }

  /// All settings and the generator's version.
  public func fingerprint() -> SourceFingerprint {
    SourceFingerprint(
      files: [],
      settings: [
        "length": "\(settings.length)", "values": "\(settings.values)",
        "train": "\(settings.train)", "dev": "\(settings.dev)", "test": "\(settings.test)",
        "seed": "\(settings.seed)", "generator version": "\(Self.version)",
      ])
  }

  /// Draws the examples of `split`, each from its own stream.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    let stream = RandomStream(seed: settings.seed).child("repeats").child(split.rawValue)
    for index in 0..<(task.expectedCount(split) ?? 0) {
      try body(Self.example(settings, stream: stream.child(index)))
    }
  }

  private static func example(_ settings: Settings, stream: RandomStream) -> Example {
    var generator = stream.generator()
    let tokens = (0..<settings.length).map { _ in UInt16(1 + generator.below(settings.values)) }
    return Example(tokens: tokens, label: .tokenClasses(classes(tokens)))
  }

  /// 1 for each token that occurs more than once in `tokens`, else 0.
  public static func classes(_ tokens: [UInt16]) -> [Int32] {
    var counts: [UInt16: Int] = [:]
    for token in tokens { counts[token, default: 0] += 1 }
    return tokens.map { counts[$0, default: 0] > 1 ? 1 : 0 }
  }
}

extension DatasetEntry {
  /// Repeated tokens.
  static let repeats = DatasetEntry(
    task: .repeats, origin: "generated when it is needed; `sbm data generate repeats` sets sizes",
    licence: "none: the data is random", splitsAreDisjoint: true,
    source: { try Repeats($0, options: $1) },
    preparation: { options in
      guard let seed = options.generatorSeed, seed != 0 else { return nil }
      let length = options.maximumLength.map { " --length \($0)" } ?? ""
      return ["sbm data generate repeats --seed \(seed)\(length)", "sbm data prepare repeats"]
    })
}
