/// Turns text into WordPiece ids: BERT's basic tokenizer and greedy longest match in one pass.
///
/// It works on UTF-8 bytes and puts one word at a time into a buffer of its own, so that nothing
/// is allocated but the result. ASCII takes the short way; the rest asks `WordPieceScalars`,
/// whose answers it keeps. For that reason every thread needs an encoder of its own:
/// ``WordPieceTokenizer/makeEncoder()`` costs little.
///
/// Bytes that are not UTF-8 count as U+FFFD, which the clean-up takes out.
public final class WordPieceEncoder {
  /// A word of more scalars than this is `[UNK]`, as in BERT.
  public static let maximumWordLength = 100

  let tokenizer: WordPieceTokenizer
  private let scalars = WordPieceScalars()
  private var word = Word()

  init(_ tokenizer: WordPieceTokenizer) {
    self.tokenizer = tokenizer
  }

  deinit { word.deallocate() }

  /// Appends the ids of the pieces of `text`, without `[CLS]` and `[SEP]`, to `ids`.
  public func appendPieces(of text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
    tokenizer.trie.nodes.withUnsafeBufferPointer { nodes in
      asciiActions.withUnsafeBufferPointer { actions in
        scan(text, Trie(nodes: nodes, tokenizer: tokenizer), actions, &ids)
      }
    }
  }

  /// Appends the ids of the pieces of `text`, without `[CLS]` and `[SEP]`, to `ids`.
  public func appendPieces(of text: some Sequence<UInt8>, to ids: inout [Int32]) {
    let done: Void? = text.withContiguousStorageIfAvailable { appendPieces(of: $0, to: &ids) }
    if done == nil {
      Array(text).withUnsafeBufferPointer { appendPieces(of: $0, to: &ids) }
    }
  }

  // MARK: The basic tokenizer

  private func scan(
    _ text: UnsafeBufferPointer<UInt8>, _ trie: Trie, _ actions: UnsafeBufferPointer<UInt8>,
    _ ids: inout [Int32]
  ) {
    // A copy in a local variable, which the compiler can keep in registers.
    var word = self.word
    var index = 0
    while index < text.count {
      let byte = text[index]
      let action = actions[Int(byte)]
      if action >= Action.firstLetter {
        word.append(ascii: action)
        index += 1
        continue
      }
      switch action {
      case Action.remove:
        index += 1
      case Action.space:
        trie.finish(&word, &ids)
        index += 1
      case Action.punctuation:
        trie.finish(&word, &ids)
        word.append(ascii: byte)
        trie.finish(&word, &ids)
        index += 1
      case Action.bracket:
        trie.finish(&word, &ids)
        if let special = tokenizer.special(at: index, of: text) {
          ids.append(special.id)
          index += special.length
        } else {
          word.append(ascii: byte)
          trie.finish(&word, &ids)
          index += 1
        }
      default:
        index += addScalar(at: index, of: text, to: &word, trie, &ids)
      }
    }
    trie.finish(&word, &ids)
  }

  /// Handles the scalar beyond ASCII at `index`; returns how many bytes it has.
  private func addScalar(
    at index: Int, of text: UnsafeBufferPointer<UInt8>, to word: inout Word, _ trie: Trie,
    _ ids: inout [Int32]
  ) -> Int {
    let (scalar, length) = UTF8Decoding.scalar(at: index, of: text)
    guard let scalar else { return length }
    let entry = scalars.entry(scalar)
    switch entry.kind {
    case .removed: break
    case .space: trie.finish(&word, &ids)
    case .word: word.append(entry.scalar)
    case .punctuation:
      trie.finish(&word, &ids)
      word.append(entry.scalar)
      trie.finish(&word, &ids)
    case .several:
      for step in scalars.steps(of: entry) {
        switch step.kind {
        case .space: trie.finish(&word, &ids)
        case .punctuation:
          trie.finish(&word, &ids)
          word.append(step.scalar)
          trie.finish(&word, &ids)
        case .word where step.combiningClass == 0: word.append(step.scalar)
        case .word: word.append(mark: step.scalar, combiningClass: step.combiningClass)
        case .nothing: if step.combiningClass == 0 { word.endMarks() }
        }
      }
    }
    return length
  }
}

/// What to do with a byte: a lower-case letter or a digit to append, or one of these.
private enum Action {
  static let remove: UInt8 = 0
  static let space: UInt8 = 1
  static let punctuation: UInt8 = 2
  /// `[`, where a special piece may begin.
  static let bracket: UInt8 = 3
  static let beyondASCII: UInt8 = 4
  static let firstLetter: UInt8 = 0x30
}

