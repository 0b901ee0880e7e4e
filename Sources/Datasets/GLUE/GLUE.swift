import DataFiles
import Foundation
import Tasks
import Tokenization

/// A task of GLUE (Wang and others, 2019), read from its published tables.
///
/// The tables are read from the task's folder, or in place from its zip archive. An example is
/// `[CLS] sentence [SEP]`, or `[CLS] first [SEP] second [SEP]` with type ids 0 and 1, cut longest
/// first to the maximum length. The published test sets come without labels.
public struct GLUE: DatasetSource {
  /// The task, with the vocabulary and length the options ask for.
  public let task: TaskSpecification
  private let table: GLUETable
  private let files: any FileCollection
  private let root: URL
  private let vocabulary: PieceVocabulary

  /// The tables of the task named `name` below `data`.
  ///
  /// - Throws: `DataError` when the tables or the vocabulary are missing, or the vocabulary is
  ///   none.
  /// - Precondition: `name` is one of the nine tasks.
  public init(
    _ name: String, _ data: DataRoot, options: SourceOptions = SourceOptions()
  ) throws {
    guard let table = GLUETable.all.first(where: { $0.task.name == name }) else {
      preconditionFailure("\(name) is no task of GLUE")
    }
    guard let place = data.firstExisting(table.places) else {
      throw DataError(
        .missing, file: data.root.appendingPathComponent(table.places[0]).path,
        problem: "there is none of \(table.places.joined(separator: ", "))",
        hint: "Run data-scripts/glue.sh \(table.folder)")
    }
    files = try FileCollections.open(
      place.lastPathComponent == table.fileName(.train) ? place.deletingLastPathComponent() : place)
    vocabulary = try PieceVocabulary(data, options)
    self.table = table
    task = try vocabulary.fit(table.task, options)
    root = data.root
  }

  /// The names of the nine tasks.
  public static let names = GLUETable.all.map(\.task.name)

  /// The tables or the archive, the vocabulary and the length.
  public func fingerprint() throws -> SourceFingerprint {
    let urls =
      files is Folder
      ? task.splits.map { files.url.appendingPathComponent(table.fileName($0)) } : [files.url]
    let pieces = try SourceFingerprint.File(vocabulary.url, below: root)
    return SourceFingerprint(
      files: try urls.map { try .init($0, below: root) } + [pieces],
      settings: ["maximum_length": "\(task.maximumLength)", "vocabulary": pieces.path])
  }

  /// The rows of the split's table.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    let encoder = vocabulary.tokenizer.makeEncoder()
    try withRows(of: split) { rows in
      while let row = try rows.next() {
        let encoding = encoder.encode(
          row.sentences[0], pair: row.sentences.count > 1 ? row.sentences[1] : nil,
          maximumLength: task.maximumLength)
        try body(
          Example(
            tokens: encoding.ids.map { UInt16($0) }, typeIDs: encoding.typeIDs, label: row.label))
      }
    }
  }

  /// Calls `body` with the rows of the split's table.
  private func withRows<Result>(
    of split: Split, _ body: (inout GLUERows) throws -> Result
  ) throws -> Result {
    let name = table.fileName(split)
    return try files.withFile(files is Folder ? name : "\(table.folder)/\(name)") { entry in
      var rows = try GLUERows(entry, of: split, table: table)
      return try body(&rows)
    }
  }

  /// Looks for what reading tolerates: rows without all columns, bytes that are not UTF-8, and
  /// pieces the vocabulary does not have.
  func check() throws -> [DataFinding] {
    var findings: [DataFinding] = []
    for split in task.splits {
      let (leftOut, damaged) = try withRows(of: split) { rows in
        var damaged = 0
        while let row = try rows.next() {
          if !row.sentences.allSatisfy({ String(validating: $0, as: UTF8.self) != nil }) {
            damaged += 1
          }
        }
        return (rows.leftOut, damaged)
      }
      let subject = table.fileName(split)
      if leftOut.count > 0 {
        findings.append(
          DataFinding(
            .warning, check: "columns", subject: subject,
            detail: "\(leftOut.count) rows lack columns and are left out, the first on line "
              + "\(leftOut.firstLine)"))
      }
      findings.append(
        DataFinding(
          damaged == 0 ? .ok : .warning, check: "encoding", subject: subject,
          detail: damaged == 0 ? "UTF-8" : "\(damaged) rows are not UTF-8 in places"))
    }
    return findings
  }
}

/// The WordPiece vocabulary of a source, as its options name it.
struct PieceVocabulary: Sendable {
  /// The file.
  let url: URL
  /// The tokenizer.
  let tokenizer: WordPieceTokenizer

  /// Reads the vocabulary that the options name, else `bert-vocab/vocab.txt` below the root.
  init(_ data: DataRoot, _ options: SourceOptions) throws {
    url = options.vocabulary ?? data.vocabulary
    if options.vocabulary == nil, !FileManager.default.fileExists(atPath: url.path) {
      throw DataError(
        .missing, file: url.path, problem: "the WordPiece vocabulary is not there",
        hint: "Run data-scripts/vocabulary.sh, or name another in the experiment file")
    }
    tokenizer = try WordPieceTokenizer(vocabularyFile: url)
    guard tokenizer.vocabulary.padding == 0 else {
      throw DataError(
        .malformed, file: url.path, place: .line(1), problem: "the first piece is not [PAD]",
        hint: "Id 0 is padding here; name the vocab.txt of an uncased BERT")
    }
  }

  /// `task` with this vocabulary's size and the options' length.
  func fit(_ task: TaskSpecification, _ options: SourceOptions) throws -> TaskSpecification {
    var task = task
    task.vocabularySize = tokenizer.vocabulary.pieces.count
    if let length = options.maximumLength { task.maximumLength = length }
    guard task.maximumLength >= 8 else {
      throw DataError(
        .malformed, file: url.path,
        problem: "\(task.maximumLength) tokens have no room for [CLS], [SEP] and a text",
        hint: "Set the length of task \(task.name) to 8 or more")
    }
    return task
  }
}
