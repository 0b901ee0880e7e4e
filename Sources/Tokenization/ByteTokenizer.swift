/// Raw bytes as tokens: a byte's value plus 1, so that 0 stays free for padding.
///
/// Long Range Arena reads Text and Retrieval so. Nothing is lower-cased, decoded or cleaned.
public enum ByteTokenizer {
  /// Ids run from 1 to 256.
  public static let vocabularySize = 257

  /// The ids of `bytes`, at most `maximumLength` of them.
  public static func ids(_ bytes: some Collection<UInt8>, maximumLength: Int) -> [UInt16] {
    bytes.prefix(maximumLength).map { UInt16($0) + 1 }
  }
}
