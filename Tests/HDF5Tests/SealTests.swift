import Foundation
import HDF5
import Testing

/// A sealed file tells damage to any of its bytes.
@Suite struct SealTests {
  private static let sealSize = 16

  private func write(_ path: String, sealed: Bool) throws -> [UInt8] {
    try HDF5File.writeAtomically(to: path, sealed: sealed) { file in
      try file.write("group/numbers", [1.5, 2.5])
      try file.write("words", ["one", "two", "three"])
      try file.setAttribute("title", "a title")
    }
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private func put(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  @Test func aSealIsBehindTheSameContent() throws {
    let folder = try Folder()
    let plain = try write(folder.file("plain.h5"), sealed: false)
    let sealed = try write(folder.file("sealed.h5"), sealed: true)
    #expect(sealed.count == plain.count + Self.sealSize && sealed.starts(with: plain))
    for name in ["plain.h5", "sealed.h5"] {
      let file = try HDF5File(reading: folder.file(name))
      #expect(try file.read("words", as: String.self) == ["one", "two", "three"])
      #expect(try file.read("group/numbers", as: Double.self) == [1.5, 2.5])
    }
  }

  @Test func everyFlippedBitIsFoundOut() throws {
    let folder = try Folder()
    let path = folder.file("sealed.h5")
    let whole = try write(path, sealed: true)
    let content = whole.count - Self.sealSize
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= 1 << UInt8(index % 8)
      try put(bytes, to: path)
      guard (content..<content + 8).contains(index) else {
        #expect(problem { _ = try HDF5File(reading: path) }?.kind == .damaged, "byte \(index)")
        continue
      }
      // Without its mark there is no seal; the content is whole.
      #expect(try HDF5File(reading: path).read("group/numbers", as: Double.self) == [1.5, 2.5])
    }
  }

  @Test func cutFilesAndOnesWithSomethingBehindThemAreTold() throws {
    let folder = try Folder()
    let path = folder.file("sealed.h5")
    let whole = try write(path, sealed: true)
    for length in stride(from: 1, to: whole.count - Self.sealSize, by: 101) {
      try put(whole.prefix(length), to: path)
      let kind = problem { _ = try HDF5File(reading: path) }?.kind
      #expect(kind == .damaged || kind == .notHDF5, "\(length) bytes")
    }
    let seal = whole.suffix(Self.sealSize)
    try put(whole.dropLast(Self.sealSize) + [0] + seal, to: path)
    let error = problem { _ = try HDF5File(reading: path) }
    #expect(error?.kind == .damaged && error?.file == path)
    #expect(error?.message == "its content does not agree with its checksum")
  }

  /// Large enough for several pieces of reading.
  @Test func largeFilesAreSealedToo() throws {
    let folder = try Folder()
    let path = folder.file("large.h5")
    let values = (0..<700_001).map { Float($0) }
    try HDF5File.writeAtomically(to: path, sealed: true) { try $0.write("x", values) }
    #expect(try HDF5File(reading: path).read("x", as: Float.self) == values)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 1000] ^= 4
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect(problem { _ = try HDF5File(reading: path) }?.kind == .damaged)
  }

  @Test func toolsOfTheLibraryReadIt() throws {
    let folder = try Folder()
    let path = folder.file("sealed.h5")
    _ = try write(path, sealed: true)
    let dump = Process()
    dump.executableURL = URL(fileURLWithPath: "/usr/bin/h5dump")
    dump.arguments = ["-d", "/words", path]
    let output = Pipe()
    dump.standardOutput = output
    try dump.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    dump.waitUntilExit()
    #expect(dump.terminationStatus == 0)
    #expect(String(decoding: data, as: UTF8.self).contains("\"three\""))
  }
}
