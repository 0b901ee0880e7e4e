import DataFiles
import Foundation
import TestSupport
import Testing

@Suite("Gray images and PNG")
struct GrayImageTests {
  let image = GrayImage(width: 5, height: 3, pixels: (0..<15).map { UInt8($0 * 17) })

  @Test("A PNG file reads back as what was written")
  func roundTrip() throws {
    #expect(try GrayImage(png: image.png, file: "a.png") == image)
    #expect(try GrayImage(png: image.png, file: "a.png", size: (5, 3)) == image)
    let noise = GrayImage(
      width: 67, height: 31, pixels: (0..<67 * 31).map { UInt8(truncatingIfNeeded: $0 * $0 * 31) })
    #expect(try GrayImage(png: noise.png, file: "b.png") == noise)
    let folder = try TemporaryFolder()
    #expect(try GrayImage(contentsOf: folder.write("c.png", noise.png)) == noise)
  }

  /// Pixels of 1 × 1 images that another program (Python's zlib and struct) put together.
  static let others: [(name: String, hex: String, problem: String)] = [
    (
      "16 bits",
      "89504e470d0a1a0a0000000d49484452000000010000000110000000006aee47160000000b494441"
        + "54789c636060000000030001b8ad3a630000000049454e44ae426082", "16 bits, gray"
    ),
    (
      "colour",
      "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c494441"
        + "54789c63606060000000040001f61738550000000049454e44ae426082", "8 bits, colour"
    ),
  ]

  @Test("Depths and colours other than 8-bit gray are refused", arguments: others)
  func foreign(name: String, hex: String, problem: String) throws {
    let digits = Array(hex)
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
    let error = #expect(throws: DataError.self) { try GrayImage(png: bytes, file: "f.png") }
    #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
  }

  /// Samples 0, 5, … as libpng wrote them, with a gAMA chunk of 1.0 behind the header.
  @Test("Samples are read as they are stored, whatever the gamma")
  func gamma() throws {
    let ramp = GrayImage(width: 51, height: 1, pixels: (0..<51).map { UInt8($0 * 5) })
    let chunk: [UInt8] =
      [0, 0, 0, 4] + Array("gAMA".utf8) + [0, 1, 0x86, 0xA0, 0x31, 0xE8, 0x96, 0x5F]
    let png = ramp.png
    let plain = png.prefix(33)
    let rest = png.dropFirst(33)
    #expect(try GrayImage(png: plain + chunk + rest, file: "gamma.png") == ramp)
    let cut = Array((plain + chunk + rest).prefix(40))
    #expect(throws: DataError.self) { try GrayImage(png: cut, file: "cut.png") }
  }

  @Test("What is no PNG, has another size, or is cut short or damaged")
  func malformed() throws {
    let png = image.png
    func problem(_ bytes: [UInt8], size: (Int, Int)? = nil) -> String? {
      do {
        _ = try GrayImage(
          png: bytes, file: "a.zip", place: .entry("x.png"),
          size: size.map { (width: $0.0, height: $0.1) })
        return nil
      } catch let error as DataError {
        #expect(error.kind == .malformed && error.place == .entry("x.png"))
        #expect(error.file == "a.zip")
        return error.problem
      } catch {
        Issue.record("\(error)")
        return nil
      }
    }
    #expect(problem([])?.contains("empty") == true)
    #expect(problem(Array("GIF89a".utf8))?.contains("no PNG") == true)
    #expect(problem(png, size: (3, 5))?.contains("5 × 3 pixels, not 3 × 5") == true)
    for end in 0..<png.count - 12 {  // the last chunk, IEND, carries nothing
      #expect(problem(Array(png[..<end])) != nil, "cut to \(end) bytes")
    }
    var huge = png
    huge.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
    #expect(problem(huge) != nil)
    for index in 8..<png.count - 12 {
      var damaged = png
      damaged[index] ^= 0x55
      // Anything but a crash or a silent change of pixels.
      if let read = try? GrayImage(png: damaged, file: "a.png") {
        #expect(read == image, "byte \(index) changed pixels unnoticed")
      }
    }
  }

  @Test("A contact sheet shows each image with its label")
  func contactSheet() {
    let dark = GrayImage(width: 4, height: 4, pixels: [UInt8](repeating: 10, count: 16))
    let sheet = ContactSheet(columns: 2, scale: 2).draw([
      .init(dark, label: 0), .init(dark, label: 1), .init(dark, label: 2),
    ])
    #expect(sheet.pixels.count { $0 == 10 } == 3 * 64)
    // Digits 0, 1 and 2 have 12, 8 and 11 pixels, drawn as 2 × 2.
    #expect(sheet.pixels.count { $0 == 255 } == 4 * (12 + 8 + 11))
    #expect(sheet.pixels[0] != 10)
  }
}
