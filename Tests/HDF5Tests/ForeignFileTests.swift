import Foundation
import HDF5
import Testing

/// Files that another program wrote, whole and broken.
@Suite struct ForeignFileTests {
  @Test func attributesOfH5py() throws {
    let file = try fixture()
    #expect(try file.attribute("text", as: String.self) == "Grüße, 世界")
    #expect(try file.attribute("fixed", as: String.self) == "ten bytes!")
    #expect(try file.attribute("yes", as: Bool.self))
    #expect(try !file.attribute("no", as: Bool.self))
    #expect(try file.attribute("int", as: Int.self) == 7)
    #expect(try file.attribute("int", as: Double.self) == 7)
    #expect(try file.attribute("float", as: Double.self) == 0.1)
    #expect(try file.attribute("half", as: Float.self) == 0.5)
    #expect(try file.attributeArray("names", as: String.self) == ["a", "", "ccc"])
    #expect(try file.attributeArray("shape", as: Int.self) == [2, 3])
    #expect(try file.attributeType("yes") == .boolean)
    #expect(try file.hasAttribute("int"))
    #expect(try !file.hasAttribute("none"))
    #expect(try file.attributeNames().count == 10)
  }

  @Test func datasetsOfH5py() throws {
    let file = try fixture()
    #expect(try file.dataset("scalar").readScalar(as: Double.self) == 2.5)
    let matrix = try file.dataset("a/b/matrix")
    #expect(try matrix.shape == [2, 3])
    #expect(try matrix.type == .integer(bits: 64, signed: true))
    #expect(try matrix.read(as: Int32.self) == [0, 1, 2, 3, 4, 5])
    #expect(try matrix.read(as: Float.self, rows: 1..<2) == [3, 4, 5])
    #expect(try file.read("big_endian", as: UInt16.self) == [1, 258])
    #expect(try file.read("flags", as: Bool.self) == [true, false, true])
    #expect(try file.read("flags", as: UInt8.self) == [1, 0, 1])
    #expect(try file.read("words", as: String.self) == ["x", "é", ""])
    #expect(try file.read("fixed_words", as: String.self) == ["ab", "abcd"])
    #expect(try file.dataset("fixed_words").read(as: String.self, rows: 1..<2) == ["abcd"])
    #expect(try file.read("packed", as: Int32.self) == [])
    #expect(try file.dataset("compressed").read(as: Int.self, rows: 250..<253) == [250, 251, 252])
  }

  @Test func structure() throws {
    let file = try fixture()
    #expect(try file.children().contains("dangling"))
    #expect(try !file.exists("dangling"))
    #expect(try file.isGroup("a/b"))
    #expect(try file.isDataset("a/b/matrix"))
    #expect(try !file.exists("a/nowhere/matrix"))
    let group = try file.group("a").group("b")
    #expect(group.path == "/a/b")
    #expect(group.name == "b")
    #expect(try group.children() == ["matrix"])
  }

  @Test(arguments: [
    ("nowhere", HDF5Error.Kind.missingObject, "/nowhere: there is no such object"),
    ("a", .wrongType, "/a: is not a dataset"),
    ("words", .wrongType, "holds string, not int32"),
    ("record", .wrongType, "holds compound, not int32"),
    ("big", .wrongType, "int64 does not fit int32"),
    ("fractions", .wrongType, "float64 does not fit int32"),
  ])
  func wrongRequests(name: String, kind: HDF5Error.Kind, message: String) throws {
    let file = try fixture()
    let error = try #require(problem { _ = try file.read(name, as: Int32.self) })
    #expect(error.kind == kind)
    #expect(error.description.contains(message))
    #expect(error.description.hasPrefix(file.file + ": /"))
  }

  @Test func wrongAttributes() throws {
    let file = try fixture()
    let missing = try #require(problem { _ = try file.attribute("none", as: Int.self) })
    #expect(missing.object == "/@none")
    #expect(problem { _ = try file.attribute("names", as: String.self) }?.kind == .wrongShape)
    #expect(problem { _ = try file.attribute("empty", as: Float.self) }?.kind == .wrongShape)
    #expect(problem { _ = try file.attribute("float", as: Int.self) }?.kind == .wrongType)
    #expect(problem { _ = try file.attribute("text", as: Int.self) }?.kind == .wrongType)
    #expect(problem { _ = try file.read("latin", as: String.self) }?.kind == .wrongType)
    #expect(
      problem { _ = try file.dataset("big").read(as: Int.self, rows: 1..<3) }?.kind == .wrongShape)
  }

  @Test func filesThatAreNoHDF5() throws {
    let folder = try Folder()
    #expect(
      problem { _ = try HDF5File(reading: folder.file("none.h5")) }?.kind == .noSuchFile)
    #expect(problem { _ = try HDF5File(reading: folder.path) }?.kind == .notHDF5)
    for (name, content) in [("empty", ""), ("text", "step,loss\n1,2.3\n")] {
      try content.write(toFile: folder.file(name), atomically: false, encoding: .utf8)
      #expect(problem { _ = try HDF5File(reading: folder.file(name)) }?.kind == .notHDF5)
    }
  }

  /// Cut at any place, a file gives a typed error, or its values where the cut spared them.
  @Test func truncatedFiles() throws {
    let folder = try Folder()
    let whole = try fixture().file
    let bytes = try Data(contentsOf: URL(fileURLWithPath: whole))
    var errors = 0
    for length in stride(from: 1, to: bytes.count, by: 97) {
      let path = folder.file("cut.h5")
      try bytes.prefix(length).write(to: URL(fileURLWithPath: path))
      let error = problem { _ = try HDF5File(reading: path).read("words", as: String.self) }
      let kind = try #require(error?.kind)
      #expect(kind == .notHDF5 || kind == .damaged)
      errors += 1
    }
    #expect(errors > 50)
  }

  /// A file with any stretch of bytes overwritten gives values or a typed error, never a crash.
  @Test func damagedFiles() throws {
    let folder = try Folder()
    let original = try Data(contentsOf: URL(fileURLWithPath: try fixture().file))
    for start in stride(from: 0, to: original.count - 16, by: 61) {
      var bytes = original
      for index in start..<(start + 16) { bytes[index] = 0xa5 }
      let path = folder.file("damaged.h5")
      try bytes.write(to: URL(fileURLWithPath: path))
      do {
        let file = try HDF5File(reading: path)
        for name in try file.children() where try file.isDataset(name) {
          let dataset = try file.dataset(name)
          if case .string = try dataset.type {
            _ = try dataset.read(as: String.self)
          } else {
            _ = try dataset.read(as: Double.self)
          }
        }
      } catch let error as HDF5Error {
        #expect(error.file == path)
      }
    }
  }
}
