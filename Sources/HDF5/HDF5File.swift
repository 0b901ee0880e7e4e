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
  /// A file that was written `sealed` is first read to its end and held against its checksum. That finds damage, not
  /// malice, for a seal has no secret: a file is read by a process of its own where there is an ``IsolatedReader``,
  /// and what that makes of it is opened here. Other files, which a file may refer to, are not read.
  ///
  /// - Parameter requiringSeal: whether the file is this program's own, such as a cache: one without a seal is refused
  ///   as `damaged`, and one with it, which may be large, is opened as it stands.
  ///
  /// Throws `HDF5Error`: `noSuchFile`, `noPermission`, `notHDF5`, `damaged`, `leftOpen`.
  public convenience init(reading path: String, requiringSeal: Bool = false) throws {
    // A FIFO must not wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw HDF5Error.system("cannot be opened", code: errno, file: path)
    }
    defer { Foundation.close(descriptor) }
    var status = stat()
    fstat(descriptor, &status)
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw HDF5Error(.notHDF5, file: path, message: "is not a regular file")
    }
    guard status.st_size > 0 else {
      throw HDF5Error(.notHDF5, file: path, message: "is empty", hint: notHDF5Hint)
    }
    // The reading process comes here too, and checks the seal.
    if !requiringSeal, let copy = try IsolatedReader.copy(of: descriptor, path: path) {
      try self.init(
        lockedSession: Library.locked {
          try Self.session(of: "/proc/self/fd/\(copy.descriptor)", named: path, keeping: copy)
        })
      return
    }
    let isSealed = try Seal.check(descriptor, path: path) == .intact
    if !isSealed, requiringSeal { throw HDF5Error.damaged("it has no seal", file: path) }
    try self.init(lockedSession: Library.locked { try Self.session(of: path, named: path) })
    if !isSealed { try checkSealIsNotLost() }
  }

  /// Opens the file at `location`, which a person knows as `path`.
  private static func session(
    of location: String, named path: String, keeping copy: MemoryFile? = nil
  ) throws -> Session {
    guard H5Fis_hdf5(location) > 0 else {
      throw HDF5Error(
        .notHDF5, file: path, message: "is not an HDF5 file", hint: notHDF5Hint)
    }
    let id = try withAccess(path) { access in
      guard copy != nil else { return H5Fopen(location, chdf5_read_only(), access) }
      // The library's own driver asks for the file's true path, which one in memory has not.
      H5Pset_driver(access, WriteDriver.id, nil)
      return WriteDriver.opening(WrittenFile(path: location)) {
        H5Fopen(location, chdf5_read_only(), access)
      }
    }
    return Session(path: path, id: id, copy: copy)
  }

  /// Throws `damaged` when the file says inside that it is sealed.
  func checkSealIsNotLost() throws {
    guard try hasAttribute(Seal.attribute) else { return }
    throw HDF5Error.damaged(
      "its seal is lost: the file was cut, or another program made it from a sealed one", file: file
    )
  }

  /// Creates a file, in place of one that is there; it must be closed with `close()`.
  ///
  /// Prefer `writeAtomically(to:_:)`: it never leaves half a file behind.
  ///
  /// - Parameter userBlock: so many bytes at the beginning are left to the caller: 0, or a power of two of at
  ///   least 512.
  public convenience init(creating path: String, userBlock: Int = 0) throws {
    // The system's own answer is clearer than libhdf5's.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw HDF5Error.system("cannot be created", code: errno, file: path)
    }
    Foundation.close(descriptor)
    let session = try Library.locked {
      let written = WrittenFile(path: path)
      let creation = H5Pcreate(chdf5_file_create())
      func failed() -> HDF5Error { .library("cannot be created", file: path, isWriting: true) }
      let id = try withHandle(creation, closedBy: H5Pclose, orThrow: failed) { creation in
        H5Pset_userblock(creation, hsize_t(userBlock))
        // Of the root group: the same content gives the same bytes, whenever it is written.
        H5Pset_obj_track_times(creation, false)
        return try withAccess(path) { access in
          H5Pset_driver(access, WriteDriver.id, nil)
          // Headers since release 1.8 carry checksums, which tell a damaged file.
          H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110)
          // A file being written has a name of its own; no other process waits for it.
          H5Pset_file_locking(access, false, true)
          return WriteDriver.opening(written) {
            H5Fcreate(path, chdf5_truncate(), creation, access)
          }
        }
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
        throw HDF5Error.library("cannot be written", file: file, isWriting: true)
      }
      try session.checkWritten()
    }
  }

  /// Closes the file and all objects opened from it; nothing happens when it is closed already.
  public func close() throws {
    try Library.locked {
      guard session.close() else {
        throw HDF5Error.library(
          "cannot be written to its end", file: file, isWriting: session.isForWriting)
      }
      try session.checkWritten()
    }
  }
}

private let notHDF5Hint = "Check the path, or write the file again"

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
    if id >= 0 { return id }
    let error = failed()
    // libhdf5 itself knows only one of the ways in which a file system says that it has no locks.
    guard error.tellsOfMissingLocks else { throw error }
    H5Pset_file_locking(properties, false, true)
    let unlocked = open(properties)
    guard unlocked >= 0 else { throw failed() }
    return unlocked
  }
}
