import DataFiles
import Foundation
import Randomness
import Tasks
import Tokenization

/// Text (Long Range Arena): the IMDb reviews of Maas and others, 2011, as bytes.
///
/// Read from `aclImdb_v1.tar.gz` in place, or from the folder it unpacks to. An example is the
/// file's bytes plus 1, cut to the task's maximum: nothing is decoded, lower-cased or cleaned.
/// The unlabelled reviews (`train/unsup`) and the bag-of-words files are left aside.
///
/// Examples come in the order of their names, `neg` before `pos`, whichever form they are read
/// from. The `published` dev set is the test set; the `strict` one is a tenth of the training
/// reviews, those whose names rank lowest in an order drawn from the seed.
public struct Reviews: DatasetSource {
  /// Text, at the length the options ask for.
  public let task: TaskSpecification
  let files: any FileCollection
  private let root: URL
  private let strict: Bool
  private let seed: UInt64

  /// The places below a data root where the reviews are looked for.
  public static let places = ["aclImdb_v1.tar.gz", "aclImdb"]
  /// More bytes than any review has; a longer file is no review.
  static let maximumFileSize = 1 << 20

  /// The reviews below `data`.
  ///
  /// - Throws: `DataError` of kind `missing` when there are none.
  public init(_ data: DataRoot, options: SourceOptions = SourceOptions()) throws {
    guard let place = data.firstExisting(Self.places) else {
      throw DataError(
        .missing, file: data.root.appendingPathComponent(Self.places[0]).path,
        problem: "there is neither \(Self.places.joined(separator: " nor "))",
        hint: "Run data-scripts/text.sh")
    }
    var task = TaskSpecification.text
    if let length = options.maximumLength { task.maximumLength = length }
    strict = options.dataProtocol == .strict
    if strict {
      task.expectedCounts = [.init(.train, 22_500), .init(.dev, 2500), .init(.test, 25_000)]
    }
    self.task = task
    files = try FileCollections.open(place)
    root = data.root
    seed = options.splitSeed
  }

  /// "strict" under that protocol.
  public var variant: String { strict ? "strict" : "" }

  /// The archive or the four folders, the length and how dev is chosen.
  ///
  /// A folder stands for its files: it changes when a file comes, goes or is replaced.
  public func fingerprint() throws -> SourceFingerprint {
    var settings = ["maximum_length": "\(task.maximumLength)"]
    if strict { settings["dev_seed"] = "\(seed)" }
    var urls = [files.url]
    if files is Folder {
      urls = ["train/neg", "train/pos", "test/neg", "test/pos"].map {
        files.url.appendingPathComponent($0)
      }
    }
    return SourceFingerprint(files: try urls.map { try .init($0, below: root) }, settings: settings)
  }

  /// The reviews of a split.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    let reviews = try read(split == .test || split == .dev && !strict ? "test" : "train")
    let dev = strict && split != .test ? devNames(reviews) : []
    for review in reviews {
      if strict, split != .test, dev.contains(review.name) != (split == .dev) { continue }
      try body(
        Example(
          tokens: ByteTokenizer.ids(review.bytes, maximumLength: task.maximumLength),
          label: .classIndex(review.isPositive ? 1 : 0)))
    }
  }

  // MARK: Reading

  /// A review, cut to what an example needs of it.
  struct Review {
    /// "neg/0_3.txt".
    var name: String
    var bytes: [UInt8]
    var isPositive: Bool { name.hasPrefix("pos/") }
  }

  /// The labelled reviews of `part`, "train" or "test", by name.
  func read(_ part: String) throws -> [Review] {
    var reviews: [Review] = []
    try files.visit { entry in
      guard let name = Self.name(entry.path, part: part) else { return .next }
      let bytes = try entry.readAll(limit: Self.maximumFileSize)
      if bytes.isEmpty { throw entry.error("the review is empty", hint: "Fetch the archive again") }
      reviews.append(Review(name: name, bytes: Array(bytes.prefix(task.maximumLength))))
      return .next
    }
    for folder in ["neg", "pos"] where !reviews.contains(where: { $0.name.hasPrefix(folder) }) {
      throw DataError(
        .malformed, file: files.url.path, place: .entry("aclImdb/\(part)/\(folder)"),
        problem: "there are no reviews", hint: "Fetch the archive again with data-scripts/text.sh")
    }
    return reviews.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// "neg/0_3.txt" for "aclImdb/train/neg/0_3.txt" of part "train", with or without the first
  /// folder; `nil` for what is no labelled review of that part.
  static func name(_ path: String, part: String) -> String? {
    var parts = path.split(separator: "/")[...]
    if parts.first == "aclImdb" { parts.removeFirst() }
    guard parts.count == 3, parts.removeFirst() == part, let folder = parts.first,
      folder == "neg" || folder == "pos", let file = parts.last, file.hasSuffix(".txt"),
      !file.hasPrefix(".")
    else { return nil }
    return "\(folder)/\(file)"
  }

  /// The tenth of the training reviews that strict dev takes.
  private func devNames(_ reviews: [Review]) -> Set<String> {
    let stream = RandomStream(seed: seed).child("text dev split")
    let ranked = reviews.map { (key: stream.child($0.name).key, name: $0.name) }.sorted {
      ($0.key, $0.name) < ($1.key, $1.name)
    }
    return Set(ranked.prefix(reviews.count / 10).map(\.name))
  }
}
