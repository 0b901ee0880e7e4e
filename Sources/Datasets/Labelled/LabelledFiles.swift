import DataFiles
import Foundation
import Randomness
import Tasks
import Tokenization

/// Labelled texts of the user's own, one or two in a row, from tables that the experiment file names.
///
/// Bytes: an example is the text's bytes plus 1, cut to the maximum length; two texts are encoded one by one,
/// as in Retrieval. WordPieces: `[CLS] text [SEP]`, or `[CLS] first [SEP] second [SEP]` with segments, cut
/// longest first, as in GLUE. Without a dev table each training row is dev with the probability
/// `data.dev_share`, drawn from the seed and the row's number.
public struct LabelledFiles: DatasetSource {
  /// The task with its classes, vocabulary and lengths.
  public let task: TaskSpecification
  /// The names of the classes, in the order of their numbers; empty for a number.
  public let classNames: [String]
  private let options: LabelledOptions
  private let root: URL
  private let seed: UInt64
  private let vocabulary: PieceVocabulary?

  /// The tables that `options` name, below `data` where their paths are relative.
  ///
  /// - Throws: `DataError` when a table or the vocabulary is missing or not what it should be.
  public init(_ data: DataRoot, options: SourceOptions) throws {
    guard let labelled = options.labelled, !labelled.trainFile.isEmpty else {
      throw DataError(
        .missing, file: data.root.path, problem: "no table is named to train on",
        hint: "Name it in an experiment file with data.train_file")
    }
    self.options = labelled
    root = data.root
    seed = options.splitSeed
    var task = TaskSpecification.labelled
    let hasPair = labelled.textColumns.count > 1
    switch labelled.tokens {
    case .bytes:
      vocabulary = nil
      if hasPair { task.input = .pair }
      if let length = options.maximumLength { task.maximumLength = length }
    case .wordpiece:
      let pieces = try PieceVocabulary(data, options)
      vocabulary = pieces
      task.tokens = .pieces
      task.typeCount = 2
      task = try pieces.fit(task, options)
    }
    for split in [Split.train, .dev, .test] {
      let url = Self.url(split, labelled, root)
      guard let url, !FileManager.default.fileExists(atPath: url.path) else { continue }
      throw DataError(
        .missing, file: url.path, problem: "there is no such table",
        hint: "Paths of data.\(split)_file are below data.root (--root, SBM_DATA, else data)")
    }
    switch labelled.target {
    case .number:
      classNames = []
      task.output = .regression
      task.metrics = [.pearson, .spearman]
    case .category:
      classNames =
        labelled.classes.isEmpty ? try Self.classes(labelled, root) : labelled.classes
      task.output = .classes(classNames.count)
      task.classNames = classNames
      task.metrics = classNames.count == 2 ? [.accuracy, .f1, .matthews] : [.accuracy]
    }
    let splits: [Split] = labelled.testFile.isEmpty ? [.train, .dev] : [.train, .dev, .test]
    task.expectedCounts = splits.map { .init($0, nil) }
    self.task = task
  }

  /// The table that has the rows of `split`, if it has one of its own.
  private static func url(_ split: Split, _ options: LabelledOptions, _ root: URL) -> URL? {
    let path =
      switch split {
      case .train: options.trainFile
      case .dev: options.devFile
      default: options.testFile
      }
    guard !path.isEmpty else { return nil }
    return path.hasPrefix("/") ? URL(fileURLWithPath: path) : root.appendingPathComponent(path)
  }