private let asciiActions: [UInt8] = (UInt8(0)...255).map { byte in
  switch byte {
  case 0x80...: Action.beyondASCII
  case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): Action.space
  case ..<0x20, 0x7F: Action.remove
  case UInt8(ascii: "["): Action.bracket
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): byte
  case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
  default: Action.punctuation
  }
}

// MARK: Longest match

/// The vocabulary as the inner loop sees it.
private struct Trie {
  let nodes: UnsafeBufferPointer<WordPieceTrie.Node>
  let continuation: Int32?
  let unknown: Int32

  init(nodes: UnsafeBufferPointer<WordPieceTrie.Node>, tokenizer: WordPieceTokenizer) {
    self.nodes = nodes
    continuation = tokenizer.continuation
    unknown = tokenizer.vocabulary.unknown
  }

  /// Appends the pieces of the word, if there is one, and empties it.
  @inline(__always)
  func finish(_ word: inout Word, _ ids: inout [Int32]) {
    if word.scalarCount > 0 {
      match(word, &ids)
      word.clear()
    }
  }

  /// Takes the longest piece that the rest begins with, over and over.
  private func match(_ word: Word, _ ids: inout [Int32]) {
    guard word.scalarCount <= WordPieceEncoder.maximumWordLength else {
      ids.append(unknown)
      return
    }
    let before = ids.count
    var start = 0
    var begin = WordPieceTrie.root
    while true {
      var node = begin
      var longest: Int32 = -1
      var end = start
      var index = start
      while index < word.count {
        let child = nodes[Int(node)].base &+ Int32(word.bytes[index])
        let next = nodes[Int(child)]
        if next.parent != node { break }
        node = child
        index += 1
        if next.id >= 0 {
          longest = next.id
          end = index
        }
      }
      if longest < 0 { break }
      ids.append(longest)
      if end == word.count { return }
      guard let continuation else { break }
      start = end
      begin = continuation
    }
    ids.removeSubrange(before...)
    ids.append(unknown)
  }
}

// MARK: One word

/// The word being read: its bytes, how many scalars they are, and the marks at its end.
private struct Word {
  let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: Word.capacity)
  private(set) var count = 0
  private(set) var scalarCount = 0
  /// The marks (combining class not 0) since the last starter, in canonical order.
  private var marks: [(offset: Int, combiningClass: UInt8)] = []
  /// Where the bytes of the last of `marks` end.
  private var endOfMarks = 0

  private static let capacity = 4 * (WordPieceEncoder.maximumWordLength + 1)

  func deallocate() { bytes.deallocate() }

  @inline(__always)
  mutating func clear() {
    count = 0
    scalarCount = 0
    endOfMarks = 0
  }

  /// Appends a scalar of one byte. Those of a word that is too long are counted, not kept.
  @inline(__always)
  mutating func append(ascii byte: UInt8) {
    if scalarCount <= WordPieceEncoder.maximumWordLength {
      bytes[count] = byte
      count += 1
      scalarCount += 1
    }
  }

  mutating func append(_ scalar: UInt32) {
    if scalarCount <= WordPieceEncoder.maximumWordLength {
      count += UTF8Decoding.encode(scalar, at: bytes + count)
      scalarCount += 1
    }
  }

  /// Appends a mark that stays in the word, before those of a higher combining class.
  mutating func append(mark scalar: UInt32, combiningClass: UInt8) {
    guard scalarCount <= WordPieceEncoder.maximumWordLength else { return }
    if endOfMarks != count || count == 0 { marks.removeAll(keepingCapacity: true) }
    var place = marks.count
    while place > 0, marks[place - 1].combiningClass > combiningClass { place -= 1 }
    let offset = place == marks.count ? count : marks[place].offset
    var encoded: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
    let length = withUnsafeMutableBytes(of: &encoded) {
      UTF8Decoding.encode(scalar, at: $0.assumingMemoryBound(to: UInt8.self).baseAddress!)
    }
    (bytes + offset + length).update(from: bytes + offset, count: count - offset)
    withUnsafeBytes(of: encoded) {
      (bytes + offset).update(
        from: $0.assumingMemoryBound(to: UInt8.self).baseAddress!, count: length)
    }
    for later in place..<marks.count { marks[later].offset += length }
    marks.insert((offset, combiningClass), at: place)
    count += length
    scalarCount += 1
    endOfMarks = count
  }

  /// A starter that is itself taken out still keeps marks before and after it apart.
  mutating func endMarks() { marks.removeAll(keepingCapacity: true) }
}
