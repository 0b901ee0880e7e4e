import Datasets
import Experiments
import Foundation
import Tokenization
import Training

/// Tokens and classes as a person reads them.
struct TokenText {
  private let task: TaskSpecification
  private let kind: TaskName
  private let vocabulary: WordPieceVocabulary?

  /// - Throws: `DataError` when the task has a vocabulary and it cannot be read.
  init(_ trained: TrainedRun) throws {
    (task, kind) = (trained.data.task, trained.configuration.task)
    vocabulary = try TaskData.vocabularyFile(trained.configuration).map {
      try WordPieceTokenizer(vocabularyFile: $0).vocabulary
    }
  }

  /// The real part of a padded text.
  func text(_ matrix: TokenMatrix, isReal: [Bool]) -> Inspection.Text {
    let tokens = matrix.tokens.prefix(matrix.lengths[0]).map { Int($0) }
    var image: GrayImage?
    if let side = task.imageSide, side * side == tokens.count {
      image = GrayImage(width: side, height: side, pixels: tokens.map { UInt8(clamping: $0) })
    }
    return Inspection.Text(
      tokens: tokens.map(piece), isReal: Array(isReal.prefix(tokens.count)), image: image,
      style: kind == .text || kind == .retrieval ? .bytes : .words)
  }

  private func piece(_ token: Int) -> String {
    if let vocabulary {
      return vocabulary.pieces.indices.contains(token) ? vocabulary.pieces[token] : "#\(token)"
    }
    switch kind {
    case .listops where ListOpsTokenizer.symbols.indices.contains(token):
      return ListOpsTokenizer.symbols[token]
    case .text, .retrieval: return Self.byte(token - 1)
    default: return "\(token)"
    }
  }

  /// A byte as one character where it is printable ASCII, else in hexadecimal.
  private static func byte(_ value: Int) -> String {
    switch value {
    case 0x20: " "
    case 0x21...0x7E: String(UnicodeScalar(UInt8(value)))
    case 0x0A: "↵"
    case 0x09: "⇥"
    default: String(format: "⟨%02x⟩", value)
    }
  }

  /// The name of a class.
  func className(_ index: Int) -> String {
    if kind == .mlm { return piece(index) }
    let names = Self.classNames[kind] ?? []
    return names.indices.contains(index) ? names[index] : "\(index)"
  }

  /// Classes with names; others go by their numbers.
  private static let classNames: [TaskName: [String]] = [
    .text: ["negative", "positive"],
    .retrieval: ["unrelated", "related"],
    .image: [
      "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ],
    .pathfinder32: ["not joined", "joined"],
    .repeats: ["once", "repeated"],
    .sst2: ["negative", "positive"],
    .mnli: ["entailment", "neutral", "contradiction"],
    .qnli: ["entailment", "not entailment"],
    .rte: ["entailment", "not entailment"],
  ]
}
