/// The pieces of a WordPiece vocabulary, numbered by their lines from 0.
///
/// The file holds one piece a line in UTF-8, as published with BERT. Pieces that continue a word
/// begin with `##`. White space after a piece and an empty last line are ignored.
public struct WordPieceVocabulary: Sendable {
  /// The pieces, by id.
  public let pieces: [String]
  /// The id of `[UNK]`, which stands for a word that no pieces make up.
  public let unknown: Int32
  /// The id of `[CLS]`, which begins every encoding.
  public let classification: Int32
  /// The id of `[SEP]`, which ends every text.
  public let separator: Int32
  /// The id of `[PAD]`; `nil` where the vocabulary has none.
  public let padding: Int32?
  /// The id of `[MASK]`; `nil` where the vocabulary has none.
  public let mask: Int32?

  /// The names of the special pieces. Where one stands in a text it is that piece, as in the
  /// `tokenizers` library.
  public static let specialPieces = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]

  /// What is wrong with a vocabulary, and on which line, counted from 1; `nil` for all of it.
  public struct Problem: Error, Hashable, CustomStringConvertible {
    /// The line, counted from 1; `nil` when the trouble is with the whole file.
    public var line: Int?
    /// What is wrong, without a full stop.
    public var problem: String

    /// "line 12: the piece 'the' is already on line 3".
    public var description: String { (line.map { "line \($0): " } ?? "") + problem }
  }

  /// Reads the bytes of a vocabulary file.
  ///
  /// - Throws: ``Problem`` when a line is empty, not UTF-8 or there twice, when `[UNK]`, `[CLS]` or
  ///   `[SEP]` is missing, or when there are more than 65,536 pieces.
  public init(bytes: some BidirectionalCollection<UInt8>) throws(Problem) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    var pieces: [String] = []
    // By bytes: to `String`, "é" is equal to "e" and an accent.
    var lineOfPiece: [[UInt8]: Int] = [:]
    pieces.reserveCapacity(lines.count)
    lineOfPiece.reserveCapacity(lines.count)
    for (index, bytes) in lines.enumerated() {
      let line = index + 1
      let end = bytes.lastIndex { !Self.blanks.contains($0) }
      guard let end else { throw Problem(line: line, problem: "there is no piece on this line") }
      guard let piece = String(validating: bytes[...end], as: UTF8.self) else {
        throw Problem(line: line, problem: "the piece is not valid UTF-8")
      }
      if let earlier = lineOfPiece.updateValue(line, forKey: Array(bytes[...end])) {
        throw Problem(line: line, problem: "the piece '\(piece)' is already on line \(earlier)")
      }
      pieces.append(piece)
    }
    guard pieces.count <= 1 << 16 else {
      throw Problem(line: nil, problem: "there are \(pieces.count) pieces, more than 65,536")
    }
    func id(_ piece: String) -> Int32? { lineOfPiece[Array(piece.utf8)].map { Int32($0 - 1) } }
    func required(_ piece: String) throws(Problem) -> Int32 {
      guard let id = id(piece) else {
        throw Problem(line: nil, problem: "the vocabulary has no piece \(piece)")
      }
      return id
    }
    self.pieces = pieces
    unknown = try required("[UNK]")
    classification = try required("[CLS]")
    separator = try required("[SEP]")
    padding = id("[PAD]")
    mask = id("[MASK]")
  }

  private static let blanks: Set<UInt8> = [0x20, 0x09, 0x0B, 0x0C, 0x0D]
}