  /// The labels of the training table: by size if all are whole numbers, else by their bytes.
  private static func classes(_ options: LabelledOptions, _ root: URL) throws -> [String] {
    guard let url = url(.train, options, root) else { return [] }
    var found: Set<String> = []
    var table = try LabelledTable(url, columns: options.textColumns + [options.labelColumn])
    while let row = try table.next() {
      found.insert(row.label)
      guard found.count <= maximumClasses else {
        throw DataError(
          .malformed, file: url.path, place: .line(row.line),
          problem: "the column '\(options.labelColumn)' has more than \(maximumClasses) classes",
          hint: "Set data.target: number, or list them in data.classes")
      }
    }
    guard found.count > 1 else {
      throw DataError(
        .malformed, file: url.path,
        problem: "all rows have the same label, '\(found.first ?? "")'",
        hint: "Name another column with data.label_column")
    }
    if found.allSatisfy({ Int($0) != nil }) {
      return found.sorted { (Int($0) ?? 0, $0) < (Int($1) ?? 0, $1) }
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// More labels than this are numbers, or texts.
  static let maximumClasses = 1000

  /// The tables, the vocabulary, and everything that says how they are read.
  public func fingerprint() throws -> SourceFingerprint {
    let tables = task.splits.compactMap { Self.url($0, options, root) }
    var files = try tables.map { try SourceFingerprint.File($0, below: root) }
    var settings = [
      "maximum_length": "\(task.maximumLength)",
      "tables": files.map(\.path).joined(separator: "\n"),
      "columns": (options.textColumns + [options.labelColumn]).joined(separator: "\n"),
      "target": options.target.rawValue, "classes": classNames.joined(separator: "\n"),
      "tokens": options.tokens.rawValue,
    ]
    if options.devFile.isEmpty { settings["dev"] = "\(options.devShare) of \(seed)" }
    if let vocabulary {
      let pieces = try SourceFingerprint.File(vocabulary.url, below: root)
      settings["vocabulary"] = pieces.path
      files.append(pieces)
    }
    return SourceFingerprint(files: files, settings: settings)
  }

  /// The rows of the split.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    let isShared = options.devFile.isEmpty && split != .test
    guard let url = Self.url(isShared ? .train : split, options, root) else { return }
    var table = try LabelledTable(url, columns: options.textColumns + [options.labelColumn])
    let draws = RandomStream(seed: seed).child("labelled dev split")
    let encoder = vocabulary?.tokenizer.makeEncoder()
    var number = 0
    while let row = try table.next() {
      defer { number += 1 }
      if isShared {
        var draw = draws.child(number).generator()
        if (draw.nextUnit() < options.devShare) != (split == .dev) { continue }
      }
      let label = try label(row, url)
      if let encoder {
        let encoding = encoder.encode(
          row.texts[0][...], pair: row.texts.count > 1 ? row.texts[1][...] : nil,
          maximumLength: task.maximumLength)
        try body(
          Example(tokens: encoding.ids.map { UInt16($0) }, typeIDs: encoding.typeIDs, label: label))
      } else {
        let ids = row.texts.map { ByteTokenizer.ids($0, maximumLength: task.maximumLength) }
        try body(
          Example(tokens: ids[0], secondTokens: ids.count > 1 ? ids[1] : nil, label: label))
      }
    }
  }

  private func label(_ row: LabelledTable.Row, _ url: URL) throws -> Example.Label {
    func problem(_ text: String, _ hint: String) -> DataError {
      DataError(.malformed, file: url.path, place: .line(row.line), problem: text, hint: hint)
    }
    guard options.target == .category else {
      guard let value = Float(row.label), value.isFinite else {
        throw problem(
          "the label is '\(row.label)', no number", "Mend it, or set data.target: class")
      }
      return .value(value)
    }
    guard let index = classNames.firstIndex(of: row.label) else {
      let known = classNames.prefix(20).joined(separator: ", ")
      throw problem(
        "the label is '\(row.label)', none of \(known)",
        options.classes.isEmpty
          ? "The classes are those of the training table" : "data.classes lists the classes")
    }
    return .classIndex(Int32(index))
  }
}

extension LabelledFiles {
  /// Says what the classes are; rows that cannot be read are found by reading them.
  func check() throws -> [DataFinding] {
    guard !classNames.isEmpty else { return [] }
    let names = classNames.enumerated().map { "\($0): \($1)" }.joined(separator: ", ")
    return [DataFinding(.ok, check: "classes", detail: names)]
  }
}
