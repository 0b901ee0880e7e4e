import Tasks
import Tokenization

/// Tokens and classes of a task as a person reads them.
public struct TokenText: Sendable {
  private let task: TaskSpecification
  private let vocabulary: WordPieceVocabulary?

  /// The texts of `task` below `data`, read as `options` say.
  ///
  /// - Throws: `DataError` when the task has a vocabulary and it cannot be read.
  public init(_ task: TaskSpecification, _ data: DataRoot, _ options: SourceOptions) throws {
    self.task = task
    vocabulary =
      task.tokens == .pieces ? try PieceVocabulary(data, options).tokenizer.vocabulary : nil
  }

  /// Whether a token is a byte of a text.
  public var isBytes: Bool { task.tokens == .bytes }

  /// What one token stands for.
  public func piece(_ token: Int) -> String {
    if let vocabulary {
      return vocabulary.pieces.indices.contains(token) ? vocabulary.pieces[token] : "#\(token)"
    }
    if isBytes { return Self.byte(token - 1) }
    if case .words(let words) = task.tokens, words.indices.contains(token) { return words[token] }
    return "\(token)"
  }

  /// A byte as one character where it is printable ASCII, else in hexadecimal.
  private static func byte(_ value: Int) -> String {
    switch value {
    case 0x20: return " "
    case 0x21...0x7E: return String(UnicodeScalar(UInt8(value)))
    case 0x0A: return "↵"
    case 0x09: return "⇥"
    default:
      let digits = String(value, radix: 16)
      return "⟨\(digits.count < 2 ? "0" : "")\(digits)⟩"
    }
  }

  /// A whole text on one line.
  public func line(_ tokens: [UInt16]) -> String {
    if isBytes {
      let bytes = tokens.map { UInt8(clamping: Int($0) - 1) }
      return String(decoding: bytes, as: UTF8.self).replacing(/[\p{Cc}]+/, with: " ")
    }
    let words = tokens.map { piece(Int($0)) }.joined(separator: " ")
    // Pieces that go on in the word before them.
    return vocabulary == nil ? words : words.replacing(" ##", with: "")
  }

  /// Whether classes have names of their own, rather than their numbers.
  public var hasClassNames: Bool {
    task.output == .vocabulary || !task.classNames.isEmpty
  }

  /// The name of a class.
  public func className(_ index: Int) -> String {
    if task.output == .vocabulary { return piece(index) }
    return task.classNames.indices.contains(index) ? task.classNames[index] : "\(index)"
  }
}
