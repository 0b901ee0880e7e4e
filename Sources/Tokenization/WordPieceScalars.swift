import Foundation

/// What BERT's clean-up, accent stripping and lower-casing make of Unicode scalars.
///
/// Rules (BERT's `BasicTokenizer`, in the reading of the `tokenizers` library):
/// - control, format and private-use characters, U+0000 and U+FFFD vanish; white space is a blank;
/// - blanks go around CJK ideographs;
/// - canonical decomposition (NFD), then non-spacing marks (Mn) vanish, then lower-casing;
/// - ASCII symbols and Unicode's punctuation stand alone.
///
/// The reference knows the categories of Unicode 8 and the combining classes of Unicode 9. A scalar
/// that is younger counts there as a letter without decomposition, and seven older ones have since
/// changed category; so it is here, for the ids to be equal for every scalar there is.
///
/// Pages of 256 scalars are worked out when a text first needs them.
final class WordPieceScalars {
  /// What a scalar is to the tokenizer.
  enum Kind: UInt8 {
    /// Taken out of the text before anything else looks at it.
    case removed
    /// A blank.
    case space
    /// One scalar, ``Entry/scalar``, of a word.
    case word
    /// One scalar, ``Entry/scalar``, that is a word of its own.
    case punctuation
    /// Anything else: see ``WordPieceScalars/steps(of:)``.
    case several
  }

  /// A kind and what it makes of the scalar, in one word.
  struct Entry {
    fileprivate let bits: UInt32

    fileprivate init(_ kind: Kind, _ payload: UInt32 = 0) {
      bits = UInt32(kind.rawValue) << 24 | payload
    }

    var kind: Kind { Kind(rawValue: UInt8(truncatingIfNeeded: bits >> 24))! }
    /// The scalar that is left of a word or of punctuation.
    var scalar: UInt32 { bits & 0xFF_FFFF }
  }

  /// One scalar of a decomposition, in its order.
  struct Step {
    enum Kind { case word, punctuation, space, nothing }
    var kind: Kind
    var scalar: UInt32
    /// The canonical combining class, which orders marks; 0 for a starter.
    var combiningClass: UInt8
  }

  private var pages = [[Entry]?](repeating: nil, count: 0x1100)
  private var decompositions: [[Step]] = []

  /// What becomes of `scalar`, a scalar value outside the surrogates.
  func entry(_ scalar: UInt32) -> Entry {
    let page = Int(scalar >> 8)
    if let entries = pages[page] { return entries[Int(scalar & 0xFF)] }
    let entries = (0..<256).map { make(scalar & ~0xFF | $0) }
    pages[page] = entries
    return entries[Int(scalar & 0xFF)]
  }

  /// The steps of an entry whose kind is `several`.
  func steps(of entry: Entry) -> [Step] { decompositions[Int(entry.scalar)] }

  private func make(_ value: UInt32) -> Entry {
    guard let scalar = Unicode.Scalar(value) else { return Entry(.removed) }
    if Self.isSpace(scalar) { return Entry(.space) }
    if Self.isRemoved(scalar) { return Entry(.removed) }
    let steps = Self.steps(scalar)
    if steps.count == 1, steps[0].combiningClass == 0 {
      switch steps[0].kind {
      case .word: return Entry(.word, steps[0].scalar)
      case .punctuation: return Entry(.punctuation, steps[0].scalar)
      case .space, .nothing: break
      }
    }
    decompositions.append(steps)
    return Entry(.several, UInt32(decompositions.count - 1))
  }

  /// Decomposition, accent stripping, lower-casing and CJK spacing of one scalar.
  private static func steps(_ scalar: Unicode.Scalar) -> [Step] {
    let blank = Step(kind: .space, scalar: 0x20, combiningClass: 0)
    var steps: [Step] = []
    for part in decomposition(scalar) {
      let order = isKnown(part, in: 9) ? part.properties.canonicalCombiningClass.rawValue : 0
      if category(part) == .nonspacingMark {
        steps.append(Step(kind: .nothing, scalar: part.value, combiningClass: order))
        continue
      }
      for lower in part.properties.lowercaseMapping.unicodeScalars {
        let kind: Step.Kind =
          isSpace(lower) ? .space : isPunctuation(lower) ? .punctuation : .word
        steps.append(Step(kind: kind, scalar: lower.value, combiningClass: order))
      }
    }
    return isIdeograph(scalar.value) ? [blank] + steps + [blank] : steps
  }

  private static func decomposition(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    guard isKnown(scalar) else { return [scalar] }
    return Array(String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars)
  }

  // MARK: Classes of scalars

  /// Whether that version of Unicode had the scalar.
  private static func isKnown(_ scalar: Unicode.Scalar, in version: Int = 8) -> Bool {
    (scalar.properties.age?.major ?? .max) <= version
  }

  private static func category(_ scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
    switch scalar.value {
    case 0x166D, 0x111C9: .otherPunctuation
    case 0x1734, 0x1171E: .nonspacingMark
    case 0x1885, 0x1886: .otherLetter
    case 0xA9BD: .spacingMark
    default: isKnown(scalar) ? scalar.properties.generalCategory : .unassigned
    }
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // Control characters that Unicode counts as white space; all but these are removed first.
    case 0x09, 0x0A, 0x0D: true
    case 0x0B, 0x0C, 0x85: false
    default: scalar.properties.isWhitespace
    }
  }

  private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value == 0xFFFD { return true }
    switch category(scalar) {
    case .control, .format, .privateUse, .surrogate: return true
    default: return false
    }
  }

  static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
    default: break
    }
    switch category(scalar) {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }

  /// The blocks that BERT calls Chinese characters. The reference has U+2B920 where BERT's own code
  /// has U+2B820.
  private static func isIdeograph(_ value: UInt32) -> Bool {
    switch value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
