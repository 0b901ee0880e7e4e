import Arguments
import Exports
import Foundation
import RunLog
import Training

/// `sbm export`: weights, curves and predictions for other tools.
struct ExportCommand: Command {
  static let name = "export"
  static let abstract = "Write weights, curves or predictions of runs in other tools' formats."
  static let discussion = """
    safetensors: the parameters that were best on dev, one file a run. tensorboard: curves, densities of \
    each head and the test result as event files, one folder a run; name the folder that has them all \
    to tensorboard --logdir. csv: each test prediction with its label and text. Prints what it has written.
    """
  static let parameters: [any AnyParameter] = [
    runs, format, out, names, last, withoutText, tokens, root, cache,
  ]

  /// What is written.
  enum Format: String, CaseIterable, ArgumentValue {
    case safetensors, tensorboard, csv
  }

  private static let runs = Parameter<[String]>.arguments("runs", help: RunLookup.help)
  private static let format = Parameter<Format?>.option("format", help: "What to write. Required.")
  private static let out = Parameter<String?>.option(
    "out", value: "path",
    help: "A file; for tensorboard, and for several runs, a folder. The default is beside the log: "
      + "<run>.safetensors, <run>.predictions.csv or tensorboard/<run>.")
  private static let names = Parameter<WeightsExport.Names>.option(
    "names", default: .ours,
    help: "With safetensors: names of parameters, this program's or those of the published code.")
  private static let last = Parameter<Bool>.flag(
    "last", help: "With safetensors: the last parameters instead of the best on dev.")
  private static let withoutText = Parameter<Bool>.flag(
    "without-text", help: "With csv: numbers alone, which needs no data.")
  private static let tokens = Parameter<Bool>.flag(
    "tokens", help: "With csv: add the numbers of the tokens that the model was given.")
  private static let root = Parameter<String?>.option(
    "root", value: "folder",
    help: "With csv: the folder of data sets, if not where the run found them.")
  private static let cache = Parameter<String?>.option(
    "cache", value: "folder",
    help: "With csv: the folder of caches, if not where the run found them.")

  private let runs: [String]
  private let format: Format
  private let out: String?
  private let names: WeightsExport.Names
  private let takesLast: Bool
  private let hasText: Bool
  private let hasTokens: Bool
  private let dataFolders: (root: String?, cache: String?)

  init(_ arguments: ParsedArguments) throws {
    guard let format = arguments[Self.format] else {
      throw ValidationError("Missing expected option '--format <format>'.")
    }
    runs = arguments[Self.runs]
    self.format = format
    out = arguments[Self.out]
    names = arguments[Self.names]
    takesLast = arguments[Self.last]
    hasText = !arguments[Self.withoutText]
    hasTokens = arguments[Self.tokens]
    dataFolders = (arguments[Self.root], arguments[Self.cache])
    let belongs: [(isGiven: Bool, option: String, format: Format)] = [
      (names != .ours, "--names", .safetensors), (takesLast, "--last", .safetensors),
      (!hasText, "--without-text", .csv), (hasTokens, "--tokens", .csv),
      (dataFolders.root != nil, "--root", .csv),
      (dataFolders.cache != nil, "--cache", .csv),
    ]
    for row in belongs where row.isGiven && row.format != format {
      throw ValidationError("\(row.option) means nothing for \(format.rawValue).")
    }
    guard hasText || !hasTokens else {
      throw ValidationError("'--tokens' and '--without-text' exclude each other.")
    }
  }

  func run() throws {
    let paths = try runs.map { try RunLookup($0).path }
    let targets = try paths.map(target)
    try requireOneRunEach(paths, targets)
    for (path, target) in zip(paths, targets) {
      try export(path, to: target)
      try Output.line(target)
    }
  }

  /// Runs of one name lie in many folders; nothing of theirs may be lost or mixed.
  private func requireOneRunEach(_ paths: [String], _ targets: [String]) throws {
    for (index, target) in targets.enumerated() {
      guard let first = targets[..<index].firstIndex(of: target) else { continue }
      throw ValidationError(
        paths[first] == paths[index]
          ? "\(paths[index]) is named twice."
          : "\(paths[first]) and \(paths[index]) would both be written to \(target). Export them one by one, "
            + "each with an --out of its own.")
    }
  }

  /// Exports one run.
  private func export(_ path: String, to target: String) throws {
    switch format {
    case .safetensors:
      try WeightsExport(SavedRun(log: path, last: takesLast), names: names)
        .write(to: URL(fileURLWithPath: target))
    case .tensorboard:
      try TensorBoardExport(RunLog(reading: path)).write(to: URL(fileURLWithPath: target))
    case .csv:
      let log = try RunLog(reading: path)
      let data =
        hasText
        ? try TaskData(
          of: log, at: path, dataRoot: dataFolders.root, cache: dataFolders.cache) : nil
      try PredictionsExport(log, data: data, tokens: hasTokens)
        .write(to: URL(fileURLWithPath: target))
    }
  }

  /// The file, or TensorBoard's folder, that a run is written to.
  private func target(_ path: String) throws -> String {
    switch format {
    case .safetensors: return file(path, suffix: ".safetensors")
    case .csv: return file(path, suffix: ".predictions.csv")
    case .tensorboard:
      let beside = (path as NSString).deletingLastPathComponent as NSString
      let folder = out ?? beside.appendingPathComponent("tensorboard")
      return (folder as NSString).appendingPathComponent(try RunLog(reading: path).labels.runID)
    }
  }

  private func file(_ path: String, suffix: String) -> String {
    let stem = path.hasSuffix(".h5") ? String(path.dropLast(3)) : path
    guard let out else { return stem + suffix }
    guard runs.count > 1 else { return out }
    return (out as NSString).appendingPathComponent(
      (stem as NSString).lastPathComponent + suffix)
  }
}

extension WeightsExport.Names: ArgumentValue {}
