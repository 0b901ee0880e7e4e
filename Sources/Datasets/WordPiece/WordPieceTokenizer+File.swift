import DataFiles
import Foundation
import Tokenization

extension WordPieceTokenizer {
  /// Reads the vocabulary file at `url`, one piece a line.
  ///
  /// - Throws: `DataError` when the file is missing, cannot be read, or is no vocabulary.
  public init(vocabularyFile url: URL) throws {
    let file = try ByteFile(
      url, hint: "Name the vocab.txt of an uncased BERT; data-scripts/vocabulary.sh fetches it")
    var bytes: [UInt8] = []
    while let piece = try file.read(upTo: 1 << 18) {
      bytes += piece
      guard bytes.count <= Self.maximumFileSize else {
        throw DataError(
          .malformed, file: url.path,
          problem: "the vocabulary is longer than \(Self.maximumFileSize >> 20) MiB",
          hint: "Name the vocab.txt of an uncased BERT")
      }
    }
    do {
      self.init(try WordPieceVocabulary(bytes: bytes))
    } catch {
      throw DataError(
        .malformed, file: url.path, place: error.line.map { .line($0) } ?? .file,
        problem: error.problem, hint: "Name the vocab.txt of an uncased BERT, one piece a line")
    }
  }

  private static let maximumFileSize = 1 << 26
}
