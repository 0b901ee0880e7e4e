import Foundation
import Testing
import Tokenization

@Suite("WordPiece")
struct WordPieceTests {
  /// A line of Fixtures/wordpiece.jsonl.
  private struct Golden: Decodable {
    var text: String
    var pair: String?
    var maxLength: Int?
    var ids: [Int32]
    var typeIds: [UInt8]?
  }

  private static let pieces = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "##able", "##a", "a", "b", "##b",
    "!", "é", "fi", "\u{65E5}", "x", "\u{302E}", "##\u{302E}", "##\u{1B44}",
  ]

  private static func tokenizer(_ pieces: [String] = pieces) throws -> WordPieceTokenizer {
    WordPieceTokenizer(try WordPieceVocabulary(bytes: Array(pieces.joined(separator: "\n").utf8)))
  }

  /// The pieces of `text`, by name.
  private func pieces(_ text: String) throws -> [String] {
    var ids: [Int32] = []
    try Self.tokenizer().makeEncoder().appendPieces(of: Array(text.utf8), to: &ids)
    return ids.map { Self.pieces[Int($0)] }
  }

  private static func fixture(_ name: String) throws -> [UInt8] {
    let path = try #require(Bundle.module.path(forResource: "Fixtures/\(name)", ofType: nil))
    return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test("The ids are those of the tokenizers library")
  func golden() throws {
    let tokenizer = WordPieceTokenizer(
      try WordPieceVocabulary(bytes: Self.fixture("vocab.txt")))
    let encoder = tokenizer.makeEncoder()
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let lines = try Self.fixture("wordpiece.jsonl").split(separator: UInt8(ascii: "\n"))
    #expect(lines.count == 375)
    for line in lines {
      let golden = try decoder.decode(Golden.self, from: Data(line))
      let encoding = encoder.encode(
        golden.text.utf8, pair: golden.pair?.utf8, maximumLength: golden.maxLength ?? .max)
      #expect(encoding.ids == golden.ids, "\(golden.text)")
      if let typeIDs = golden.typeIds { #expect(encoding.typeIDs == typeIDs, "\(golden.text)") }
    }
  }

  @Test(
    "Rules one by one",
    arguments: [
      ("unaffable", ["un", "##aff", "##able"]),
      ("UNAFFABLE", ["un", "##aff", "##able"]),
      ("unaffx", ["[UNK]"]),
      ("a!b", ["a", "!", "b"]),
      ("  a\t\u{A0}b\u{2003}\r\n", ["a", "b"]),
      // Control characters, U+0000, U+FFFD and the byte-order mark vanish and join what they part.
      ("\u{FEFF}u\u{0}n\u{7F}a\u{FFFD}f\u{200D}f", ["un", "##aff"]),
      // The accent of the piece "é" is stripped from the text, so that the piece is never found.
      ("é", ["[UNK]"]),
      ("á\u{301}\u{300}B", ["a", "##b"]),
      ("x\u{65E5}x", ["x", "\u{65E5}", "x"]),
      // Special pieces are found in the raw text, in their own spelling only.
      ("a[MASK]b[SEP]", ["a", "[MASK]", "b", "[SEP]"]),
      ("[mask]", ["[UNK]", "[UNK]", "[UNK]"]),
      ("[[UNK]", ["[UNK]", "[UNK]"]),
      // Canonical order: the mark of class 9 goes before that of class 224, unless a starter
      // stands between them, even one that is stripped (U+0300 is none, U+0903 is kept, U+0941 is).
      ("x\u{302E}\u{1B44}", ["x", "##\u{1B44}", "##\u{302E}"]),
      ("x\u{302E}\u{300}\u{1B44}", ["x", "##\u{1B44}", "##\u{302E}"]),
      ("x\u{302E}\u{941}\u{1B44}", ["x", "##\u{302E}", "##\u{1B44}"]),
      ("", []),
    ])
  func rules(text: String, expected: [String]) throws {
    #expect(try pieces(text) == expected, "\(text)")
  }

  @Test("A word of 100 characters is matched, one of 101 is unknown")
  func longWords() throws {
    let word = "a" + String(repeating: "b", count: 99)
    #expect(try pieces(word).count == 100)
    #expect(try pieces(word + "b") == ["[UNK]"])
    #expect(try pieces(String(repeating: "b", count: 100_000) + " a") == ["[UNK]", "a"])
    // Stripped accents do not count.
    #expect(try pieces(word + "\u{301}\u{302}").count == 100)
  }

  @Test("Bytes that are not UTF-8 vanish")
  func invalidBytes() throws {
    let encoder = try Self.tokenizer().makeEncoder()
    let damaged: [[UInt8]] = [
      [0xFF], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80],
      [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE6, 0x97],
    ]
    for bytes in damaged {
      var ids: [Int32] = []
      encoder.appendPieces(of: Array("un".utf8) + bytes + Array("aff".utf8), to: &ids)
      #expect(ids.map { Self.pieces[Int($0)] } == ["un", "##aff"], "\(bytes)")
    }
  }

  @Test(
    "Pairs are cut longest first",
    arguments: [
      // (first, second, maximum length incl. 3 special pieces) -> kept
      (5, 5, 20, 5, 5), (2, 9, 10, 2, 5), (9, 2, 10, 5, 2), (9, 9, 10, 3, 4), (9, 8, 10, 4, 3),
      (8, 9, 10, 3, 4), (0, 9, 5, 0, 2), (9, 9, 3, 0, 0), (4, 4, 11, 4, 4), (4, 5, 11, 4, 4),
    ])
  func pairs(first: Int, second: Int, maximumLength: Int, keptFirst: Int, keptSecond: Int) throws {
    let encoder = try Self.tokenizer().makeEncoder()
    func text(_ word: String, _ count: Int) -> [UInt8] {
      Array(Array(repeating: word, count: count).joined(separator: " ").utf8)
    }
    let encoding = encoder.encode(
      text("a", first), pair: text("b", second), maximumLength: maximumLength)
    let a = Int32(Self.pieces.firstIndex(of: "a")!)
    let b = Int32(Self.pieces.firstIndex(of: "b")!)
    #expect(
      encoding.ids == [2] + Array(repeating: a, count: keptFirst) + [3]
        + Array(repeating: b, count: keptSecond) + [3])
    #expect(
      encoding.typeIDs == Array(repeating: 0, count: keptFirst + 2)
        + Array(repeating: 1, count: keptSecond + 1))
  }

  @Test("A single text is cut at its end")
  func single() throws {
    let encoder = try Self.tokenizer().makeEncoder()
    #expect(encoder.encode("a a a a".utf8, maximumLength: 5).ids == [2, 9, 9, 9, 3])
    #expect(encoder.encode("a".utf8, maximumLength: 2).ids == [2, 3])
  }
}

