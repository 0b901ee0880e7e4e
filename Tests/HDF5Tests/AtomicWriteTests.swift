import Foundation
import HDF5
import Testing

/// A file is always the old one or the new one.
@Suite(.serialized) struct AtomicWriteTests {
  private struct Refusal: Error {}

  @Test func failureOfTheBodyLeavesTheOldFile() throws {
    let folder = try Folder()
    let path = folder.file("log.h5")
    try HDF5File.writeAtomically(to: path) { try $0.write("step", [1]) }
    #expect(throws: Refusal.self) {
      try HDF5File.writeAtomically(to: path) { file in
        try file.write("step", [2])
        throw Refusal()
      }
    }
    #expect(try HDF5File(reading: path).read("step", as: Int.self) == [1])
    #expect(folder.entries == ["log.h5"])
  }

  @Test func aReaderKeepsTheOldFile() throws {
    let folder = try Folder()
    let path = folder.file("log.h5")
    try HDF5File.writeAtomically(to: path) { try $0.write("step", [1]) }
    let reader = try HDF5File(reading: path)
    try HDF5File.writeAtomically(to: path) { try $0.write("step", [2]) }
    #expect(try reader.read("step", as: Int.self) == [1])
    #expect(try HDF5File(reading: path).read("step", as: Int.self) == [2])
  }

  @Test func objectsThatOutliveTheFileAreClosed() throws {
    let folder = try Folder()
    let path = folder.file("log.h5")
    let dataset = try HDF5File.writeAtomically(to: path) { try $0.write("step", [1]) }
    #expect(problem { _ = try dataset.read(as: Int.self) }?.message == "the file has been closed")
    #expect(try HDF5File(reading: path).read("step", as: Int.self) == [1])
  }

  @Test func removesWhatAKilledWriterLeft() throws {
    let folder = try Folder()
    let path = folder.file("log.h5")
    let abandoned = folder.file(".log.h5.1-1.tmp")
    let other = folder.file(".other.h5.1-1.tmp")
    for file in [abandoned, other] {
      #expect(FileManager.default.createFile(atPath: file, contents: Data([1, 2])))
    }
    try HDF5File.writeAtomically(to: path) { file in
      try file.write("step", [1])
      // A second writer of the same path must leave the first one's file alone.
      try HDF5File.writeAtomically(to: path) { try $0.write("step", [2]) }
    }
    #expect(try HDF5File(reading: path).read("step", as: Int.self) == [1])
    #expect(folder.entries == [".other.h5.1-1.tmp", "log.h5"])
  }

  /// The locks of another machine may not be seen here: what it writes is left alone until it is old.
  @Test func leavesWhatAnotherMachineWrites() throws {
    let folder = try Folder()
    let path = folder.file("log.h5")
    for name in [".log.h5.else-where-1-1.tmp", ".log.h5.else-where-2-1.tmp"] {
      #expect(FileManager.default.createFile(atPath: folder.file(name), contents: Data([1])))
    }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -90_000)],
      ofItemAtPath: folder.file(".log.h5.else-where-2-1.tmp"))
    try HDF5File.writeAtomically(to: path) { try $0.write("step", [1]) }
    #expect(folder.entries == [".log.h5.else-where-1-1.tmp", "log.h5"])
  }

  @Test func missingFolderAndMissingPermission() throws {
    let folder = try Folder()
    let nowhere = folder.file("none/log.h5")
    let missing = problem { try HDF5File.writeAtomically(to: nowhere) { try $0.write("a", [1]) } }
    #expect(missing?.kind == .noSuchFile)
    #expect(missing?.file == nowhere)
    // Nobody, root neither, may create a file in /proc.
    let refused = problem {
      try HDF5File.writeAtomically(to: "/proc/log.h5") { try $0.write("a", [1]) }
    }
    #expect(refused?.kind == .noPermission || refused?.kind == .noSuchFile)
    guard getuid() != 0 else { return }
    try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder.path)
    let denied = problem {
      try HDF5File.writeAtomically(to: folder.file("log.h5")) { try $0.write("a", [1]) }
    }
    #expect(denied?.kind == .noPermission)
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)
  }

  /// The limit on a file's size stands for a full disk: libhdf5 sees a write fail in both.
  @Test(arguments: [true, false])
  func fullDisk(isChunked: Bool) throws {
    let folder = try Folder()
    let path = folder.file("cache.h5")
    try HDF5File.writeAtomically(to: path) { try $0.write("step", [1]) }
    let limit: rlim_t = 48 << 20
    var old = rlimit()
    getrlimit(__rlimit_resource_t(1), &old)
    signal(SIGXFSZ, SIG_IGN)
    var new = rlimit(rlim_cur: limit, rlim_max: old.rlim_max)
    #expect(setrlimit(__rlimit_resource_t(1), &new) == 0)
    let error = problem {
      try HDF5File.writeAtomically(to: path) { file in
        let block = [UInt8](repeating: 3, count: 1 << 20)
        let dataset = try file.createDataset(
          "x", as: UInt8.self, shape: [isChunked ? 0 : 64 << 20],
          storage: isChunked ? .chunked(rows: 1 << 20) : .contiguous)
        for index in 0..<64 {
          if isChunked {
            try dataset.append(block)
          } else {
            try dataset.write(block, rows: (index << 20)..<((index + 1) << 20))
          }
        }
      }
    }
    setrlimit(__rlimit_resource_t(1), &old)
    #expect(error?.kind == .diskFull)
    #expect(error?.file == path)
    #expect(try HDF5File(reading: path).read("step", as: Int.self) == [1])
    #expect(folder.entries == ["cache.h5"])
    // The library is still in order.
    try HDF5File.writeAtomically(to: path) { try $0.write("step", [2]) }
    #expect(try HDF5File(reading: path).read("step", as: Int.self) == [2])
  }
}
