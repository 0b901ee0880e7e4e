import AtomicFiles
import Foundation

/// The right to write a run's log and checkpoint: one process has it at a time.
///
/// It is a lock (`flock`) on a hidden file beside the log, which the system drops with the process, however
/// that ends. Where the file system has no locks, or the folder cannot be written, it holds nothing:
/// writing the log will tell. A file that another user left is locked like one of our own.
final class RunLock: Sendable {
  private let path: String
  private let descriptor: Int32?

  /// Takes the lock of the run with these files.
  ///
  /// - Throws: ``TrainingError/runIsBusy(log:process:)`` while another process has it, and
  ///   ``TrainingError/cannotLock(lock:problem:)`` where that cannot be told.
  init(_ files: RunFiles) throws {
    let folder = files.log.deletingLastPathComponent()
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = Self.path(files)
    while true {
      guard let opened = try Self.opening(path, LockFile.open) else {
        descriptor = nil
        return
      }
      guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
        let isBusy = errno == EWOULDBLOCK
        let process = Self.process(opened)
        close(opened)
        if isBusy { throw TrainingError.runIsBusy(log: files.log.path, process: process) }
        descriptor = nil
        return
      }
      // Its owner may have removed the file between opening and locking it.
      var status = stat()
      if fstat(opened, &status) == 0, status.st_nlink > 0 {
        ftruncate(opened, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = pwrite(opened, text, text.count, 0)
        descriptor = opened
        return
      }
      close(opened)
    }
  }

  deinit {
    guard let descriptor else { return }
    unlink(path)
    close(descriptor)
  }

  /// Looks whether another process has the lock, and leaves no trace.
  ///
  /// - Throws: ``TrainingError/runIsBusy(log:process:)``, ``TrainingError/cannotLock(lock:problem:)``.
  static func requireFree(_ files: RunFiles) throws {
    guard let opened = try opening(path(files), LockFile.openExisting) else { return }
    defer { close(opened) }
    if flock(opened, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw TrainingError.runIsBusy(log: files.log.path, process: process(opened))
    }
  }

  private static func opening(
    _ path: String, _ open: (String) throws(SystemFailure) -> Int32?
  ) throws -> Int32? {
    do {
      return try open(path)
    } catch {
      throw TrainingError.cannotLock(lock: path, problem: String(cString: strerror(error.code)))
    }
  }

  private static func path(_ files: RunFiles) -> String {
    let name = ".\(files.log.deletingPathExtension().lastPathComponent).lock"
    return files.log.deletingLastPathComponent().appendingPathComponent(name).path
  }

  /// Whether another process has the lock of the run with these files; writes nothing.
  static func isHeld(_ files: RunFiles) -> Bool { (try? requireFree(files)) == nil }

  /// The process that has written its number into the file.
  private static func process(_ descriptor: Int32) -> Int? {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    let number = Int(String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self))
    // The holder may not have been able to write; then the number is that of one before it.
    return number.flatMap {
      kill(pid_t(truncatingIfNeeded: $0), 0) == 0 || errno == EPERM ? $0 : nil
    }
  }
}
