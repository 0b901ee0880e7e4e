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
    for index in stride(from: 0, to: whole.count, by: 11) {
      var bytes = whole
      bytes[index] ^= 1 << UInt8(index % 8)
      try bytes.write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: HDF5Error.self) { try RunLog(reading: path) }
      #expect(error?.kind == .damaged && error?.file == path, "byte \(index)")
    }
  }

  /// What a torn write leaves behind.
  @Test func zerosAtEitherEndAreTold() throws {
    let folder = try Folder()
    let path = folder.file("run.h5")
    try makeLog().write(to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for count in [1, 16, 100, 512] {
      let zeros = Data(count: count)
      for bytes in [zeros + whole.dropFirst(count), whole.dropLast(count) + zeros] {
        guard bytes != whole else { continue }
        try bytes.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: HDF5Error.self) { try RunLog(reading: path) }
        #expect(error?.kind == .damaged && error?.file == path, "\(count) bytes")
      }
    }
  }
}
