import DataFiles
import Datasets
import Foundation
import Tasks
import TestSupport
import Testing

@Suite("Image: gray CIFAR-10")
struct CIFARTests {
  private static let recordSize = 3073

  /// Six batches that are holes but for a few records.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in (1...5).map({ "data_batch_\($0)" }) + ["test_batch"] {
      let url = try folder.write("cifar-10-batches-bin/\(name).bin", [])
      let file = try FileHandle(forWritingTo: url)
      try file.truncate(atOffset: UInt64(10_000 * Self.recordSize))
      try file.close()
    }
    return folder
  }

  private func put(_ folder: TemporaryFolder, _ batch: String, _ index: Int, _ record: [UInt8])
    throws
  {
    let url = folder.url.appendingPathComponent("cifar-10-batches-bin/\(batch).bin")
    let file = try FileHandle(forWritingTo: url)
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(index * Self.recordSize))
    try file.write(contentsOf: Data(record))
  }

  @Test("Gray values are TensorFlow's, each of 2,000 colours")
  func gray() throws {
    let path = try #require(Bundle.module.path(forResource: "Fixtures/grayscale", ofType: "csv"))
    let rows = try String(contentsOfFile: path, encoding: .utf8)
      .split(whereSeparator: \.isNewline).dropFirst()
    #expect(rows.count == 2000)
    for row in rows {
      let values = row.split(separator: ",").compactMap { UInt8($0) }
      try #require(values.count == 4)
      #expect(
        CIFAR.gray(red: values[0], green: values[1], blue: values[2]) == values[3], "\(row)")
    }
  }

  @Test("The first 45,000 train, the last 5,000 are dev; planes and rows are in their places")
  func splits() throws {
    let folder = try folder()
    // Red, green and blue planes of different brightness, and one pixel that stands out.
    var record: [UInt8] = [7]
    for value: UInt8 in [100, 150, 200] { record += Array(repeating: value, count: 1024) }
    record[1 + 33] = 255
    for (batch, index) in [("data_batch_1", 0), ("data_batch_5", 4999), ("data_batch_5", 5000)] {
      record[0] += 1
      if record[0] > 9 { record[0] = 1 }
      try put(folder, batch, index, record)
    }
    try put(folder, "test_batch", 9999, record)
    let source = try CIFAR(DataRoot(folder.url))
    var labelled: [Split: [Int: Example]] = [:]
    for split in source.task.splits {
      var count = 0
      try source.forEachExample(of: split) { example in
        if example.label != .classIndex(0) { labelled[split, default: [:]][count] = example }
        count += 1
      }
      #expect(count == source.task.expectedCount(split))
    }
    #expect(labelled[.train]?.keys.sorted() == [0, 44_999])
    #expect(labelled[.dev]?.keys.sorted() == [0])
    #expect(labelled[.test]?.keys.sorted() == [9999])
    let example = try #require(labelled[.train]?[0])
    #expect(example.label == .classIndex(8))
    #expect(example.tokens.count == 1024)
    #expect(example.tokens[0] == UInt16(CIFAR.gray(red: 100, green: 150, blue: 200)))
    #expect(example.tokens[33] == UInt16(CIFAR.gray(red: 255, green: 150, blue: 200)))
    #expect(labelled[.dev]?[0]?.label == .classIndex(1))
  }

  @Test("A class beyond 9 and a batch that is cut are errors with their place")
  func damaged() throws {
    let folder = try folder()
    let source = try CIFAR(DataRoot(folder.url))
    try put(folder, "test_batch", 12, [10])
    let wrong = #expect(throws: DataError.self) { try source.forEachExample(of: .test) { _ in } }
    #expect(wrong?.place == .entry("test_batch.bin"))
    #expect(wrong?.problem == "image 12 has class 10, not 0 to 9")

    let url = folder.url.appendingPathComponent("cifar-10-batches-bin/data_batch_5.bin")
    let file = try FileHandle(forWritingTo: url)
    try file.truncate(atOffset: UInt64(9_000 * Self.recordSize + 5))
    try file.close()
    let cut = #expect(throws: DataError.self) { try source.forEachExample(of: .dev) { _ in } }
    #expect(cut?.problem.contains("9000 images and 5 bytes, not 10000") == true)
  }
}
