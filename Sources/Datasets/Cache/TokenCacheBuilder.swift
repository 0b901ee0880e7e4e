import DataFiles
import Foundation
import HDF5
import Tasks

/// Makes a token cache: a part for each split, then all of them in one file.
///
/// A part is kept when the work is interrupted and taken up by the next attempt with the same
/// key. Parts hold 16-bit ids in chunks; the whole holds them in one piece, in 8 bits if they
/// fit.
struct TokenCacheBuilder {
  let url: URL
  let key: CacheKey
  let task: TaskSpecification

  /// Values moved at once from a part to the whole.
  private static let pieceSize = 1 << 20

  /// Makes the cache, taking up parts that are there.
  func build(_ source: some DatasetSource, progress: DataProgress.Handler?) throws {
    for split in task.splits where !isDone(split) {
      try writePart(split, source, progress)
    }
    let parts = try task.splits.map { try HDF5File(reading: part($0).path, requiringSeal: true) }
    let width = try parts.map { try $0.attribute("largest_token", as: Int.self) }.max() ?? 0
    try HDF5File.writeAtomically(to: url.path, sealed: true) { file in
      for (split, part) in zip(task.splits, parts) {
        try copy(part, to: file.createGroup(split.rawValue), narrow: width <= UInt8.max)
      }
      try file.setAttribute("format", "sbm-token-cache")
      try file.setAttribute("task", task.name)
      try file.setAttribute("key", key.json)
    }
    for split in task.splits { try? FileManager.default.removeItem(at: part(split)) }
  }

  private func part(_ split: Split) -> URL {
    url.deletingPathExtension().appendingPathExtension("\(split).part.h5")
  }

  /// Whether the part of `split` is there, whole and made from the same.
  private func isDone(_ split: Split) -> Bool {
    guard let file = try? HDF5File(reading: part(split).path, requiringSeal: true),
      let json = try? file.attribute("key", as: String.self)
    else { return false }
    return CacheKey(json: json) == key
  }

  private func writePart(
    _ split: Split, _ source: some DatasetSource, _ progress: DataProgress.Handler?
  ) throws {
    let phase = "\(task.name) \(split)"
    let total = task.expectedCount(split)
    progress?(DataProgress(phase: phase, done: 0, total: total))
    try HDF5File.writeAtomically(to: part(split).path, sealed: true) { file in
      let writer = try TokenPartWriter(file, task: task)
      try source.forEachExample(of: split) { example in
        try writer.append(example)
        if writer.count % 500 == 0 {
          progress?(DataProgress(phase: phase, done: writer.count, total: total))
        }
      }
      guard writer.count > 0 else {
        throw DataError(
          .malformed, file: url.path, place: .entry(split.rawValue),
          problem: "the source has no examples for split \(split)",
          hint: "Run `sbm data check \(task.name)` to see what is wrong with its files")
      }
      if let total, total != writer.count, source.generation != nil {
        throw source.incomplete(
          url.path, place: .entry(split.rawValue),
          "the files have \(writer.count) examples for split \(split), they were to have \(total)")
      }
      try writer.finish()
      try file.setAttribute("key", key.json)
      progress?(DataProgress(phase: phase, done: writer.count, total: writer.count))
    }
  }

  // MARK: From parts to the whole

  private func copy(_ part: HDF5File, to group: HDF5Group, narrow: Bool) throws {
    try group.setAttribute("label_kind", try part.attribute("label_kind", as: String.self))
    for (tokens, offsets) in [("tokens", "offsets"), ("second_tokens", "second_offsets")]
    where try part.exists(tokens) {
      if narrow {
        try copy(tokens, as: UInt8.self, part, group)
      } else {
        try copy(tokens, as: UInt16.self, part, group)
      }
      var total = 0
      let lengths = try part.read("\(tokens)_lengths", as: Int32.self)
      try group.write(
        offsets,
        [0]
          + lengths.map { length in
            total += Int(length)
            return total
          })
    }
    try copy("digests", as: UInt64.self, part, group)
    if try part.exists("type_ids") { try copy("type_ids", as: UInt8.self, part, group) }
    guard try part.exists("labels") else { return }
    switch try part.dataset("labels").type {
    case .float: try copy("labels", as: Float.self, part, group)
    case .integer(bits: 16, signed: _): try copy("labels", as: Int16.self, part, group)
    default: try copy("labels", as: Int32.self, part, group)
    }
  }

  private func copy<Value: HDF5Scalar>(
    _ name: String, as type: Value.Type, _ part: HDF5File, _ group: HDF5Group
  ) throws {
    let from = try part.dataset(name)
    let count = try from.count
    let to = try group.createDataset(name, as: type, shape: [count])
    for start in stride(from: 0, to: count, by: Self.pieceSize) {
      let rows = start..<min(count, start + Self.pieceSize)
      try to.write(from.read(as: type, rows: rows), rows: rows)
    }
  }
}
