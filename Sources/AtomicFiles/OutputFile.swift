import Foundation

/// A file that someone named for results, whatever it is.
///
/// A regular file, or none yet, is written beside and renamed into its place; symbolic links lead to the
/// file that is replaced and stay. Into everything else (devices, FIFOs, `/dev/stdout`, the
/// descriptors of a process substitution) the bytes are written, and it stays what it is.
public struct OutputFile: Sendable {
  /// How long a FIFO may be without a reader.
  private static let patience = Duration.seconds(10)
  /// Links that are followed, as many as Linux follows.
  private static let mostLinks = 40

  private enum Place {
    /// Replaced as a whole.
    case file(String)
    /// Written into.
    case stream(String)
    /// Open in this process.
    case descriptor(Int32)
  }

  private let place: Place

  /// Whether it is kept, and so can be looked at later.
  public var isFile: Bool {
    if case .file = place { true } else { false }
  }

  /// Finds out what is at `path`.
  ///
  /// - Throws: `SystemFailure` for a folder, and for links that lead nowhere or round and round.
  public init(_ path: String) throws(SystemFailure) {
    var path = path
    for _ in 0..<Self.mostLinks {
      if let descriptor = Self.descriptor(path) {
        place = .descriptor(descriptor)
        return
      }
      var status = stat()
      guard lstat(path, &status) == 0 else {
        guard errno == ENOENT else { throw SystemFailure("cannot be written", code: errno) }
        place = .file(path)
        return
      }
      switch status.st_mode & S_IFMT {
      case S_IFREG:
        place = .file(path)
        return
      case S_IFDIR: throw SystemFailure("cannot be written", code: EISDIR)
      case S_IFLNK:
        let target = try Self.link(path)
        let folder = (path as NSString).deletingLastPathComponent
        path = target.hasPrefix("/") ? target : (folder as NSString).appendingPathComponent(target)
      default:
        place = .stream(path)
        return
      }
    }
    throw SystemFailure("cannot be written", code: ELOOP)
  }

  /// Writes all of `bytes`, in place of what a regular file had; makes the folders above a new file.
  ///
  /// - Throws: `SystemFailure` when that is not possible; a regular file then stays as it was.
  public func write(_ bytes: [UInt8]) throws(SystemFailure) {
    switch place {
    case .file(let path):
      try Self.makeFolder((path as NSString).deletingLastPathComponent)
      let temporary = try TemporaryFile(beside: path)
      do {
        try Self.write(bytes, to: temporary.descriptor)
        try temporary.putInPlace()
      } catch {
        temporary.remove()
        throw error
      }
    case .stream(let path):
      let descriptor = try Self.open(path)
      defer { close(descriptor) }
      try Self.write(bytes, to: descriptor)
    case .descriptor(let descriptor): try Self.write(bytes, to: descriptor)
    }
  }

  /// The descriptor of this process that a path stands for.
  private static func descriptor(_ path: String) -> Int32? {
    for folder in ["/dev/fd/", "/proc/self/fd/", "/proc/\(getpid())/fd/"]
    where path.hasPrefix(folder) {
      return Int32(path.dropFirst(folder.count))
    }
    return nil
  }

  private static func makeFolder(_ path: String) throws(SystemFailure) {
    guard !path.isEmpty else { return }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      // Foundation's own words for the system's reason mislead.
      let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
      throw SystemFailure(
        "cannot be made, for want of its folder",
        code: cause.map { Int32(($0 as NSError).code) } ?? EIO)
    }
  }

  private static func link(_ path: String) throws(SystemFailure) -> String {
    var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &target, target.count)
    guard count >= 0 else { throw SystemFailure("cannot be read as a link", code: errno) }
    return String(decoding: target.prefix(count), as: UTF8.self)
  }

  /// Opens a device or a FIFO. A FIFO whose reader is not there yet is waited for, but not for ever.
  private static func open(_ path: String) throws(SystemFailure) -> Int32 {
    let end = ContinuousClock.now + patience
    while true {
      let descriptor = Foundation.open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
      if descriptor >= 0 {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        return descriptor
      }
      let code = errno
      guard code == ENXIO || code == EINTR else {
        throw SystemFailure("cannot be opened", code: code)
      }
      guard ContinuousClock.now < end else {
        throw SystemFailure("is read by nobody", code: code)
      }
      usleep(20_000)
    }
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(SystemFailure) {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes {
        Foundation.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemFailure("cannot be written", code: errno) }
      done += count
    }
  }
}
