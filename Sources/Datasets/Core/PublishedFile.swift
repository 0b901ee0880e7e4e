import Checksums
import DataFiles
import Foundation

extension DataFinding {
  /// Compares the MD5 sum of an archive with the published one.
  ///
  /// Another sum is a warning: an archive may have been packed anew. Its content is checked apart.
  ///
  /// - Throws: `DataError` when the file cannot be read.
  static func checksum(_ url: URL, published: String) throws -> DataFinding {
    let file = try ByteFile(url)
    var sum = Checksum(.md5)
    while let piece = try file.read(upTo: 1 << 20) { sum.update(piece) }
    let found = sum.hexDigest()
    return DataFinding(
      found == published ? .ok : .warning, check: "checksum", subject: url.lastPathComponent,
      detail: found == published
        ? "MD5 \(found), as published"
        : "MD5 \(found), published \(published): not the published archive, byte for byte")
  }
}

extension Reviews {
  /// The MD5 sum of the published archive.
  public static let checksum = "7c2ac02c03563afcf9b574c7e56c153a"

  /// Compares the archive's checksum, and each label with the rating in the file's name: reviews
  /// of 1 to 4 stars are negative, of 7 to 10 positive.
  func check() throws -> [DataFinding] {
    var findings: [DataFinding] = []
    if !(files is Folder) {
      findings.append(try .checksum(files.url, published: Self.checksum))
    }
    for part in ["train", "test"] {
      let wrong = try read(part).filter { review in
        let rating = review.name.split(separator: "_").last.flatMap { Int($0.dropLast(4)) } ?? 0
        return !(review.isPositive ? 7...10 : 1...4).contains(rating)
      }
      findings.append(
        DataFinding(
          wrong.isEmpty ? .ok : .defect, check: "labels", subject: part,
          detail: wrong.isEmpty
            ? "all agree with the ratings in the file names"
            : "\(wrong.count) do not agree with the rating in the name, first \(wrong[0].name)"))
    }
    return findings
  }
}

extension CIFAR {
  /// Compares the archive's checksum.
  func check() throws -> [DataFinding] {
    files is Folder ? [] : [try .checksum(files.url, published: Self.checksum)]
  }
}
