import Foundation
import HDF5
import Testing

/// What is written reads back, here and by the library's own tools.
@Suite struct WritingTests {
  @Test func scalarTypesRoundTrip() throws {
    func check<Value: HDF5Element & Equatable>(_ values: [Value]) throws {
      let folder = try Folder()
      let path = folder.file("types.h5")
      try HDF5File.writeAtomically(to: path) { file in
        try file.write("group/values", values)
        try file.setAttribute("values", values)
        try file.setAttribute("first", values[0])
      }
      let file = try HDF5File(reading: path)
      #expect(try file.dataset("group/values").type == Value.hdf5Type)
      #expect(try file.read("group/values", as: Value.self) == values)
      #expect(try file.attributeArray("values", as: Value.self) == values)
      #expect(try file.attribute("first", as: Value.self) == values[0])
    }
    try check([Float.pi, .infinity, -0.0])
    try check([Double.pi, -.greatestFiniteMagnitude])
    try check([Int.min, 0, .max])
    try check([Int8.min, .max])
    try check([Int16.min, .max])
    try check([Int32.min, .max])
    try check([Int64.min, .max])
    try check([UInt8.max, 0])
    try check([UInt16.max, 0])
    try check([UInt32.max, 0])
    try check([UInt64.max, 0])
    try check([true, false])
    try check(["", "ü", "two\nlines", String(repeating: "x", count: 100_000)])
  }

  @Test func nanAndConversionsKeepTheirMeaning() throws {
    let folder = try Folder()
    let path = folder.file("nan.h5")
    try HDF5File.writeAtomically(to: path) { file in
      try file.write("loss", [Double.nan, 1e300, 0.5])
    }
    let file = try HDF5File(reading: path)
    let floats = try file.read("loss", as: Float.self)
    #expect(floats[0].isNaN && floats[1] == .infinity && floats[2] == 0.5)
    #expect(problem { _ = try file.read("loss", as: Int.self) }?.kind == .wrongType)
  }

  @Test func appendsRows() throws {
    let folder = try Folder()
    let path = folder.file("rows.h5")
    try HDF5File.writeAtomically(to: path) { file in
      let rows = try file.createDataset(
        "rows", as: UInt16.self, shape: [0, 3],
        storage: .chunked(rows: 4, deflate: 4, shuffle: true))
      #expect(try rows.isExtendible)
      for block in 0..<10 {
        try rows.append((0..<6).map { UInt16(block * 6 + $0) })
      }
      #expect(problem { try rows.append([UInt16(1)]) }?.kind == .wrongShape)
      try rows.write([7, 7, 7], rows: 1..<2)
      let words = try file.createDataset(
        "words", as: String.self, shape: [0], storage: .chunked(rows: 2, deflate: 1))
      try words.append(["a", "b"])
      try words.append(["c"])
      let fixed = try file.write("fixed", [1.0])
      #expect(problem { try fixed.append([2.0]) }?.kind == .wrongShape)
      #expect(problem { try file.write("fixed", [1.0]) }?.kind == .failed)
    }
    let file = try HDF5File(reading: path)
    let rows = try file.dataset("rows")
    #expect(try rows.shape == [20, 3])
    #expect(try rows.read(as: Int.self, rows: 0..<3) == [0, 1, 2, 7, 7, 7, 6, 7, 8])
    #expect(try rows.read(as: Int.self, rows: 19..<20) == [57, 58, 59])
    #expect(try rows.read(as: Int.self, rows: 5..<5) == [])
    #expect(try file.read("words", as: String.self) == ["a", "b", "c"])
  }

