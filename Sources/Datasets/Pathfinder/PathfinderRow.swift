/// A row of a Pathfinder metadata file, which is text despite its name `.npy`:
/// `imgs/0 sample_7.png 7 1 1.0 14 4 2 0.5 1 1`.
public struct PathfinderRow: Hashable, Sendable {
  /// The image's folder below the difficulty's: `imgs/0`.
  public var folder: String
  /// The image's file name.
  public var file: String
  /// The image's number in its batch.
  public var number: Int
  /// 1 if the discs mark the ends of one path, else 0.
  public var label: Int
  /// The columns after the label: continuity, dashes of long and of short paths, length,
  /// thickness and margin of dashes, number of contrasts.
  public var settings: [String]

  /// A row from its parts.
  public init(folder: String, file: String, number: Int, label: Int, settings: [String]) {
    self.folder = folder
    self.file = file
    self.number = number
    self.label = label
    self.settings = settings
  }

  /// Why a line is no row, a phrase without a full stop.
  public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public var description: String
  }

  /// Reads a line, without its end.
  ///
  /// - Throws: ``Malformed`` for missing columns, a label other than 0 and 1, and paths that lead
  ///   out of the difficulty's folder.
  public init(line: some Sequence<UInt8>) throws {
    let columns = String(decoding: Array(line), as: UTF8.self).split(
      separator: " ", omittingEmptySubsequences: false
    ).map(String.init)
    guard columns.count >= 4 else {
      throw Malformed(description: "the row has \(columns.count) columns, not at least 4")
    }
    guard let number = Int(columns[2]), number >= 0 else {
      throw Malformed(description: "the image's number is no number")
    }
    guard columns[3] == "0" || columns[3] == "1" else {
      throw Malformed(description: "the label in column 4 is neither 0 nor 1")
    }
    let path = (columns[0] + "/" + columns[1]).split(
      separator: "/", omittingEmptySubsequences: false)
    guard !columns[1].contains("/"), path.allSatisfy({ !["", ".", ".."].contains($0) }) else {
      throw Malformed(description: "the image's path is empty or leads out of its folder")
    }
    self.init(
      folder: columns[0], file: columns[1], number: number, label: columns[3] == "1" ? 1 : 0,
      settings: Array(columns[4...]))
  }

  /// The line of this row, without its end.
  public var line: String {
    (["\(folder)", file, "\(number)", "\(label)"] + settings).joined(separator: " ")
  }
}