@Suite("WordPiece vocabularies")
struct WordPieceVocabularyTests {
  private func problem(_ text: String) -> WordPieceVocabulary.Problem? {
    do {
      _ = try WordPieceVocabulary(bytes: Array(text.utf8))
      return nil
    } catch {
      return error
    }
  }

  @Test("CRLF and blanks at line ends are ignored")
  func lineEnds() throws {
    let vocabulary = try WordPieceVocabulary(
      bytes: Array("[PAD]\r\n[UNK] \r\n[CLS]\r\n[SEP]\r\nthe\t\r\n".utf8))
    #expect(vocabulary.pieces == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the"])
    #expect(vocabulary.unknown == 1 && vocabulary.separator == 3 && vocabulary.padding == 0)
    #expect(vocabulary.mask == nil)
  }

  @Test("What is wrong is named with its line")
  func problems() {
    #expect(problem("[CLS]\n[SEP]\na")?.problem == "the vocabulary has no piece [UNK]")
    #expect(problem("[UNK]\n[CLS]\na")?.problem == "the vocabulary has no piece [SEP]")
    #expect(problem("")?.problem == "the vocabulary has no piece [UNK]")
    #expect(problem("[UNK]\n[CLS]\n\n[SEP]")?.line == 3)
    let twice = problem("[UNK]\n[CLS]\n[SEP]\na\nb\na")
    #expect(twice?.description == "line 6: the piece 'a' is already on line 4")
    // Equal as text, but not as bytes: two pieces.
    #expect(problem("[UNK]\n[CLS]\n[SEP]\n\u{E9}\ne\u{301}") == nil)
    let many = "[UNK]\n[CLS]\n[SEP]\n" + (0...65_536).map { "\($0)" }.joined(separator: "\n")
    #expect(problem(many)?.problem.contains("more than 65,536") == true)
    let notText = #expect(throws: WordPieceVocabulary.Problem.self) {
      _ = try WordPieceVocabulary(bytes: Array("[UNK]\n".utf8) + [0xFF])
    }
    #expect(notText?.description == "line 2: the piece is not valid UTF-8")
  }
}
