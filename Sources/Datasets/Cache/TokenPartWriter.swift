import HDF5
import Tasks

/// Writes the examples of one split, one after another, with bounded memory.
final class TokenPartWriter {
  /// Examples written so far.
  private(set) var count = 0
  private let file: HDF5File
  private let task: TaskSpecification
  private var tokens: Column<UInt16>
  private var lengths: Column<Int32>
  private var digests: Column<UInt64>
  private var secondTokens: Column<UInt16>?
  private var secondLengths: Column<Int32>?
  private var typeIDs: Column<UInt8>?
  private var classes: Column<Int32>?
  private var values: Column<Float>?
  private var tokenClasses: Column<Int16>?
  private var kind = LabelKind.none
  private var largestToken: UInt16 = 0

  /// What the labels of a split are, as the file records it.
  enum LabelKind: String {
    case none
    case classIndex = "class"
    case value
    case tokenClasses = "token_classes"

    init(_ label: Example.Label) {
      switch label {
      case .none: self = .none
      case .classIndex: self = .classIndex
      case .value: self = .value
      case .tokenClasses: self = .tokenClasses
      }
    }
  }

  /// Begins a part in `file`.
  init(_ file: HDF5File, task: TaskSpecification) throws {
    self.file = file
    self.task = task
    tokens = try Column(file, "tokens")
    lengths = try Column(file, "tokens_lengths")
    digests = try Column(file, "digests")
  }

  /// Adds an example.
  ///
  /// - Precondition: it fits the task (ids below the vocabulary size, length within the maximum),
  ///   and has the same parts as those before it.
  func append(_ example: Example) throws {
    check(example)
    if count == 0 { try begin(example) }
    precondition(
      LabelKind(example.label) == kind && (example.secondTokens != nil) == (secondTokens != nil)
        && (example.typeIDs != nil) == (typeIDs != nil),
      "example \(count) of \(task.name) has other parts than those before it")
    try tokens.append(example.tokens)
    try lengths.append(CollectionOfOne(Int32(example.tokens.count)))
    try digests.append(CollectionOfOne(ExampleDigest.digest(example)))
    if let second = example.secondTokens {
      try secondTokens?.append(second)
      try secondLengths?.append(CollectionOfOne(Int32(second.count)))
    }
    if let types = example.typeIDs { try typeIDs?.append(types) }
    switch example.label {
    case .none: break
    case .classIndex(let index): try classes?.append(CollectionOfOne(index))
    case .value(let value): try values?.append(CollectionOfOne(value))
    case .tokenClasses(let labels): try tokenClasses?.append(labels.map { Int16($0) })
    }
    count += 1
  }

  /// Writes what is still in memory.
  func finish() throws {
    try tokens.flush()
    try lengths.flush()
    try digests.flush()
    try secondTokens?.flush()
    try secondLengths?.flush()
    try typeIDs?.flush()
    try classes?.flush()
    try values?.flush()
    try tokenClasses?.flush()
    try file.setAttribute("label_kind", kind.rawValue)
    try file.setAttribute("largest_token", Int(largestToken))
  }

  /// Makes the columns that examples like `example` need.
  private func begin(_ example: Example) throws {
    kind = LabelKind(example.label)
    if example.secondTokens != nil {
      secondTokens = try Column(file, "second_tokens")
      secondLengths = try Column(file, "second_tokens_lengths")
    }
    if example.typeIDs != nil { typeIDs = try Column(file, "type_ids") }
    switch kind {
    case .none: break
    case .classIndex: classes = try Column(file, "labels")
    case .value: values = try Column(file, "labels")
    case .tokenClasses: tokenClasses = try Column(file, "labels")
    }
  }

  private func check(_ example: Example) {
    for text in [example.tokens, example.secondTokens ?? []] {
      precondition(
        text.count <= task.maximumLength,
        "example \(count) of \(task.name): \(text.count) tokens, at most \(task.maximumLength)")
      largestToken = max(largestToken, text.max() ?? 0)
    }
    precondition(
      largestToken < task.vocabularySize,
      "example \(count) of \(task.name): id \(largestToken), vocabulary \(task.vocabularySize)")
    if case .classIndex(let index) = example.label {
      precondition(
        index >= 0 && index < task.outputSize,
        "example \(count) of \(task.name): class \(index) of \(task.outputSize)")
    }
  }
}

/// A one-dimensional dataset that is appended to, many values at once.
private struct Column<Value: HDF5Scalar> {
  private static var capacity: Int { 1 << 18 }
  private let dataset: HDF5Dataset
  private var buffer: [Value] = []

  init(_ file: HDF5File, _ name: String) throws {
    dataset = try file.createDataset(
      name, as: Value.self, shape: [0], storage: .chunked(rows: 1 << 16))
  }

  mutating func append(_ values: some Collection<Value>) throws {
    buffer += values
    if buffer.count >= Self.capacity { try flush() }
  }

  mutating func flush() throws {
    if !buffer.isEmpty { try dataset.append(buffer) }
    buffer.removeAll(keepingCapacity: true)
  }
}
