import DataFiles
import Datasets
import Foundation
import Randomness
import Tasks
import TestSupport
import Testing
import Tokenization

@Suite("Masked language modelling")
struct MaskedTextTests {
  private func sequences(_ source: MaskedText, _ split: Split) throws -> [[UInt16]] {
    var sequences: [[UInt16]] = []
    try source.forEachExample(of: split) { example in
      #expect(example.label == .none)
      #expect(example.typeIDs == Array(repeating: 0, count: example.tokens.count))
      sequences.append(example.tokens)
    }
    return sequences
  }

  @Test("Documents are packed one after another; every tenth sequence is dev")
  func packing() throws {
    let folder = try TemporaryFolder()
    try writeVocabulary(folder)
    // 5 = a, 6 = b, 7 = c; sequences of 8 hold 6 pieces.
    try folder.write("corpus/1.txt", "a a a\na\n\n\nb b b".utf8)
    try folder.write("corpus/2/x", "c c c c c c c\n".utf8)
    try folder.write("corpus/3", String(repeating: "b ", count: 6 * 9).utf8)
    try folder.write("corpus/.hidden", "a".utf8)
    let options = SourceOptions(maximumLength: 8)
    let source = try MaskedText(DataRoot(folder.url), options: options)
    let (train, dev) = try (sequences(source, .train), sequences(source, .dev))
    #expect(
      train.prefix(4) == [
        [2, 5, 5, 5, 5, 3, 6, 3], [2, 6, 6, 3, 7, 7, 7, 3], [2, 7, 7, 7, 7, 3, 6, 3],
        [2, 6, 6, 6, 6, 6, 6, 3],
      ])
    #expect(train.count == 11 && dev.count == 1)
    #expect(dev == [[2, 6, 6, 6, 6, 6, 6, 3]])
    #expect(train.last == [2, 6, 6, 6, 6, 6, 3])

    let tar = ArchiveBuilder.tar([
      .init("1.txt", "a a a\na\n\n\nb b b"), .init("2/x", "c c c c c c c\n"),
      .init("3", String(repeating: "b ", count: 6 * 9)),
    ])
    let archive = try folder.write("corpus.tar.gz", ArchiveBuilder.gzip(tar))
    let packed = try MaskedText(
      DataRoot(folder.url), options: SourceOptions(maximumLength: 8, corpus: archive))
    #expect(try sequences(packed, .train) == train)
  }

  @Test("One text file is a corpus; one that is too small, or no text, is none")
  func corpora() throws {
    let folder = try TemporaryFolder()
    try writeVocabulary(folder)
    let file = try folder.write("one.txt", String(repeating: "a b c ", count: 100).utf8)
    func source() throws -> MaskedText {
      try MaskedText(
        DataRoot(folder.url), options: SourceOptions(maximumLength: 8, corpus: file))
    }
    #expect(try sequences(source(), .train).count == 45)
    try folder.write("one.txt", "a b c".utf8)
    let small = #expect(throws: DataError.self) { try sequences(source(), .train) }
    #expect(small?.problem.contains("makes 1 sequences of 8 tokens") == true)
    try folder.write("one.txt", [0x61, 0x0A, 0x62, 0x00])
    let binary = #expect(throws: DataError.self) { try sequences(source(), .train) }
    #expect(binary?.place == .entryLine("one.txt", 2))
    // Nothing but what is never to be predicted.
    try folder.write("one.txt", String(repeating: "[SEP] ", count: 300).utf8)
    let special = #expect(throws: DataError.self) { try sequences(source(), .train) }
    #expect(special?.problem.contains("train split of the corpus has nothing to predict") == true)
    let nothing = #expect(throws: DataError.self) { try MaskedText(DataRoot(folder.url)) }
    #expect(nothing?.kind == .missing)
  }

  // MARK: Masking

  private static let pieces =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + (0..<995).map { "p\($0)" }

  private func masking() throws -> TokenMasking {
    let vocabulary = try WordPieceVocabulary(
      bytes: Array(Self.pieces.joined(separator: "\n").utf8))
    return try #require(TokenMasking(vocabulary))
  }

  private let example = Example(
    tokens: [2] + (0..<100).map { UInt16($0 + 10) } + [3], label: .none)

  @Test("15 % are chosen, never [CLS] or [SEP]; the label is what stood there")
  func choice() throws {
    let masking = try masking()
    for seed in 0..<50 {
      let masked = masking.masked(example, stream: RandomStream(seed: UInt64(seed)))
      guard case .tokenClasses(let labels) = masked.label else {
        Issue.record("no labels")
        return
      }
      let chosen = labels.indices.filter { labels[$0] != Example.ignoredLabel }
      #expect(chosen.count == 15)
      #expect(!chosen.contains(0) && !chosen.contains(101))
      for place in labels.indices {
        if chosen.contains(place) {
          #expect(labels[place] == Int32(example.tokens[place]))
        } else {
          #expect(masked.tokens[place] == example.tokens[place])
        }
      }
    }
    // Even the shortest text has something to predict; one of special pieces alone has not.
    let short = masking.masked(
      Example(tokens: [2, 9, 3], label: .none), stream: RandomStream(seed: 1))
    #expect(short.label == .tokenClasses([-100, 9, -100]))
    let none = masking.masked(Example(tokens: [2, 3], label: .none), stream: RandomStream(seed: 1))
    #expect(none.label == .tokenClasses([-100, -100]) && none.tokens == [2, 3])
  }

  @Test("80 % become [MASK], 10 % any piece, 10 % stay")
  func shares() throws {
    let masking = try masking()
    var (masks, kept, other) = (0, 0, 0)
    for seed in 0..<2000 {
      let masked = masking.masked(example, stream: RandomStream(seed: UInt64(seed)))
      guard case .tokenClasses(let labels) = masked.label else { continue }
      for place in labels.indices where labels[place] != Example.ignoredLabel {
        if masked.tokens[place] == 4 {
          masks += 1
        } else if masked.tokens[place] == example.tokens[place] {
          kept += 1
        } else {
          other += 1
        }
      }
    }
    // 30,000 choices; six standard deviations.
    #expect(abs(masks - 24_000) < 420, "\(masks)")
    #expect(abs(kept - 3000) < 320, "\(kept)")
    #expect(abs(other - 3000) < 320, "\(other)")
  }

  @Test("Masks follow from seed, epoch and example alone")
  func keys() throws {
    let masking = try masking()
    let base = MemoryStore(Array(repeating: example, count: 4))
    func store(_ seed: UInt64, _ epoch: Int) -> MaskedStore {
      MaskedStore(base, masking, run: RandomStream(seed: seed), epoch: epoch)
    }
    let all = try store(1, 0).examples(at: [0, 1, 2, 3])
    #expect(Set(all).count == 4)
    #expect(try store(1, 0).examples(at: [3, 1]) == [all[3], all[1]])
    #expect(try store(1, 1).examples(at: [0]) != [all[0]])
    #expect(try store(2, 0).examples(at: [0]) != [all[0]])
    #expect(store(1, 0).count == 4 && store(1, 0).lengths(of: 0).first == 102)
  }
}
