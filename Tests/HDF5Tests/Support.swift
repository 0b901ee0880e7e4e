import Foundation
import HDF5
import Testing

/// A folder of its own for one test, removed with it.
final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/hdf5-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  var entries: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? []
  }
}

/// The file that h5py wrote (Fixtures/write_fixture.py).
func fixture() throws -> HDF5File {
  let path = try #require(Bundle.module.path(forResource: "Fixtures/h5py", ofType: "h5"))
  return try HDF5File(reading: path)
}

/// Runs `body`, which must throw an `HDF5Error`, and returns the error.
func problem<Result>(_ body: () throws -> Result) -> HDF5Error? {
  #expect(throws: HDF5Error.self) { _ = try body() }
}