  @Test func readsAndWritesMemoryOfTheCaller() throws {
    let folder = try Folder()
    let path = folder.file("buffer.h5")
    let values = (0..<12).map { Float($0) }
    try HDF5File.writeAtomically(to: path) { file in
      try values.withUnsafeBufferPointer { try file.write("x", from: $0, shape: [4, 3]) }
    }
    let dataset = try HDF5File(reading: path).dataset("x")
    var rows = [Float](repeating: -1, count: 6)
    try rows.withUnsafeMutableBufferPointer { try dataset.read(into: $0, rows: 1..<3) }
    #expect(rows == [3, 4, 5, 6, 7, 8])
    #expect(
      problem { try rows.withUnsafeMutableBufferPointer { try dataset.read(into: $0) } }?.kind
        == .wrongShape)
  }

  @Test func emptyArrays() throws {
    let folder = try Folder()
    let path = folder.file("empty.h5")
    try HDF5File.writeAtomically(to: path) { file in
      try file.write("none", [Float]())
      try file.write("words", [String]())
      try file.setAttribute("list", [String]())
      try file.setAttribute("numbers", [Int]())
    }
    let file = try HDF5File(reading: path)
    #expect(try file.dataset("none").shape == [0])
    #expect(try file.read("none", as: Float.self) == [])
    #expect(try file.read("words", as: String.self) == [])
    #expect(try file.attributeArray("list", as: String.self) == [])
    #expect(try file.attributeArray("numbers", as: Int.self) == [])
  }

  @Test func sameContentGivesTheSameBytes() throws {
    let folder = try Folder()
    let contents = try ["a.h5", "b.h5"].map { name in
      try HDF5File.writeAtomically(to: folder.file(name)) { file in
        try file.write("group/x", [1, 2, 3])
        try file.setAttribute("name", "same")
      }
      return try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))
    }
    #expect(contents[0] == contents[1])
  }

  @Test func toolsOfTheLibraryReadIt() throws {
    let folder = try Folder()
    let path = folder.file("dump.h5")
    try HDF5File.writeAtomically(to: path) { file in
      try file.write("a/numbers", [Int32(41), 42], shape: [2, 1])
      try file.setAttribute("title", "Grüße")
      try file.setAttribute("flag", true)
    }
    let dump = Process()
    dump.executableURL = URL(fileURLWithPath: "/usr/bin/h5dump")
    dump.arguments = ["-A", "0", path]
    let output = Pipe()
    dump.standardOutput = output
    try dump.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    dump.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    #expect(dump.terminationStatus == 0)
    #expect(text.contains("(0,0): 41,"))
    #expect(text.contains("DATASPACE  SIMPLE { ( 2, 1 ) / ( 2, 1 ) }"))
  }

  @Test func manyThreadsMayUseTheLibrary() async throws {
    let folder = try Folder()
    let path = folder.file("threads.h5")
    try HDF5File.writeAtomically(to: path) { try $0.write("x", Array(0..<1000)) }
    let shared = try HDF5File(reading: path)
    let sums = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          var sum = 0
          for _ in 0..<50 {
            let own = try HDF5File(reading: path)
            sum += try own.read("x", as: Int.self).reduce(0, +)
            sum -= try shared.read("x", as: Int.self).reduce(0, +)
            try own.close()
          }
          return sum
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(sums == [Int](repeating: 0, count: 8))
  }

  /// The same content gives the same bytes, whenever it is written: no object's header has times (bit 5 of the
  /// flags behind `OHDR` and the version).
  @Test func nothingTellsWhenItWasWritten() throws {
    let folder = try Folder()
    try HDF5File.writeAtomically(to: folder.file("x.h5")) { file in
      try file.write("/a/b/c", [1])
      try file.createGroup("d/e").write("f", [2.0])
      try file.setAttribute("g", "h")
    }
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("x.h5"))))
    let headers = bytes.indices.dropLast(6).filter {
      Array(bytes[$0..<$0 + 5]) == Array("OHDR".utf8) + [2]
    }
    // The root, four groups and two data sets.
    #expect(headers.count == 7)
    for header in headers { #expect(bytes[header + 5] & 0x20 == 0, "header at \(header)") }
    let file = try HDF5File(reading: folder.file("x.h5"))
    #expect(try file.dataset("a/b/c").read() == [1] && file.dataset("/d/e/f").read() == [2.0])
  }
}
