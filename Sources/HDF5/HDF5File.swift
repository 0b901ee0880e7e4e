import CHDF5
import Foundation

/// An open HDF5 file, which is also its root group.
///
/// The file is closed when the last reference to it and to its objects is gone, or by `close()`. Unchecked, as
/// ``HDF5Object`` says.
public final class HDF5File: HDF5Group, @unchecked Sendable {
  private init(session: Session) throws {
    let root = H5Gopen2(session.id, "/", 0)
    guard root >= 0 else {
      throw HDF5Error.library("cannot open the root group", file: session.path)
    }
    super.init(id: root, path: "/", session: session)
  }

  /// Opens an existing file for reading.
  ///
  /// A file that was written `sealed` is first read to its end and held against its checksum. Throws
  /// `HDF5Error`: `noSuchFile`, `noPermission`, `notHDF5`, `damaged`.
  public convenience init(reading path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw HDF5Error.system("cannot be opened", code: errno, file: path)
    }
    defer { Foundation.close(descriptor) }
    var status = stat()
    fstat(descriptor, &status)
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw HDF5Error(.notHDF5, file: path, message: "is not a regular file")
    }
    try Seal.check(descriptor, path: path)
    let session = try Library.locked {
      guard H5Fis_hdf5(path) > 0 else {
        let isEmpty = status.st_size == 0
        throw HDF5Error(
          .notHDF5, file: path, message: isEmpty ? "is empty" : "is not an HDF5 file",
          hint: "Check the path, or write the file again")
      }
      let id = try withAccess(path) { H5Fopen(path, chdf5_read_only(), $0) }
      return Session(path: path, id: id)
    }
    try self.init(lockedSession: session)
  }

  /// Creates a file, in place of one that is there; it must be closed with `close()`.
  ///
  /// Prefer `writeAtomically(to:_:)`: it never leaves half a file behind.
  public convenience init(creating path: String) throws {
    // The system's own answer is clearer than libhdf5's.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw HDF5Error.system("cannot be created", code: errno, file: path)
    }
    Foundation.close(descriptor)
    let session = try Library.locked {
      let written = WrittenFile(path: path)
      let id = try withAccess(path) { access in
        H5Pset_driver(access, WriteDriver.id, nil)
        // Headers since release 1.8 carry checksums, which tell a damaged file.
        H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110)
        // A file being written has a name of its own; no other process waits for it.
        H5Pset_file_locking(access, false, true)
        return WriteDriver.creating(written) { H5Fcreate(path, chdf5_truncate(), 0, access) }
      }
      return Session(path: path, id: id, written: written)
    }
    try self.init(lockedSession: session)
  }

  private convenience init(lockedSession session: Session) throws {
    Library.lock.lock()
    defer { Library.lock.unlock() }
    try self.init(session: session)
  }

  /// Hands everything written so far to the operating system.
  public func flush() throws {
    try Library.locked {
      try checkOpen()
      guard H5Fflush(session.id, H5F_SCOPE_GLOBAL) >= 0 else {
        throw HDF5Error.library("cannot be written", file: file)
      }
      try session.checkWritten()
    }
  }

  /// Closes the file and all objects opened from it; nothing happens when it is closed already.
  public func close() throws {
    try Library.locked {
      guard session.close() else {
        throw HDF5Error.library("cannot be written to its end", file: file)
      }
      try session.checkWritten()
    }
  }
}

/// Opens a file with our access properties.
private func withAccess(_ path: String, _ open: (hid_t) -> hid_t) throws -> hid_t {
  func failed() -> HDF5Error { .library("cannot be opened", file: path) }
  let properties = H5Pcreate(chdf5_file_access())
  return try withHandle(properties, closedBy: H5Pclose, orThrow: failed) { properties in
    // Closing the file closes its objects, so that `close()` means what it says.
    H5Pset_fclose_degree(properties, H5F_CLOSE_STRONG)
    // Locks are kept where the file system has them, and done without where it has not.
    H5Pset_file_locking(properties, true, true)
    let id = open(properties)
    guard id >= 0 else { throw failed() }
    return id
  }
}
