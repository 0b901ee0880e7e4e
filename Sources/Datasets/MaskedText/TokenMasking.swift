import Randomness
import Tokenization

/// BERT's masking: 15 % of a sequence's pieces are to be predicted; of these 80 % become `[MASK]`,
/// 10 % any piece of the vocabulary, and 10 % stay (Devlin and others, 2019, section 3.1).
///
/// `[CLS]`, `[SEP]` and `[PAD]` are never chosen. How many pieces are chosen is fixed by the
/// sequence's length, at least 1; which ones, and what becomes of them, comes from a stream of its
/// own, keyed by (seed, epoch, example): batches, threads and restarts change nothing.
public struct TokenMasking: Hashable, Sendable {
  /// The share of pieces that is to be predicted.
  public static let rate = 0.15

  private let mask: UInt16
  private let special: Set<UInt16>
  private let vocabularySize: Int

  /// The masking for a vocabulary; `nil` if it has no `[MASK]`.
  public init?(_ vocabulary: WordPieceVocabulary) {
    guard let mask = vocabulary.mask else { return nil }
    self.mask = UInt16(mask)
    special = Set(
      [vocabulary.classification, vocabulary.separator, vocabulary.padding ?? 0].map {
        UInt16($0)
      })
    vocabularySize = vocabulary.pieces.count
  }

  /// The stream of an example's mask: `run` → "masking" → epoch → example.
  public static func stream(_ run: RandomStream, epoch: Int, example: Int) -> RandomStream {
    run.child("masking").child(epoch).child(example)
  }

  /// Whether any of `tokens` can be chosen.
  func canMask(_ tokens: [UInt16]) -> Bool { !tokens.allSatisfy(special.contains) }

  /// `example` with some tokens replaced; its label is the original id of each chosen token, and
  /// ``Example/ignoredLabel`` of all others.
  public func masked(_ example: Example, stream: RandomStream) -> Example {
    var generator = stream.generator()
    var places = example.tokens.indices.filter { !special.contains(example.tokens[$0]) }
    let count = places.isEmpty ? 0 : max(1, Int((Double(places.count) * Self.rate).rounded()))
    var result = example
    var labels = [Int32](repeating: Example.ignoredLabel, count: example.tokens.count)
    for chosen in 0..<count {
      // The first steps of a shuffle: places without replacement.
      places.swapAt(chosen, chosen + generator.below(places.count - chosen))
      let place = places[chosen]
      labels[place] = Int32(example.tokens[place])
      switch generator.below(10) {
      case 0..<8: result.tokens[place] = mask
      case 8: result.tokens[place] = UInt16(generator.below(vocabularySize))
      default: break
      }
    }
    result.label = .tokenClasses(labels)
    return result
  }
}

/// A store whose examples are masked as they are read, each epoch anew.
public struct MaskedStore: ExampleStore {
  private let base: any ExampleStore
  private let masking: TokenMasking
  private let run: RandomStream
  private let epoch: Int

  /// `base` as `epoch` of the run with stream `run` sees it. For dev use one epoch, such as 0.
  public init(_ base: any ExampleStore, _ masking: TokenMasking, run: RandomStream, epoch: Int) {
    self.base = base
    self.masking = masking
    self.run = run
    self.epoch = epoch
  }

  /// How many examples there are.
  public var count: Int { base.count }

  /// The lengths of the texts of example `index`.
  public func lengths(of index: Int) -> Example.Lengths { base.lengths(of: index) }

  /// The examples at `indices`, masked.
  public func examples(at indices: [Int]) throws -> [Example] {
    zip(indices, try base.examples(at: indices)).map { index, example in
      masking.masked(
        example, stream: TokenMasking.stream(run, epoch: epoch, example: index))
    }
  }
}
