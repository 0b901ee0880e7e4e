import Checksums
import DataFiles
import Foundation
import Randomness
import Tasks

/// Pathfinder32 (Long Range Arena), read in its published layout.
///
/// Below the difficulty's folder: `metadata/<batch>.npy`, a text with a row for each image
/// (``PathfinderRow``), and the images, 32 × 32 gray PNGs. Images without a byte, of which the
/// published set has some, are left out, as in the published pipeline. A pixel's id is its value.
///
/// Images are shuffled; the first 80 % train, the next 10 % are dev and the last 10 % test.
/// `strict` shuffles by the seed of the options. `published`, where the published pipeline has no seed, shuffles
/// by one that nobody chose and that is the same everywhere: the first digits of the MD5 sum of the list of images.
/// Either way the split is written to a manifest beside the caches, whose first line has the seed, which a
/// later run reads again, and that sum: when the list changes, the manifest is written anew.
public struct Pathfinder: DatasetSource {
  /// Pathfinder32.
  public let task: TaskSpecification
  private let data: DataRoot
  private let difficulty: PathfinderParameters.Difficulty
  private let files: any FileCollection
  /// What the images were made with; `nil` for published ones.
  private let generated: PathfinderFiles.Manifest?
  /// The seed of the split under `strict`.
  private let seed: UInt64?

  /// The folders below a data root where difficulties are looked for.
  public static let folders = [
    PathfinderFiles.folder, "lra_release/lra_release/pathfinder32", "lra_release/pathfinder32",
  ]
  static let side = 32

  /// The images below `data`.
  ///
  /// - Throws: `DataError` when there are none, or there is no such difficulty.
  public init(_ data: DataRoot, options: SourceOptions = SourceOptions()) throws {
    let name = options.difficulty ?? PathfinderParameters.Difficulty.hard.rawValue
    guard let difficulty = PathfinderParameters.Difficulty(rawValue: name) else {
      let known = PathfinderParameters.Difficulty.allCases.map(\.rawValue)
      throw DataError(
        .malformed, file: data.root.path, problem: "'\(name)' is no difficulty of Pathfinder",
        hint: "Choose one of \(known.joined(separator: ", "))")
    }
    let places = Self.folders.map { "\($0)/\(difficulty.folder)" }
    let urls = places.map { data.root.appendingPathComponent($0) }
    guard let place = try urls.first(where: { try !Self.batches($0).isEmpty }) else {
      throw DataError(
        .missing, file: urls[0].path,
        problem: "there are no images (metadata/*.npy) in \(places.joined(separator: ", "))",
        hint: "Run `sbm data generate pathfinder`, or unpack the Long Range Arena release here")
    }
    var task = TaskSpecification.pathfinder32
    if let length = options.maximumLength, length != task.maximumLength {
      throw DataError(
        .malformed, file: place.path,
        problem: "an image has \(task.maximumLength) pixels and cannot be cut to \(length)",
        hint: "Leave the length of task pathfinder32 as it is")
    }
    // Images of a generated set of another size are as many as its manifest says. How many images of
    // the published set are empty depends on the difficulty.
    generated = try PathfinderFiles.Manifest.read(from: place)
    task.expectedCounts =
      generated.map { Self.ranges($0.count).map { .init($0.split, $0.range.count) } }
      ?? task.splits.map { .init($0, nil) }
    self.task = task
    self.data = data
    self.difficulty = difficulty
    files = try FileCollections.open(place)
    seed = options.dataProtocol == .strict ? options.splitSeed : nil
  }

  /// The difficulty and the protocol: "hard", "hard-strict".
  public var variant: String { difficulty.rawValue + (seed == nil ? "" : "-strict") }

  /// The command that goes on making the images, where they were made here.
  public var generation: String? { generated?.command(difficulty) }

  /// The metadata files and how the split is drawn.
  ///
  /// - Throws: `DataError` of kind `incomplete` when generation was interrupted.
  public func fingerprint() throws -> SourceFingerprint {
    let batches = try Self.batches(files.url)
    if let generated, batches.count < generated.batches {
      throw incomplete(
        files.url.path,
        "\(batches.count) of \(generated.batches) batches of images are there")
    }
    let urls = batches.map { files.url.appendingPathComponent("metadata/\($0)") }
    return SourceFingerprint(
      files: try urls.map { try .init($0, below: data.root) },
      settings: ["split_seed": seed.map { "\($0)" } ?? "drawn once"])
  }

