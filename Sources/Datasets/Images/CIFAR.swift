import DataFiles
import Foundation
import Tasks

/// Image (Long Range Arena): gray CIFAR-10, pixel by pixel.
///
/// Reads the binary version of Krizhevsky's CIFAR-10, `cifar-10-binary.tar.gz`, in place, or the
/// folder it unpacks to. A record has 3,073 bytes: the class, then 32 × 32 red, green and blue
/// values, row by row. The first 45,000 training images train, the last 5,000 are dev. A pixel's
/// id is its gray value, 0 to 255; nothing is added.
public struct CIFAR: DatasetSource {
  /// Image.
  public let task = TaskSpecification.image
  let files: any FileCollection
  private let root: URL

  /// The places below a data root where the images are looked for.
  public static let places = ["cifar-10-binary.tar.gz", "cifar-10-batches-bin"]
  /// The MD5 sum of the published archive.
  public static let checksum = "c32a1d4ab5d03f1284b67883e8d87530"
  static let pixels = 1024
  static let recordSize = 1 + 3 * pixels
  static let imagesOfBatch = 10_000

  /// The images below `data`.
  ///
  /// - Throws: `DataError` of kind `missing` when there are none.
  public init(_ data: DataRoot, options: SourceOptions = SourceOptions()) throws {
    guard let place = data.firstExisting(Self.places) else {
      throw DataError(
        .missing, file: data.root.appendingPathComponent(Self.places[0]).path,
        problem: "there is neither \(Self.places.joined(separator: " nor "))",
        hint: "Run data-scripts/image.sh")
    }
    if let length = options.maximumLength, length != task.maximumLength {
      throw DataError(
        .malformed, file: place.path,
        problem: "an image has \(task.maximumLength) pixels and cannot be cut to \(length)",
        hint: "Leave the length of task image as it is")
    }
    files = try FileCollections.open(place)
    root = data.root
  }

  /// The archive or folder.
  public func fingerprint() throws -> SourceFingerprint {
    let urls =
      files is Folder
      ? Split.allCases.flatMap(Self.batches).map { files.url.appendingPathComponent($0) }
      : [files.url]
    return SourceFingerprint(
      files: try Set(urls).sorted { $0.path < $1.path }.map {
        try .init($0, below: root)
      }, settings: [:])
  }

  /// The batches that hold a split, in the order they are stored and read.
  static func batches(_ split: Split) -> [String] {
    split == .test ? ["test_batch.bin"] : (1...5).map { "data_batch_\($0).bin" }
  }

  /// The images of a split.
  ///
  /// An archive may hold the batches in any order. So that memory stays small, each pass looks for
  /// one batch.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    let all = Self.batches(split)
    // Dev is the last half of the last batch, and train everything before it.
    let half = Self.imagesOfBatch / 2
    for batch in split == .dev ? all.suffix(1) : all[...] {
      var range = 0..<Self.imagesOfBatch
      if split == .dev { range = half..<Self.imagesOfBatch }
      if split == .train, batch == all.last { range = 0..<half }
      try files.withFile(path(batch)) { try read($0, range, body) }
    }
  }

  private func path(_ batch: String) -> String {
    files is Folder ? batch : "cifar-10-batches-bin/\(batch)"
  }

  /// The images of a batch that `range` numbers; all of the batch is read and checked.
  private func read(
    _ entry: FileEntry, _ range: Range<Int>, _ body: (Example) throws -> Void
  ) throws {
    var record: [UInt8] = []
    var index = 0
    while let piece = try entry.read() {
      record += piece
      var start = 0
      while record.count - start >= Self.recordSize {
        let bytes = record[start..<start + Self.recordSize]
        guard bytes.first! < 10 else {
          throw entry.error(
            "image \(index) has class \(bytes.first!), not 0 to 9",
            hint: "This is no batch of CIFAR-10, or it is damaged")
        }
        if range.contains(index) { try body(Self.example(bytes)) }
        index += 1
        start += Self.recordSize
      }
      record.removeFirst(start)
    }
    guard record.isEmpty, index == Self.imagesOfBatch else {
      throw entry.error(
        "the batch has \(index) images and \(record.count) bytes, not \(Self.imagesOfBatch) images",
        hint: "It is truncated; fetch it again with data-scripts/image.sh")
    }
  }

  private static func example(_ record: ArraySlice<UInt8>) -> Example {
    record.withUnsafeBufferPointer { record in
      let tokens = [UInt16](unsafeUninitializedCapacity: pixels) { tokens, count in
        for pixel in 0..<pixels {
          tokens[pixel] = UInt16(
            gray(
              red: record[1 + pixel], green: record[1 + pixels + pixel],
              blue: record[1 + 2 * pixels + pixel]))
        }
        count = pixels
      }
      return Example(tokens: tokens, label: .classIndex(Int32(record[0])))
    }
  }

  /// The gray value of a colour as TensorFlow's `rgb_to_grayscale` and Long Range Arena's
  /// pipeline make it, in float32: 0.2989 r + 0.5870 g + 0.1140 b of values from 0 to 1, times
  /// 255.5, truncated.
  public static func gray(red: UInt8, green: UInt8, blue: UInt8) -> UInt8 {
    let scale: Float = 1 / 255
    let sum =
      Float(red) * scale * 0.2989 + Float(green) * scale * 0.5870 + Float(blue) * scale * 0.1140
    return UInt8(min(sum * 255.5, 255))
  }
}
