import CHDF5
import Foundation

/// The file under a file being written: libhdf5's view of it, and what went wrong.
///
/// libhdf5 cannot close a file of which a write failed: it keeps half-freed structures and
/// crashes later. So files are written through a driver of our own, which never tells it of a
/// failed write: it notes the error, keeps what could not be written in memory, so that libhdf5
/// can read it back and come to an orderly end, and `HDF5File` throws the noted error instead.
final class WrittenFile {
  /// The first system error, or 0.
  private(set) var failure: Int32 = 0
  fileprivate var endOfAddresses: haddr_t = 0
  fileprivate var endOfFile: haddr_t = 0
  private let path: String
  private var descriptor: Int32 = -1
  /// Writes since the first failure, in order.
  private var unwritten: [(address: Int, bytes: [UInt8])] = []

  init(path: String) { self.path = path }

  fileprivate func open(truncating: Bool) -> Bool {
    descriptor = Foundation.open(path, O_RDWR | O_CLOEXEC | (truncating ? O_TRUNC : 0))
    guard descriptor >= 0 else { return false }
    var status = stat()
    if fstat(descriptor, &status) == 0 { endOfFile = haddr_t(status.st_size) }
    return true
  }

  fileprivate func close() {
    if Foundation.close(descriptor) != 0 { note(errno) }
  }

  private func note(_ code: Int32) {
    if failure == 0 { failure = code }
  }

  fileprivate func write(_ source: UnsafeRawBufferPointer, at address: Int) {
    var done = 0
    while failure == 0, done < source.count {
      let rest = UnsafeRawBufferPointer(rebasing: source[done...])
      let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(address + done))
      if count > 0 {
        done += count
      } else if count == 0 || errno != EINTR {
        note(count == 0 ? ENOSPC : errno)
      }
    }
    if failure != 0 { unwritten.append((address, [UInt8](source))) }
    endOfFile = max(endOfFile, haddr_t(address + source.count))
  }

  fileprivate func read(into target: UnsafeMutableRawBufferPointer, at address: Int) -> Bool {
    var done = 0
    while done < target.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(address + done))
      if count < 0, errno == EINTR { continue }
      if count < 0 { return false }
      if count == 0 {
        rest.initializeMemory(as: UInt8.self, repeating: 0)
        break
      }
      done += count
    }
    for (start, bytes) in unwritten {
      let from = max(address, start)
      let to = min(address + target.count, start + bytes.count)
      for index in from..<max(from, to) { target[index - address] = bytes[index - start] }
    }
    return true
  }

  fileprivate func truncate() {
    guard endOfFile != endOfAddresses else { return }
    if failure == 0, ftruncate(descriptor, off_t(endOfAddresses)) != 0 { note(errno) }
    endOfFile = endOfAddresses
  }
}

/// The driver, registered with libhdf5 once in a process. Use under the library's lock.
enum WriteDriver {
  /// libhdf5's number for the driver, negative when it could not be registered.
  static let id: hid_t = {
    var driver = H5FD_class_t()
    // Kept by libhdf5 as long as the process lives.
    driver.name = UnsafePointer(strdup("deferred_errors"))
    driver.maxaddr = haddr_t(Int64.max)
    driver.fc_degree = H5F_CLOSE_WEAK
    driver.open = { _, flags, _, _ in
      guard let file = WriteDriver.next, file.open(truncating: flags & chdf5_truncate() != 0)
      else { return nil }
      return allocateHandle(of: file)
    }
    driver.close = { handle in
      guard let handle else { return -1 }
      writtenFile(handle).close()
      freeHandle(handle)
      return 0
    }
    driver.query = { _, flags in
      // As the library's own driver, so that the files come out the same.
      flags?.pointee = UInt(
        H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA_WRITE
          | H5FD_FEAT_ACCUMULATE_METADATA_READ | H5FD_FEAT_DATA_SIEVE
          | H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE)
      return 0
    }
    driver.get_eoa = { handle, _ in writtenFile(handle).endOfAddresses }
    driver.set_eoa = { handle, _, address in
      writtenFile(handle).endOfAddresses = address
      return 0
    }
    driver.get_eof = { handle, _ in writtenFile(handle).endOfFile }
    driver.read = { handle, _, _, address, size, buffer in
      let target = UnsafeMutableRawBufferPointer(start: buffer, count: size)
      return writtenFile(handle).read(into: target, at: Int(address)) ? 0 : -1
    }
    driver.write = { handle, _, _, address, size, buffer in
      let source = UnsafeRawBufferPointer(start: buffer, count: size)
      writtenFile(handle).write(source, at: Int(address))
      return 0
    }
    driver.truncate = { handle, _, _ in
      writtenFile(handle).truncate()
      return 0
    }
    let (metadata, raw) = (H5FD_MEM_SUPER, H5FD_MEM_DRAW)
    driver.fl_map = (metadata, metadata, metadata, raw, raw, metadata, metadata)
    return H5FDregister(&driver)
  }()

  /// The file that libhdf5 is about to open; its lock guards it.
  nonisolated(unsafe) private static var next: WrittenFile?

  /// Runs `open`, in which libhdf5 opens `file` by this driver.
  static func opening<Result>(_ file: WrittenFile, _ open: () throws -> Result) rethrows
    -> Result
  {
    next = file
    defer { next = nil }
    return try open()
  }
}

// MARK: Handles

/// What libhdf5 holds: its own header, then a reference to our file.
private struct Handle {
  var header = H5FD_t()
  let file: Unmanaged<WrittenFile>
}

private func allocateHandle(of file: WrittenFile) -> UnsafeMutablePointer<H5FD_t>? {
  let handle = UnsafeMutablePointer<Handle>.allocate(capacity: 1)
  handle.initialize(to: Handle(file: .passRetained(file)))
  return UnsafeMutableRawPointer(handle).assumingMemoryBound(to: H5FD_t.self)
}

private func writtenFile(_ handle: UnsafePointer<H5FD_t>?) -> WrittenFile {
  guard let handle else { preconditionFailure("libhdf5 gave no file handle") }
  return UnsafeRawPointer(handle).assumingMemoryBound(to: Handle.self).pointee.file
    .takeUnretainedValue()
}

private func writtenFile(_ handle: UnsafeMutablePointer<H5FD_t>?) -> WrittenFile {
  writtenFile(UnsafePointer(handle))
}

private func freeHandle(_ handle: UnsafeMutablePointer<H5FD_t>) {
  let whole = UnsafeMutableRawPointer(handle).assumingMemoryBound(to: Handle.self)
  whole.pointee.file.release()
  whole.deallocate()
}
