import DataFiles
import Foundation
import Tasks
import Tokenization

/// A corpus for masked language modelling: any folder or archive of text files, or one `.txt` file.
///
/// Every file is read, by name, except those whose names begin with a dot. Files and, as in BERT's
/// own input, blank lines separate documents. Pieces are packed one after another into sequences
/// `[CLS] … [SEP]` of the maximum length; where a document ends within a sequence stands a `[SEP]`.
/// Only the last sequence is shorter. Every tenth sequence is dev.
///
/// Sequences are not masked here: ``TokenMasking`` does that each time they are read.
public struct MaskedText: DatasetSource {
  /// Masked LM, with the vocabulary and length the options ask for.
  public let task: TaskSpecification
  /// How sequences of this corpus are masked.
  public let masking: TokenMasking
  private let url: URL
  private let root: URL
  private let vocabulary: PieceVocabulary

  /// One in so many sequences is dev.
  public static let devEvery = 10
  /// A longer line is no text.
  static let maximumLineBytes = 16 << 20

  /// The corpus that the options name, else `corpus` below the root of `data`.
  ///
  /// - Throws: `DataError` when the corpus or the vocabulary is missing, or has no `[MASK]`.
  public init(_ data: DataRoot, options: SourceOptions = SourceOptions()) throws {
    url = options.corpus ?? data.root.appendingPathComponent("corpus")
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw DataError(
        .missing, file: url.path, problem: "there is no corpus",
        hint: "Put text files into that folder, or name a folder or archive as the corpus")
    }
    vocabulary = try PieceVocabulary(data, options)
    guard let masking = TokenMasking(vocabulary.tokenizer.vocabulary) else {
      throw DataError(
        .malformed, file: vocabulary.url.path, problem: "the vocabulary has no piece [MASK]",
        hint: "Name the vocab.txt of an uncased BERT")
    }
    self.masking = masking
    task = try vocabulary.fit(.mlm, options)
    guard task.maximumLength > 2 else {
      throw DataError(
        .malformed, file: url.path,
        problem: "sequences of \(task.maximumLength) tokens have room for [CLS] and [SEP] only",
        hint: "Choose a greater data.length")
    }
    root = data.root
  }

  /// The files, or the archive, the vocabulary and the length.
  public func fingerprint() throws -> SourceFingerprint {
    var urls = [url]
    if try isFolder {
      try Folder(url).visit { entry in
        urls.append(url.appendingPathComponent(entry.path))
        return .next
      }
    }
    let files = try urls.map { try SourceFingerprint.File($0, below: root) }
    let pieces = try SourceFingerprint.File(vocabulary.url, below: root)
    return SourceFingerprint(
      files: files + [pieces],
      settings: [
        "maximum_length": "\(task.maximumLength)", "vocabulary": pieces.path,
        "corpus": files[0].path,
      ])
  }

  private var isFolder: Bool {
    get throws { try FileCollections.open(url) is Folder }
  }

  /// The sequences of a split, before masking.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    var index = 0
    var hasTargets = false
    var packer = SequencePacker(vocabulary.tokenizer.vocabulary, length: task.maximumLength)
    func deliver(_ tokens: [UInt16]) throws {
      if (index % Self.devEvery == Self.devEvery - 1) == (split == .dev) {
        hasTargets = hasTargets || masking.canMask(tokens)
        let typeIDs = [UInt8](repeating: 0, count: tokens.count)
        try body(Example(tokens: tokens, typeIDs: typeIDs, label: .none))
      }
      index += 1
    }
    let encoder = vocabulary.tokenizer.makeEncoder()
    try visit { entry in
      var lines = entry.lines(maximumLineBytes: Self.maximumLineBytes)
      var ids: [Int32] = []
      while let line = try lines.next() {
        if line.contains(0) {
          throw entry.error(
            "the line has a null byte", line: lines.line,
            hint: "A corpus holds text files only; take this file out")
        }
        ids.removeAll(keepingCapacity: true)
        encoder.appendPieces(of: line, to: &ids)
        if ids.isEmpty { packer.endDocument() } else { try packer.add(ids, deliver) }
      }
      packer.endDocument()
      return .next
    }
    try packer.finish(deliver)
    guard index >= Self.devEvery else {
      throw DataError(
        .malformed, file: url.path,
        problem: "the corpus makes \(index) sequences of \(task.maximumLength) tokens, "
          + "at least \(Self.devEvery) are needed", hint: "Add more text")
    }
    guard hasTargets else {
      throw DataError(
        .malformed, file: url.path,
        problem:
          "the \(split) split of the corpus has nothing to predict: every piece is a special one",
        hint: "Add text, and check that it is what the vocabulary is for")
    }
  }

  /// Visits the text files in the order of their names, or of the archive.
  private func visit(_ body: (FileEntry) throws -> FileVisit) throws {
    if try !isFolder, url.pathExtension == "txt" {
      _ = try Folder(url.deletingLastPathComponent()).withFile(url.lastPathComponent, body)
      return
    }
    try FileCollections.open(url).visit { entry in
      let isHidden = entry.path.split(separator: "/").contains { $0.hasPrefix(".") }
      return isHidden ? .next : try body(entry)
    }
  }
}

/// Fills sequences with pieces.
private struct SequencePacker {
  private let first: UInt16
  private let separator: UInt16
  private let length: Int
  private var tokens: [UInt16]
  private var isBetweenDocuments = false

  init(_ vocabulary: WordPieceVocabulary, length: Int) {
    first = UInt16(vocabulary.classification)
    separator = UInt16(vocabulary.separator)
    self.length = length
    tokens = [first]
  }

  mutating func add(_ ids: [Int32], _ deliver: ([UInt16]) throws -> Void) throws {
    if isBetweenDocuments, tokens.count > 1 { try append(separator, deliver) }
    isBetweenDocuments = false
    for id in ids { try append(UInt16(id), deliver) }
  }

  mutating func endDocument() { isBetweenDocuments = true }

  mutating func finish(_ deliver: ([UInt16]) throws -> Void) throws {
    if tokens.count > 1 { try deliver(tokens + [separator]) }
    tokens = [first]
  }

  private mutating func append(
    _ token: UInt16, _ deliver: ([UInt16]) throws -> Void
  ) throws {
    // A sequence that is full ends with a separator anyway.
    if tokens.count == length - 1 {
      try deliver(tokens + [separator])
      tokens = [first]
      if token == separator { return }
    }
    tokens.append(token)
  }
}
