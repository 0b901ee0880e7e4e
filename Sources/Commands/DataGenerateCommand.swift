import Arguments
import Datasets
import Foundation

/// `sbm data generate`: data sets that are drawn, not fetched.
struct DataGenerateCommand: Command {
  static let name = "generate"
  static let abstract = "Generate ListOps, Pathfinder or repeated tokens."
  static let discussion = """
    ListOps and Pathfinder are written in their published layouts, below listops and pathfinder32. \
    Repeated tokens need no files: their settings are kept in repeats/generated.json. The same \
    seed and sizes give the same data on any machine, with any number of cores. Files that were \
    published or that other settings made are never replaced without --replace.
    """
  static let parameters: [any AnyParameter] =
    [
      what, seed, train, dev, test, minLength, maxLength, depth, operands, length, values, count,
      difficulty, replace,
    ]
    + DataOptions.places

  /// What can be generated.
  enum Kind: String, CaseIterable, ArgumentValue {
    case listops
    case pathfinder
    case repeats
  }

  private static let positive: Check<Int> = { $0 > 0 ? nil : "It must be positive." }
  private static let what = Parameter<Kind>.argument("what", help: "The data set.")
  private static let seed = Parameter<UInt64>.option(
    "seed", value: "number", default: 0, help: "The seed of everything drawn.")
  private static let train = Parameter<Int?>.option(
    "train", value: "count",
    help: "Training examples (listops 96000, repeats 20000).", check: positive)
  private static let dev = Parameter<Int?>.option(
    "dev", value: "count", help: "Dev examples (listops 2000, repeats 1000).", check: positive)
  private static let test = Parameter<Int?>.option(
    "test", value: "count", help: "Test examples (listops 2000, repeats 1000).", check: positive)
  private static let minLength = Parameter<Int?>.option(
    "min-length", value: "symbols", help: "The least symbols of an expression of listops (501).",
    check: positive)
  private static let maxLength = Parameter<Int?>.option(
    "max-length", value: "symbols", help: "The most symbols of an expression of listops (1999).",
    check: { 3...1_000_000 ~= $0 ? nil : "It must be from 3 to 1000000." })
  private static let depth = Parameter<Int?>.option(
    "depth", value: "levels", help: "The depth of the deepest value of listops (10).",
    check: { 2...64 ~= $0 ? nil : "It must be from 2 to 64." })
  private static let operands = Parameter<Int?>.option(
    "arguments", value: "count", help: "The most arguments of an operator of listops (10).",
    check: { 2...100 ~= $0 ? nil : "It must be from 2 to 100." })
  private static let length = Parameter<Int?>.option(
    "length", value: "tokens", help: "Tokens of a sequence of repeats (256).", check: positive)
  private static let values = Parameter<Int?>.option(
    "values", value: "count", help: "Numbers that repeats draws from (256).",
    check: { 1..<65_535 ~= $0 ? nil : "It must be from 1 to 65534." })
  private static let count = Parameter<Int?>.option(
    "count", value: "images", help: "Images of pathfinder (200000).", check: positive)
  private static let difficulty = Parameter<PathfinderParameters.Difficulty?>.option(
    "difficulty", help: "The difficulty of pathfinder (hard).")
  private static let replace = Parameter<Bool>.flag(
    "replace", help: "Replace files that are there.")

  private let kind: Kind
  private let options: DataOptions
  private let counts: (train: Int?, dev: Int?, test: Int?)
  private let seed: UInt64
  private let shape: ListOpsGenerator.Shape
  private let length: Int?
  private let values: Int?
  private let count: Int?
  private let difficulty: PathfinderParameters.Difficulty
  private let replaces: Bool

  init(_ arguments: ParsedArguments) throws {
    kind = arguments[Self.what]
    options = DataOptions(arguments)
    counts = (arguments[Self.train], arguments[Self.dev], arguments[Self.test])
    seed = arguments[Self.seed]
    shape = try Self.shape(arguments)
    length = arguments[Self.length]
    values = arguments[Self.values]
    count = arguments[Self.count]
    difficulty = arguments[Self.difficulty] ?? .hard
    replaces = arguments[Self.replace]
    let belongs: [(isGiven: Bool, option: String, kinds: [Kind])] = [
      (counts.train != nil, "--train", [.listops, .repeats]),
      (counts.dev != nil, "--dev", [.listops, .repeats]),
      (counts.test != nil, "--test", [.listops, .repeats]),
      (arguments[Self.minLength] != nil, "--min-length", [.listops]),
      (arguments[Self.maxLength] != nil, "--max-length", [.listops]),
      (arguments[Self.depth] != nil, "--depth", [.listops]),
      (arguments[Self.operands] != nil, "--arguments", [.listops]),
      (length != nil, "--length", [.repeats]), (values != nil, "--values", [.repeats]),
      (count != nil, "--count", [.pathfinder]),
      (arguments[Self.difficulty] != nil, "--difficulty", [.pathfinder]),
    ]
    for row in belongs where row.isGiven && !row.kinds.contains(kind) {
      throw ValidationError("\(row.option) means nothing for \(kind.rawValue).")
    }
  }

  /// What expressions of ListOps are drawn.
  private static func shape(_ arguments: ParsedArguments) throws -> ListOpsGenerator.Shape {
    var shape = ListOpsGenerator.Shape()
    if let least = arguments[minLength] { shape.lengthAbove = least - 1 }
    if let most = arguments[maxLength] { shape.lengthBelow = most + 1 }
    shape.maximumDepth = arguments[depth] ?? shape.maximumDepth
    shape.maximumArguments = arguments[operands] ?? shape.maximumArguments
    guard shape.lengthAbove + 1 < shape.lengthBelow else {
      throw ValidationError(
        "No expression has at least \(shape.lengthAbove + 1) and at most \(shape.lengthBelow - 1) symbols."
      )
    }
    return shape
  }

  func run() throws {
    let display = ProgressDisplay()
    defer { display.finish() }
    switch kind {
    case .listops: try generateListOps(display)
    case .pathfinder:
      let writer = PathfinderFiles(
        difficulty, seed: seed, count: count ?? PathfinderFiles.publishedCount, in: options.data)
      try writer.write(replacing: replaces, progress: display.show)
      try report("\(PathfinderFiles.folder)/\(difficulty.folder)", display)
    case .repeats:
      var settings = Repeats.Settings()
      settings.seed = seed
      settings.train = counts.train ?? settings.train
      settings.dev = counts.dev ?? settings.dev
      settings.test = counts.test ?? settings.test
      settings.length = length ?? settings.length
      settings.values = values ?? settings.values
      try Repeats.keep(settings, in: options.data, replacing: replaces)
      try report("repeats", display)
    }
  }

  /// Prints the folder where the data is.
  private func report(_ folder: String, _ display: ProgressDisplay) throws {
    display.finish()
    try Output.line(options.data.root.appendingPathComponent(folder).path)
  }

  private func generateListOps(_ display: ProgressDisplay) throws {
    var wanted = ListOps.Counts()
    wanted.train = counts.train ?? wanted.train
    wanted.dev = counts.dev ?? wanted.dev
    wanted.test = counts.test ?? wanted.test
    try ListOps.generate(
      in: options.data, seed: seed, counts: wanted, shape: shape, replacing: replaces,
      progress: display.show)
    try report(ListOps.folders[0], display)
  }
}