  /// The images of a split, in the order of the shuffle.
  public func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    let samples = try shuffled()
    guard let range = Self.ranges(samples.count).first(where: { $0.split == split })?.range else {
      preconditionFailure("pathfinder32 has no split \(split)")
    }
    for sample in samples[range] {
      let image = try GrayImage(
        contentsOf: files.url.appendingPathComponent(sample.path), size: (Self.side, Self.side))
      try body(
        Example(tokens: image.pixels.map { UInt16($0) }, label: .classIndex(sample.label)))
    }
  }

  static func ranges(_ count: Int) -> [(split: Split, range: Range<Int>)] {
    let train = count * 8 / 10
    let dev = count / 10
    return [
      (.train, 0..<train), (.dev, train..<train + dev), (.test, train + dev..<count),
    ]
  }
}

// MARK: The list of images

extension Pathfinder {
  /// An image with its label.
  struct Sample {
    /// The path below the difficulty's folder.
    var path: String
    var label: Int32
  }

  /// The metadata files of a difficulty's folder, by their numbers.
  private static func batches(_ place: URL) throws -> [String] {
    let folder = place.appendingPathComponent("metadata")
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    } catch CocoaError.fileReadNoSuchFile {
      return []
    } catch {
      throw DataError(
        .inputOutput, file: folder.path, problem: "the folder cannot be read",
        hint: "Check its permissions")
    }
    let batches = names.filter { $0.hasSuffix(".npy") && !$0.hasPrefix(".") }
    func number(_ name: String) -> Int { Int(name.dropLast(4)) ?? .max }
    return batches.sorted { (number($0), $0) < (number($1), $1) }
  }

  /// The images in the order of their metadata, and how many were left out as empty.
  func samples() throws -> (samples: [Sample], empty: Int) {
    var samples: [Sample] = []
    var empty = 0
    for batch in try Self.batches(files.url) {
      try files.withFile("metadata/\(batch)") { entry in
        var lines = entry.lines()
        while let line = try lines.next() {
          if line.isEmpty { continue }
          let row: PathfinderRow
          do {
            row = try PathfinderRow(line: line)
          } catch {
            throw entry.error(
              "\(error)", line: lines.line, hint: "This is no metadata file of Pathfinder")
          }
          let path = "\(row.folder)/\(row.file)"
          if try SourceFingerprint.File(
            files.url.appendingPathComponent(path), below: data.root
          ).size == 0 {
            empty += 1
          } else {
            samples.append(Sample(path: path, label: Int32(row.label)))
          }
        }
      }
    }
    guard samples.count >= 10 else {
      throw DataError(
        .malformed, file: files.url.path,
        problem: "there are \(samples.count) images, too few to split",
        hint: "Generate or fetch the set again")
    }
    return (samples, empty)
  }

  /// All images in the order of the shuffle, whose manifest is written if it is not there.
  private func shuffled() throws -> [Sample] {
    var samples = try samples().samples
    var list = Checksum(.md5)
    for sample in samples { list.update("\(sample.path) \(sample.label)\n".utf8) }
    let manifest = data.cache.appendingPathComponent("\(task.name)-\(variant)-split.tsv")
    let stored = try storedHeader(manifest)
    let seed = seed ?? stored?.drawn ?? UInt64(list.hexDigest().prefix(16), radix: 16) ?? 0
    let header = "# seed \(seed), \(samples.count) images, MD5 \(list.hexDigest())"
    var generator = RandomStream(seed: seed).child("pathfinder split").generator()
    generator.shuffle(&samples)
    if stored?.line != header {
      let writer = try FileWriter(manifest)
      try writer.write("\(header)\n".utf8)
      for (split, range) in Self.ranges(samples.count) {
        for sample in samples[range] { try writer.write("\(split)\t\(sample.path)\n".utf8) }
      }
      try writer.commit()
    }
    return samples
  }

  /// The first line of the manifest of an earlier split, and the seed in it, if that was drawn: earlier versions kept
  /// it there alone. One that is the beginning of the list's sum is of that list only.
  private func storedHeader(_ manifest: URL) throws -> (line: String, drawn: UInt64?)? {
    guard FileManager.default.fileExists(atPath: manifest.path) else { return nil }
    var lines = try LineReader(manifest)
    let line = String(decoding: try lines.next() ?? [], as: UTF8.self)
    guard line.hasPrefix("# seed "), let seed = UInt64(line.dropFirst(7).prefix { $0 != "," })
    else {
      throw DataError(
        .malformed, file: manifest.path, place: .line(1), problem: "this is no split manifest",
        hint: "Remove it; the split is made anew")
    }
    let sum = line.split(separator: " ").last?.prefix(16)
    return (line, sum.flatMap { UInt64($0, radix: 16) } == seed ? nil : seed)
  }

  /// Looks for what reading leaves out.
  func check() throws -> [DataFinding] {
    let (samples, empty) = try samples()
    return [
      DataFinding(
        empty == 0 ? .ok : .warning, check: "empty images", subject: difficulty.folder,
        detail: empty == 0
          ? "none of \(samples.count)" : "\(empty) images have no bytes and are left out")
    ]
  }
}
