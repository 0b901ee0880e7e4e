/// How the entries along one side of a matrix become pixels: one each where they are few, else blocks of
/// equal length, of which the last may be shorter.
public struct BlockAxis: Sendable, Equatable {
  /// Entries.
  public let count: Int
  /// Entries a pixel.
  public let block: Int

  /// An axis of `count` entries on at most `maximumPixels` pixels.
  public init(count: Int, maximumPixels: Int = 1024) {
    precondition(
      count > 0 && maximumPixels > 0, "\(count) entries on at most \(maximumPixels) pixels")
    self.count = count
    block = (count + maximumPixels - 1) / maximumPixels
  }

  /// Pixels.
  public var pixels: Int { (count + block - 1) / block }

  /// The entries that `pixel` is the mean of.
  public func entries(of pixel: Int) -> Range<Int> {
    pixel * block..<min(count, (pixel + 1) * block)
  }
}

/// The means over the blocks of a matrix that comes in pieces and is never held whole.
///
/// Cost: one addition an entry; memory: the pixels.
public struct BlockMeans: Sendable {
  /// Rows of the matrix.
  public let rows: BlockAxis
  /// Columns of the matrix.
  public let columns: BlockAxis
  private var sums: [Float]

  /// Means of a matrix of zeros.
  public init(rows: Int, columns: Int, maximumPixels: Int = 1024) {
    self.rows = BlockAxis(count: rows, maximumPixels: maximumPixels)
    self.columns = BlockAxis(count: columns, maximumPixels: maximumPixels)
    sums = [Float](repeating: 0, count: self.rows.pixels * self.columns.pixels)
  }

  /// Means of a whole matrix `[rows, columns]`, row-major.
  public init(_ matrix: [Float], rows: Int, columns: Int, maximumPixels: Int = 1024) {
    precondition(
      matrix.count == rows * columns, "\(matrix.count) entries for a matrix \(rows) × \(columns)")
    self.init(rows: rows, columns: columns, maximumPixels: maximumPixels)
    for row in 0..<rows { add(matrix[row * columns..<(row + 1) * columns], row: row) }
  }

  /// The entries that a pixel is the mean of.
  private func size(_ row: Int, _ column: Int) -> Float {
    Float(rows.entries(of: row).count * columns.entries(of: column).count)
  }

  /// Adds neighbouring entries of a row, the first of which stands at `column`.
  public mutating func add(_ entries: some Sequence<Float>, row: Int, column: Int = 0) {
    let start = row / rows.block * columns.pixels
    for (offset, entry) in entries.enumerated() {
      sums[start + (column + offset) / columns.block] += entry
    }
  }

  /// Adds one entry.
  public mutating func add(_ entry: Float, row: Int, column: Int) {
    sums[row / rows.block * columns.pixels + column / columns.block] += entry
  }

  /// One mean a pixel, `[rows.pixels, columns.pixels]`, row-major.
  public var means: [Float] {
    var means = sums
    for row in 0..<rows.pixels {
      for column in 0..<columns.pixels { means[row * columns.pixels + column] /= size(row, column) }
    }
    return means
  }
}
