import DataFiles
import Foundation
import Synchronization
import Threads

/// Writes generated Pathfinder images in the published layout.
///
/// Below the folder of the difficulty, such as `pathfinder32/curv_contour_length_14`:
/// `imgs/<batch>/sample_<i>.png`, 1,000 images a batch, and `metadata/<batch>.npy`, a text with a
/// line for each image (``PathfinderRow``).
public struct PathfinderFiles: Sendable {
  /// Images of a batch.
  public static let batchSize = 1000
  /// Images of a published difficulty.
  public static let publishedCount = 200_000
  /// The folder of all difficulties below the data root.
  public static let folder = "pathfinder32"

  /// What our own images were made with; stands in the difficulty's folder as `generated.json`.
  public struct Manifest: Hashable, Sendable, GenerationRecord {
    /// The seed.
    public var seed: UInt64
    /// How many images.
    public var count: Int
    /// The numbers behind the images.
    public var parameters: PathfinderParameters
    /// ``PathfinderGenerator/version``.
    public var generatorVersion: Int

    static let remedy = "sbm data generate pathfinder --replace"

    var isPossible: Bool { count > 0 }

    /// Batches of all images.
    var batches: Int { (count + batchSize - 1) / batchSize }

    /// The command that makes such images of `difficulty`.
    func command(_ difficulty: PathfinderParameters.Difficulty) -> String {
      "sbm data generate pathfinder --difficulty \(difficulty.rawValue) --seed \(seed) --count \(count)"
    }
  }

  private let generator: PathfinderGenerator
  private let manifest: Manifest
  private let folder: URL

  /// A writer of `count` images of `difficulty` below `data`.
  public init(
    _ difficulty: PathfinderParameters.Difficulty = .hard, seed: UInt64,
    count: Int = publishedCount, in data: DataRoot
  ) {
    precondition(count > 0, "\(count) images cannot be generated")
    generator = PathfinderGenerator(difficulty, seed: seed)
    manifest = Manifest(
      seed: seed, count: count, parameters: generator.parameters,
      generatorVersion: PathfinderGenerator.version)
    folder = data.root.appendingPathComponent("\(Self.folder)/\(difficulty.folder)")
  }

  /// Writes the images that are not there yet.
  ///
  /// A batch whose metadata is there is whole: work that was interrupted goes on where it was.
  /// Images of other settings, or that were not generated here, are an error and stay, unless
  /// `replacing`: then they are removed first.
  ///
  /// - Throws: `DataError` when files cannot be written or others are in the way.
  public func write(replacing: Bool = false, progress: DataProgress.Handler? = nil) throws {
    if replacing { try? FileManager.default.removeItem(at: folder) }
    try claim()
    let done = Mutex(0)
    _ = try Parallel.map(manifest.batches) { batch in
      let numbers = batch * Self.batchSize..<min(manifest.count, (batch + 1) * Self.batchSize)
      let metadata = folder.appendingPathComponent("metadata/\(batch).npy")
      if !FileManager.default.fileExists(atPath: metadata.path) {
        try write(batch, numbers, metadata)
      }
      let total = done.withLock { done in
        done += numbers.count
        return done
      }
      progress?(DataProgress(phase: "pathfinder32 generate", done: total, total: manifest.count))
    }
  }

  /// Makes sure that the folder is ours to write to, and says what is in it.
  private func claim() throws {
    let url = folder.appendingPathComponent(Manifest.fileName)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let json = try encoder.encode(manifest)
    if let there = try? Data(contentsOf: url) {
      guard there == json else {
        throw DataError(
          .malformed, file: folder.path, problem: "images of other settings are here",
          hint: "Replace them, or choose another root")
      }
    } else if FileManager.default.fileExists(
      atPath: folder.appendingPathComponent("metadata").path)
    {
      throw DataError(
        .malformed, file: folder.path, problem: "images that were not generated here are here",
        hint: "They can be used as they are; to generate others, choose another root")
    }
    let writer = try FileWriter(url)
    try writer.write(json)
    try writer.commit()
  }

  private func write(_ batch: Int, _ numbers: Range<Int>, _ metadata: URL) throws {
    let subfolder = "imgs/\(batch)"
    let images = folder.appendingPathComponent(subfolder)
    try FileWriter.makeFolder(images)
    let parameters = generator.parameters
    let settings = [
      "\(parameters.continuity)", "\(parameters.contourLength)", "\(parameters.distractorLength)",
      "\(parameters.dashLength)", "\(parameters.dashThickness)", "\(parameters.margin)", "1",
    ]
    let rows = try FileWriter(metadata)
    for number in numbers {
      let inBatch = number - numbers.lowerBound
      let sample = generator.sample(number)
      let row = PathfinderRow(
        folder: subfolder, file: "sample_\(inBatch).png", number: inBatch, label: sample.label,
        settings: settings)
      try write(sample.image, images.appendingPathComponent(row.file))
      try rows.write("\(row.line)\n".utf8)
    }
    try rows.commit()
  }

  /// Writes an image at once: a batch counts only when its metadata is there.
  private func write(_ image: GrayImage, _ url: URL) throws {
    do {
      try Data(image.png).write(to: url)
    } catch {
      throw DataError(
        .inputOutput, file: url.path, problem: "the image cannot be written",
        hint: "Check that there is room on the disk, and that the folder may be written to")
    }
  }
}
