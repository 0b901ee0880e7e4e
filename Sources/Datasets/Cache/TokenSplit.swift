import DataFiles
import HDF5

/// The examples of one split of a ``TokenCache``.
public final class TokenSplit: ExampleStore {
  private let first: RaggedTokens
  private let second: RaggedTokens?
  private let typeIDs: RaggedTokens?
  private let labels: Labels
  private let digests: HDF5Dataset

  /// Labels in memory; classes of tokens lie like the tokens.
  private enum Labels: Sendable {
    case none
    case classes([Int32])
    case values([Float])
    case tokenClasses([Int16])
  }

  /// Reads what stays in memory: offsets, labels and, if they are few, tokens.
  init(_ group: HDF5Group, residentBytes: Int) throws {
    let first = try RaggedTokens(group, "tokens", "offsets", residentBytes: residentBytes)
    self.first = first
    second =
      try group.exists("second_tokens")
      ? RaggedTokens(group, "second_tokens", "second_offsets", residentBytes: residentBytes) : nil
    typeIDs =
      try group.exists("type_ids")
      ? RaggedTokens(group, "type_ids", "offsets", residentBytes: residentBytes) : nil
    digests = try group.dataset("digests")
    let kind: String = try group.attribute("label_kind")
    let count: Int?
    switch TokenPartWriter.LabelKind(rawValue: kind) {
    case .classIndex:
      let classes = try group.read("labels", as: Int32.self)
      (labels, count) = (.classes(classes), classes.count)
    case .value:
      let values = try group.read("labels", as: Float.self)
      (labels, count) = (.values(values), values.count)
    case .tokenClasses:
      let classes = try group.read("labels", as: Int16.self)
      guard classes.count == first.total else {
        throw group.damage("labels", "\(classes.count) labels for \(first.total) tokens")
      }
      (labels, count) = (.tokenClasses(classes), nil)
    case nil, TokenPartWriter.LabelKind.none?:
      (labels, count) = (.none, nil)
    }
    let counts = [
      ("labels", count), ("second_offsets", second?.count), ("digests", try digests.count),
    ]
    for (name, other) in counts {
      if let other, other != first.count {
        throw group.damage(name, "\(other) entries for \(first.count) examples")
      }
    }
  }

  /// How many examples there are.
  public var count: Int { first.count }

  /// The lengths of the texts of example `index`.
  public func lengths(of index: Int) -> Example.Lengths {
    Example.Lengths(first: first.range(index).count, second: second?.range(index).count ?? 0)
  }

  /// What the examples at `indices` are, tokens and labels, in their order: 32 hexadecimal digits that
  /// no other examples have.
  ///
  /// - Throws: `HDF5Error` when the cache's file can no longer be read.
  public func digest(of indices: some Sequence<Int>) throws -> String {
    let all = try digests.read(as: UInt64.self)
    return ExampleDigest.digest(of: indices.map { all[$0] })
  }

  /// Holds the examples against their digests, a few at a time.
  ///
  /// - Throws: `DataError` for the first that is another than when it was written.
  func checkDigests() throws {
    let all = try digests.read(as: UInt64.self)
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, first.offset(end + 1) - first.offset(start) <= Self.piece { end += 1 }
      let (firsts, seconds) = (try first.piece(start..<end), try second?.piece(start..<end))
      let types = try typeIDs?.piece(start..<end)
      for index in start..<end {
        let example = Example(
          tokens: firsts[index], secondTokens: seconds?[index],
          typeIDs: types?[index].map { UInt8($0) }, label: label(index))
        guard ExampleDigest.digest(example) == all[index] else {
          throw DataError(
            .malformed, file: digests.file, place: .entry(digests.path),
            problem: "example \(index) is not the one that its digest was made of",
            hint: "The cache is damaged: remove it and run `sbm data prepare`")
        }
      }
      start = end
    }
  }

  /// Tokens read at once.
  private static let piece = 1 << 20

  /// The class of example `index`; `nil` where labels are not classes.
  public func classIndex(_ index: Int) -> Int? {
    guard case .classes(let classes) = labels else { return nil }
    return Int(classes[index])
  }

  /// The examples at `indices`, in their order.
  ///
  /// - Throws: `HDF5Error` when the cache's file can no longer be read.
  public func examples(at indices: [Int]) throws -> [Example] {
    try indices.map { index in
      Example(
        tokens: try first[index], secondTokens: try second.map { try $0[index] },
        typeIDs: try typeIDs.map { try $0[index].map { UInt8($0) } }, label: label(index))
    }
  }

  private func label(_ index: Int) -> Example.Label {
    switch labels {
    case .none: .none
    case .classes(let classes): .classIndex(classes[index])
    case .values(let values): .value(values[index])
    case .tokenClasses(let classes): .tokenClasses(classes[first.range(index)].map { Int32($0) })
    }
  }
}

