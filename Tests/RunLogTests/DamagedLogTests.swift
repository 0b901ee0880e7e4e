import Foundation
import HDF5
import RunLog
import Testing

/// A log whose bytes have changed is an error that names it, never a crash or another log.
@Suite struct DamagedLogTests {
  @Test func flippedBitsAreTold() throws {
    let folder = try Folder()
    let path = folder.file("run.h5")
    try makeLog().write(to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for index in stride(from: 0, to: whole.count - 16, by: 11) {
      var bytes = whole
      bytes[index] ^= 1 << UInt8(index % 8)
      try bytes.write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: HDF5Error.self) { try RunLog(reading: path) }
      #expect(error?.kind == .damaged && error?.file == path, "byte \(index)")
    }
  }

  /// Logs from before there were seals.
  @Test func aLogWithoutItsSealIsRead() throws {
    let folder = try Folder()
    let path = folder.file("run.h5")
    try makeLog().write(to: path)
    try Data(contentsOf: URL(fileURLWithPath: path)).dropLast(16)
      .write(to: URL(fileURLWithPath: path))
    #expect(try RunLog(reading: path).isSameRun(as: makeLog()))
  }
}
