/// The tokenizer of uncased BERT: basic tokenizer, greedy longest match, `[CLS]` and `[SEP]`.
///
/// It gives the ids that the `tokenizers` library's `BertWordPieceTokenizer` gives with the same
/// vocabulary, lower-casing on. See Devlin and others, *BERT*, 2019, and its `tokenization.py`.
public struct WordPieceTokenizer: Sendable {
  /// The pieces and their ids.
  public let vocabulary: WordPieceVocabulary
  let trie: WordPieceTrie
  /// Where matching goes on within a word: the node for "##"; `nil` if no piece begins so.
  let continuation: Int32?
  private let specials: [(name: [UInt8], id: Int32)]

  /// A tokenizer for a vocabulary.
  public init(_ vocabulary: WordPieceVocabulary) {
    self.vocabulary = vocabulary
    trie = WordPieceTrie(keys: vocabulary.pieces.map { Array($0.utf8) })
    continuation = trie.node(for: "##".utf8)
    let names = Set(WordPieceVocabulary.specialPieces)
    specials = vocabulary.pieces.enumerated().filter { names.contains($1) }
      .map { (Array($1.utf8), Int32($0)) }
  }

  /// An encoder, one for each thread that encodes.
  public func makeEncoder() -> WordPieceEncoder { WordPieceEncoder(self) }

  /// The special piece that stands at `index` of `text`, and its length in bytes.
  func special(at index: Int, of text: UnsafeBufferPointer<UInt8>) -> (id: Int32, length: Int)? {
    for (name, id) in specials where text.count - index >= name.count {
      if text[index..<index + name.count].elementsEqual(name) { return (id, name.count) }
    }
    return nil
  }
}

/// The ids of a text, or of a pair, with its special pieces.
public struct WordPieceEncoding: Hashable, Sendable {
  /// `[CLS]` first text `[SEP]`, and then second text `[SEP]`.
  public var ids: [Int32]
  /// 0 up to the first `[SEP]`, 1 after it.
  public var typeIDs: [UInt8]
}

extension WordPieceEncoder {
  /// Encodes a text, or a pair of texts, in at most `maximumLength` ids.
  ///
  /// A pair is cut longest first, as the `tokenizers` library does it: the shorter text stays whole
  /// as long as the longer can give way, and of two that are both too long the second keeps the
  /// odd piece.
  ///
  /// - Precondition: `maximumLength` has room for the special pieces: 2, or 3 for a pair.
  public func encode(
    _ text: some Sequence<UInt8>, pair: (some Sequence<UInt8>)? = [UInt8]?.none,
    maximumLength: Int = .max
  ) -> WordPieceEncoding {
    let specialCount = pair == nil ? 2 : 3
    precondition(
      maximumLength >= specialCount,
      "\(maximumLength) ids have no room for \(specialCount) special pieces")
    let room = maximumLength - specialCount
    let vocabulary = tokenizer.vocabulary
    var ids = [vocabulary.classification]
    appendPieces(of: text, to: &ids)
    var second: [Int32] = []
    if let pair { appendPieces(of: pair, to: &second) }
    let kept = Self.lengths(ids.count - 1, second.count, room: room)
    ids.removeLast(ids.count - 1 - kept.first)
    ids.append(vocabulary.separator)
    var typeIDs = [UInt8](repeating: 0, count: ids.count)
    if pair != nil {
      ids += second.prefix(kept.second)
      ids.append(vocabulary.separator)
      typeIDs += repeatElement(1, count: kept.second + 1)
    }
    return WordPieceEncoding(ids: ids, typeIDs: typeIDs)
  }

  /// How many pieces of each text stay if both together have `room`.
  static func lengths(_ first: Int, _ second: Int, room: Int) -> (first: Int, second: Int) {
    let shorter = min(first, second)
    let longer = max(first, second)
    if longer <= room - shorter { return (first, second) }
    // Without room for both, the longer text gets what the shorter leaves, but no less than half.
    var kept = (shorter: shorter, longer: max(shorter, room - shorter))
    if kept.shorter > room - kept.longer { kept = (room / 2, room - room / 2) }
    return first <= second ? (kept.shorter, kept.longer) : (kept.longer, kept.shorter)
  }
}