/// Rows of different lengths, one after another, in memory or in the file.
private struct RaggedTokens: Sendable {
  private enum Storage: Sendable {
    case bytes([UInt8])
    case words([UInt16])
    case file(HDF5Dataset)
  }

  private let offsets: [Int]
  private let storage: Storage

  init(_ group: HDF5Group, _ name: String, _ offsetsName: String, residentBytes: Int) throws {
    let dataset = try group.dataset(name)
    offsets = try group.read(offsetsName, as: Int.self)
    guard offsets.first == 0, offsets.last == (try dataset.count),
      zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 })
    else { throw group.damage(offsetsName, "the offsets do not fit the tokens") }
    let isNarrow = try dataset.type == .integer(bits: 8, signed: false)
    if try dataset.count * (isNarrow ? 1 : 2) > residentBytes {
      storage = .file(dataset)
    } else {
      storage = isNarrow ? .bytes(try dataset.read()) : .words(try dataset.read())
    }
  }

  var count: Int { offsets.count - 1 }
  var total: Int { offsets[count] }

  /// Where the tokens of row `index` are.
  func range(_ index: Int) -> Range<Int> {
    precondition(index >= 0 && index < count, "example \(index) of \(count)")
    return offsets[index]..<offsets[index + 1]
  }

  /// Where row `index` begins.
  func offset(_ index: Int) -> Int { offsets[index] }

  /// Some rows, read at once.
  func piece(_ rows: Range<Int>) throws -> Piece {
    let range = offsets[rows.lowerBound]..<offsets[rows.upperBound]
    let tokens: [UInt16] =
      switch storage {
      case .bytes(let all): all[range].map { UInt16($0) }
      case .words(let all): Array(all[range])
      case .file(let dataset): try dataset.read(as: UInt16.self, rows: range)
      }
    return Piece(offsets: offsets[rows.lowerBound...rows.upperBound], tokens: tokens)
  }

  /// Rows that lie one after another.
  struct Piece {
    let offsets: ArraySlice<Int>
    let tokens: [UInt16]

    /// The tokens of a row, by its number in the whole.
    subscript(row: Int) -> [UInt16] {
      let begin = offsets[offsets.startIndex]
      return Array(tokens[offsets[row] - begin..<offsets[row + 1] - begin])
    }
  }

  /// The tokens of row `index`.
  subscript(index: Int) -> [UInt16] {
    get throws {
      let range = range(index)
      switch storage {
      case .bytes(let all): return all[range].map { UInt16($0) }
      case .words(let all): return Array(all[range])
      case .file(let dataset): return try dataset.read(as: UInt16.self, rows: range)
      }
    }
  }
}

extension HDF5Group {
  /// An error about content that does not fit together.
  fileprivate func damage(_ name: String, _ problem: String) -> DataError {
    DataError(
      .malformed, file: file, place: .entry("\(path)/\(name)"), problem: problem,
      hint: "The cache is damaged: remove it and run `sbm data prepare`")
  }
}
