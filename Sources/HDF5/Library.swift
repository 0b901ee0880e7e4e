import CHDF5
import Foundation

/// The process's one libhdf5, which is not safe to enter from two threads at once.
enum Library {
  static let lock = NSRecursiveLock()

  /// A file must not make the library load code or open another file.
  private static let isConfined: Bool = {
    H5PLset_loading_state(0)
    H5Lunregister(H5L_TYPE_EXTERNAL)
    return true
  }()

  /// Runs `body` while no other thread is inside libhdf5.
  static func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    _ = isConfined
    // The library may have been built with an error stack for each thread; none is to be printed.
    H5Eset_auto2(0, nil, nil)
    return try body()
  }
}

/// A libhdf5 identifier that lives for one scope.
///
/// Runs `body` with `id` and closes it afterwards; a negative `id` is the failure `error`.
func withHandle<Result>(
  _ id: hid_t, closedBy close: (hid_t) -> herr_t, orThrow error: () -> HDF5Error,
  _ body: (hid_t) throws -> Result
) throws -> Result {
  guard id >= 0 else { throw error() }
  defer { _ = close(id) }
  return try body(id)
}

extension HDF5File {
  /// The version of libhdf5, such as `1.10.8`.
  public static var libraryVersion: String {
    var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
    _ = Library.locked { H5get_libversion(&major, &minor, &release) }
    return "\(major).\(minor).\(release)"
  }
}
