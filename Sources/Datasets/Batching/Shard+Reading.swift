import Randomness

extension Shard {
  /// Reads the examples at `indices` of `store` and pads them as `layout` says.
  ///
  /// - Parameters:
  ///   - transform: applied to each example with `stream.child(index)`.
  ///   - stream: the stream of this epoch or evaluation; needed with a transform.
  /// - Throws: `DataError` when the store cannot be read.
  public init(
    _ indices: [Int], from store: some ExampleStore, layout: ShardLayout,
    transform: (any ExampleTransform)? = nil, stream: RandomStream? = nil
  ) throws {
    var loaded = try store.examples(at: indices)
    if let transform {
      guard let stream else { preconditionFailure("a transform needs a stream") }
      for (row, index) in indices.enumerated() {
        loaded[row] = transform(loaded[row], stream: stream.child(index))
      }
    }
    self.init(indices, loaded, layout: layout)
  }

  /// Pads `loaded`, whose indices in their split are `indices`.
  ///
  /// - Precondition: there is at least one; all have labels, second texts and type ids alike.
  public init(_ indices: [Int], _ loaded: [Example], layout: ShardLayout) {
    precondition(
      !indices.isEmpty && indices.count == loaded.count,
      "\(loaded.count) examples for \(indices.count) indices")
    examples = indices
    first = TokenMatrix(loaded.map(\.tokens), typeIDs: loaded.map(\.typeIDs), layout: layout)
    if loaded[0].secondTokens != nil {
      second = TokenMatrix(
        loaded.map { example in
          guard let tokens = example.secondTokens else {
            preconditionFailure("a shard mixes pairs and single texts")
          }
          return tokens
        }, typeIDs: [], layout: layout)
    }
    labels = Labels(loaded.map(\.label), width: first.width)
  }
}

extension TokenMatrix {
  /// Pads `texts` to a rectangle.
  init(_ texts: [[UInt16]], typeIDs: [[UInt8]?], layout: ShardLayout) {
    rows = texts.count
    lengths = texts.map(\.count)
    width = layout.width(lengths.max() ?? 0)
    tokens = [Int32](repeating: 0, count: rows * width)
    for (row, text) in texts.enumerated() {
      for (column, token) in text.enumerated() { tokens[row * width + column] = Int32(token) }
    }
    if let first = typeIDs.first, first != nil {
      var padded = [Int32](repeating: 0, count: rows * width)
      for (row, types) in typeIDs.enumerated() {
        guard let types else { preconditionFailure("a shard mixes texts with and without types") }
        for (column, type) in types.enumerated() { padded[row * width + column] = Int32(type) }
      }
      self.typeIDs = padded
    }
  }
}

extension Shard.Labels {
  /// The targets of examples padded to `width`.
  init(_ labels: [Example.Label], width: Int) {
    switch labels[0] {
    case .none:
      self = .none
    case .classIndex:
      self = .classes(
        labels.map {
          guard case .classIndex(let index) = $0 else { Self.mixed() }
          return index
        })
    case .value:
      self = .values(
        labels.map {
          guard case .value(let value) = $0 else { Self.mixed() }
          return value
        })
    case .tokenClasses:
      var padded = [Int32](repeating: Example.ignoredLabel, count: labels.count * width)
      for (row, label) in labels.enumerated() {
        guard case .tokenClasses(let classes) = label else { Self.mixed() }
        for (column, value) in classes.enumerated() { padded[row * width + column] = value }
      }
      self = .tokenClasses(padded)
    }
  }

  private static func mixed() -> Never { preconditionFailure("a shard mixes kinds of labels") }
}
