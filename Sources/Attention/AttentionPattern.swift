import Kernels
import Settings

/// A fixed sparse pattern: which keys each query sees, a pure function of the length.
///
/// To add one: write one file with a type that conforms, and name ``PatternAttention`` of it in
/// ``AttentionRegistry``.
public protocol AttentionPattern: Sendable {
  /// The name in experiment files.
  static var kind: String { get }

  /// Its options, in the order in which files write them.
  static var options: [OptionDeclaration] { get }

  /// What options must fulfil together, and with the length that inputs are padded to.
  ///
  /// - Throws: `OptionProblem`.
  static func check(_ options: [String: SettingValue], paddedLength: Int) throws

  /// Options with which it takes inputs of a few tokens.
  static var shortOptions: [String: SettingValue] { get }

  /// Reads the pattern's options.
  ///
  /// - Throws: ``AttentionError`` when they do not fit together.
  init(_ configuration: AttentionConfiguration) throws

  /// The keys that `query` sees in an input of `length` positions, ascending, without repetition.
  func keys(ofQuery query: Int, length: Int) -> [Int]
}

extension AttentionPattern {
  /// Most options go together.
  public static func check(_ options: [String: SettingValue], paddedLength: Int) throws {}
}

extension PatternEdges {
  /// All edges of `pattern` for an input of `length` positions.
  public init(_ pattern: some AttentionPattern, length: Int) {
    var (start, columns): ([UInt32], [Int32]) = ([0], [])
    for query in 0..<length {
      columns.append(contentsOf: pattern.keys(ofQuery: query, length: length).map(Int32.init))
      start.append(UInt32(columns.count))
    }
    self.init(start: start, columns: columns)
  }
}
