/// Many small images on one, each with its label, for a person to look at.
public struct ContactSheet: Sendable {
  /// An image with what to write under it.
  public struct Entry: Sendable {
    /// The image.
    public var image: GrayImage
    /// The number to write under it.
    public var label: Int

    /// An image with its label.
    public init(_ image: GrayImage, label: Int) {
      self.image = image
      self.label = label
    }
  }

  /// Images a row.
  public var columns: Int
  /// How much larger each pixel is drawn.
  public var scale: Int
  private static let gap = 4
  private static let background: UInt8 = 96
  private static let ink: UInt8 = 255

  /// A sheet's layout.
  public init(columns: Int = 8, scale: Int = 3) {
    precondition(columns > 0 && scale > 0, "\(columns) columns at scale \(scale)")
    self.columns = columns
    self.scale = scale
  }

  /// The sheet of `entries`, row by row.
  ///
  /// - Precondition: there is at least one, and all are of one size.
  public func draw(_ entries: [Entry]) -> GrayImage {
    guard let first = entries.first?.image else { preconditionFailure("a sheet of no images") }
    let (width, height) = (first.width * scale, first.height * scale)
    let textHeight = DigitFont.height * 2
    let cellWidth = width + Self.gap
    let cellHeight = height + textHeight + 3 * Self.gap
    let rows = (entries.count + columns - 1) / columns
    let sheetWidth = cellWidth * columns + Self.gap
    let sheetHeight = cellHeight * rows + Self.gap
    var pixels = [UInt8](repeating: Self.background, count: sheetWidth * sheetHeight)
    for (index, entry) in entries.enumerated() {
      precondition(
        entry.image.width == first.width && entry.image.height == first.height,
        "a sheet mixes \(first.width) × \(first.height) and other sizes")
      let left = index % columns * cellWidth + Self.gap
      let top = index / columns * cellHeight + Self.gap
      for y in 0..<height {
        for x in 0..<width {
          pixels[(top + y) * sheetWidth + left + x] =
            entry.image.pixels[y / scale * first.width + x / scale]
        }
      }
      for pixel in DigitFont.pixels("\(entry.label)") {
        for y in 0..<2 {
          for x in 0..<2 {
            let row = top + height + Self.gap + 2 * pixel.y + y
            let column = left + 2 * pixel.x + x
            if column < left + width { pixels[row * sheetWidth + column] = Self.ink }
          }
        }
      }
    }
    return GrayImage(width: sheetWidth, height: sheetHeight, pixels: pixels)
  }
}

/// Digits of 3 × 5 pixels.
private enum DigitFont {
  static let height = 5

  private static let rows: [Character: [UInt8]] = [
    "0": [0b111, 0b101, 0b101, 0b101, 0b111], "1": [0b010, 0b110, 0b010, 0b010, 0b111],
    "2": [0b111, 0b001, 0b111, 0b100, 0b111], "3": [0b111, 0b001, 0b111, 0b001, 0b111],
    "4": [0b101, 0b101, 0b111, 0b001, 0b001], "5": [0b111, 0b100, 0b111, 0b001, 0b111],
    "6": [0b111, 0b100, 0b111, 0b101, 0b111], "7": [0b111, 0b001, 0b010, 0b010, 0b010],
    "8": [0b111, 0b101, 0b111, 0b101, 0b111], "9": [0b111, 0b101, 0b111, 0b001, 0b111],
    "-": [0b000, 0b000, 0b111, 0b000, 0b000],
  ]

  /// The lit pixels of a number.
  static func pixels(_ text: String) -> [(y: Int, x: Int)] {
    var pixels: [(y: Int, x: Int)] = []
    for (place, character) in text.enumerated() {
      for (y, bits) in (rows[character] ?? []).enumerated() {
        for x in 0..<3 where bits & (0b100 >> UInt8(x)) != 0 {
          pixels.append((y, 4 * place + x))
        }
      }
    }
    return pixels
  }
}
