import Foundation

/// Files whose lock (`flock`) stands for the right to something; the system drops it with the process.
public enum LockFile {
  /// Opens the lock file at `path`, making it if it is not there.
  ///
  /// One that another user made, and that may only be read here, is locked all the same.
  ///
  /// - Returns: `nil` where there is none and none can be made.
  /// - Throws: `SystemFailure` when there is one that cannot even be read: nobody can tell whether it is locked.
  public static func open(_ path: String) throws(SystemFailure) -> Int32? {
    let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
    return descriptor >= 0 ? descriptor : try openExisting(path)
  }

  /// Opens the lock file at `path` if there is one, and leaves no trace.
  ///
  /// - Throws: `SystemFailure` when there is one that cannot be read.
  public static func openExisting(_ path: String) throws(SystemFailure) -> Int32? {
    let descriptor = Foundation.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    if descriptor >= 0 { return descriptor }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw SystemFailure("cannot be locked", code: errno)
  }
}
