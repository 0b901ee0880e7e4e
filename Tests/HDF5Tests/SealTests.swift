import Foundation
import HDF5
import Testing

/// A sealed file tells damage to any of its bytes.
@Suite struct SealTests {
  private static let blockSize = 512

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

  private func expectContent(_ path: String) throws {
    let file = try HDF5File(reading: path)
    #expect(try file.read("words", as: String.self) == ["one", "two", "three"])
    #expect(try file.read("group/numbers", as: Double.self) == [1.5, 2.5])
  }

  @Test func aSealedFileSaysSoInFrontAndInside() throws {
    let folder = try Folder()
    _ = try write(folder.file("plain.h5"), sealed: false)
    let sealed = try write(folder.file("sealed.h5"), sealed: true)
    #expect(sealed.starts(with: Array("SBM sealed HDF5, SHA-256 ".utf8)))
    let file = try HDF5File(reading: folder.file("sealed.h5"))
    #expect(try file.attributeNames() == ["sealed", "title"])
    for name in ["plain.h5", "sealed.h5"] { try expectContent(folder.file(name)) }
    let again = try write(folder.file("again.h5"), sealed: true)
    #expect(again == sealed)
  }

  /// The sum as anybody can compute it: of everything behind the first 512 bytes, with the superblock's
  /// flags and checksum as zeros.
  @Test func theSumIsOneThatOthersCanCompute() throws {
    let folder = try Folder()
    let bytes = try write(folder.file("sealed.h5"), sealed: true)
    var content = Array(bytes[Self.blockSize...])
    for index in [11, 44, 45, 46, 47] { content[index] = 0 }
    try put(content, to: folder.file("content"))
    let program = Process()
    program.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
    program.arguments = [folder.file("content")]
    let output = Pipe()
    program.standardOutput = output
    try program.run()
    let sum = String(
      decoding: output.fileHandleForReading.readDataToEndOfFile().prefix(64), as: UTF8.self)
    program.waitUntilExit()
    let line = "SBM sealed HDF5, SHA-256 \(sum) \(bytes.count)\n"
    #expect(Array(bytes.prefix(Self.blockSize)).starts(with: Array(line.utf8)))
  }

  @Test func everyFlippedBitIsFoundOut() throws {
    let folder = try Folder()
    let path = folder.file("sealed.h5")
    let whole = try write(path, sealed: true)
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= 1 << UInt8(index % 8)
      try put(bytes, to: path)
      let kind = problem { _ = try HDF5File(reading: path) }?.kind
      #expect(kind == (index == Self.blockSize + 11 ? .leftOpen : .damaged), "byte \(index)")
    }
  }

  @Test func aLostSealIsDamage() throws {
    let folder = try Folder()
    let path = folder.file("sealed.h5")
    let whole = try write(path, sealed: true)
    let zeros = [UInt8](repeating: 0, count: Self.blockSize)
    for bytes in [zeros + whole[Self.blockSize...], Array(whole[Self.blockSize...])] {
      try put(bytes, to: path)
      let error = problem { _ = try HDF5File(reading: path) }
      #expect(error?.kind == .damaged && error?.message.hasPrefix("its seal is lost") == true)
    }
    _ = try write(path, sealed: false)
    try expectContent(path)
    let error = problem { _ = try HDF5File(reading: path, requiringSeal: true) }
    #expect(error?.message == "it has no seal")
  }

  @Test func cutFilesAndOnesWithSomethingBehindThemAreTold() throws {
    let folder = try Folder()
    let path = folder.file("sealed.h5")
    let whole = try write(path, sealed: true)
    for length in stride(from: 1, to: whole.count, by: 101) {
      try put(whole.prefix(length), to: path)
      let kind = problem { _ = try HDF5File(reading: path) }?.kind
      #expect(kind == .damaged || kind == .notHDF5, "\(length) bytes")
    }
    try put(whole + [0], to: path)
    let error = problem { _ = try HDF5File(reading: path) }
    #expect(error?.kind == .damaged && error?.file == path)
    #expect(error?.message == "its content does not agree with its checksum")
  }

  /// Fixtures/former-seal.h5 has the seal that files had before: 16 bytes at its end.
  @Test func formerSealsAreRead() throws {
    let folder = try Folder()
    let path = folder.file("former.h5")
    let source = try #require(
      Bundle.module.path(forResource: "Fixtures/former-seal", ofType: "h5"))
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source)))
    try put(whole, to: path)
    try expectContent(path)
    for index in stride(from: 100, to: whole.count - 16, by: 37) {
      var bytes = whole
      bytes[index] ^= 1
      try put(bytes, to: path)
      #expect(problem { _ = try HDF5File(reading: path) }?.kind == .damaged, "byte \(index)")
    }
    try put(whole.dropLast(16), to: path)
    try expectContent(path)
  }

  /// Fixtures/left-open.h5 is a sealed file that h5py had open for writing when it was killed.
  @Test func aFileThatWasLeftOpenIsToldFromADamagedOne() throws {
    let folder = try Folder()
    let path = folder.file("open.h5")
    let source = try #require(Bundle.module.path(forResource: "Fixtures/left-open", ofType: "h5"))
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source)))
    try put(bytes, to: path)
    let error = try #require(problem { _ = try HDF5File(reading: path) })
    #expect(error.kind == .leftOpen && error.exitCode == .badInput)
    #expect(error.hint?.contains("`h5clear -s \(path)`") == true)
    let clear = try Process.run(
      URL(fileURLWithPath: "/usr/bin/h5clear"), arguments: ["-s", path])
    clear.waitUntilExit()
    try expectContent(path)

    bytes[bytes.count / 2] ^= 1
    try put(bytes, to: path)
    #expect(problem { _ = try HDF5File(reading: path) }?.kind == .damaged)
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
