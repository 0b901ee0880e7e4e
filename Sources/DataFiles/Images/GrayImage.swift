import CPNG
import Foundation

/// An image of gray pixels, 0 black to 255 white.
public struct GrayImage: Hashable, Sendable {
  /// Pixels a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `[height, width]`, row-major, from the top left.
  public var pixels: [UInt8]

  /// An image from its pixels.
  ///
  /// - Precondition: there are width × height of them.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && pixels.count == width * height,
      "\(pixels.count) pixels for an image of \(width) × \(height)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}

// MARK: PNG

extension GrayImage {
  /// Sizes beyond this are refused before any memory is taken.
  private static let maximumSide = 1 << 14

  /// Decodes a PNG file's content: 8 bits a pixel, gray, one channel.
  ///
  /// - Parameters:
  ///   - png: the whole file.
  ///   - file: the file, or archive, to name in errors.
  ///   - place: the archive's entry, to name in errors.
  ///   - size: the width and height asked for; `nil` takes any.
  /// - Throws: ``DataError`` for what is no PNG, is cut short or damaged, or has another size,
  ///   depth or kind of colour.
  public init(
    png: [UInt8], file: String, place: DataError.Place = .file,
    size: (width: Int, height: Int)? = nil
  ) throws {
    func malformed(_ problem: String) -> DataError {
      DataError(
        .malformed, file: file, place: place, problem: problem,
        hint: "Fetch or generate the image again")
    }
    guard png.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
      throw malformed(png.isEmpty ? "the image is empty" : "this is no PNG image")
    }
    guard png.count >= 33, png[12..<16].elementsEqual("IHDR".utf8) else {
      throw malformed("the image is cut short")
    }
    func number(_ offset: Int) -> Int { png[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
    let (width, height) = (number(16), number(20))
    if let size, (width, height) != size {
      throw malformed("the image has \(width) × \(height) pixels, not \(size.0) × \(size.1)")
    }
    guard 1...Self.maximumSide ~= width, 1...Self.maximumSide ~= height else {
      throw malformed("the image has \(width) × \(height) pixels")
    }
    guard png[24] == 8, png[25] == 0 else {
      let kinds: [UInt8: String] = [0: "gray", 2: "colour", 3: "palette", 4: "gray with alpha"]
      throw malformed(
        "the image has \(png[24]) bits, \(kinds[png[25]] ?? "colour with alpha"), not 8 bits, gray"
      )
    }
    var pixels = [UInt8](repeating: 0, count: width * height)
    let png = try Self.essentials(of: png) ?? { throw malformed("the image is cut short") }()
    let problem = Self.withImage { image in
      // libpng keeps the pointer from one call to the next.
      png.withUnsafeBytes { bytes -> String? in
        guard png_image_begin_read_from_memory(image, bytes.baseAddress, bytes.count) != 0 else {
          return Self.message(image)
        }
        image.pointee.format = 0  // PNG_FORMAT_GRAY
        let done = png_image_finish_read(image, nil, &pixels, Int32(width), nil)
        // libpng goes on after some kinds of damage, with a warning.
        return done != 0 && image.pointee.warning_or_error == 0 ? nil : Self.message(image)
      }
    }
    if let problem { throw malformed(problem) }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// The image without the chunks that say how to show it, such as a gamma: its samples are wanted as they are
  /// stored. `nil` if a chunk reaches past the end.
  private static func essentials(of png: [UInt8]) -> [UInt8]? {
    var kept = Array(png.prefix(8))
    var start = 8
    while start + 12 <= png.count {
      let length = png[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      let end = start + 12 + length
      guard end <= png.count else { return nil }
      // A lower-case first letter marks a chunk that a decoder may leave out.
      let isCritical = png[start + 4] & 0x20 == 0
      if isCritical { kept += png[start..<end] }
      start = end
      if png[end - length - 8..<end - length - 4].elementsEqual("IEND".utf8) { break }
    }
    return kept
  }

  /// Reads a PNG file: 8 bits a pixel, gray, one channel.
  ///
  /// - Throws: ``DataError`` as ``init(png:file:place:size:)``, and when the file cannot be read.
  public init(contentsOf url: URL, size: (width: Int, height: Int)? = nil) throws {
    let file = try ByteFile(url)
    var content: [UInt8] = []
    while let piece = try file.read(upTo: 1 << 16) {
      content += piece
      guard content.count <= 1 << 26 else {
        throw DataError(.malformed, file: url.path, problem: "the image has more than 64 MB")
      }
    }
    try self.init(png: content, file: url.path, size: size)
  }

  /// The content of a PNG file.
  public var png: [UInt8] {
    // An upper bound: rows with a filter byte each, deflate's growth, and the chunks around.
    let bound = (width + 1) * height * 1001 / 1000 + 4096
    var size = bound
    return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      Self.withImage { image in
        image.pointee.width = UInt32(width)
        image.pointee.height = UInt32(height)
        image.pointee.format = 0  // PNG_FORMAT_GRAY
        let done = png_image_write_to_memory(
          image, buffer.baseAddress, &size, 0, pixels, Int32(width), nil)
        precondition(done != 0, "libpng cannot write an image: \(Self.message(image))")
      }
      count = size
    }
  }

  /// Runs `body` with libpng's record of an image, at an address that does not change.
  private static func withImage<Result>(
    _ body: (UnsafeMutablePointer<png_image>) -> Result
  ) -> Result {
    let image = UnsafeMutablePointer<png_image>.allocate(capacity: 1)
    image.initialize(to: png_image())
    image.pointee.version = UInt32(PNG_IMAGE_VERSION)
    defer {
      png_image_free(image)
      image.deallocate()
    }
    return body(image)
  }

  /// What libpng has to say of the last failure or warning.
  private static func message(_ image: UnsafeMutablePointer<png_image>) -> String {
    let text = withUnsafeBytes(of: image.pointee.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return text.isEmpty ? "the image is damaged" : "the image is damaged: \(text)"
  }
}
