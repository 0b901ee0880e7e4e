import Foundation
import Synchronization

/// A file `.name.<host>-<process>-<number>.tmp` beside its target, locked while it is in use: no two
/// machines that share a file system write the same one, whether that has locks or not.
///
/// It is written whole and then renamed over the target, which is at any moment the old file or the new
/// one. What a killed process left behind is known by its lock, which went with the process, and removed
/// by the next temporary file of the same target.
public struct TemporaryFile: Sendable {
  /// Where it is.
  public let path: String
  /// Open for reading and writing, until the file is put in place or removed.
  public let descriptor: Int32
  private let target: String

  private static let counter = Atomic(0)

  /// A new file beside `target`, whose folder is there.
  public init(beside target: String) throws(SystemFailure) {
    Self.removeAbandoned(beside: target)
    while true {
      let number = Self.counter.add(1, ordering: .relaxed).newValue
      let path = Self.prefix(target) + "\(Self.host)-\(getpid())-\(number).tmp"
      // Never one that is there, nor what a link of that name leads to.
      let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
      if descriptor < 0, errno == EEXIST { continue }
      guard descriptor >= 0 else { throw SystemFailure("cannot be written", code: errno) }
      // A file system without locks is done without; another error means that another process
      // just took this file for an abandoned one.
      let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
      let isTaken = isLocked ? Self.isUnlinked(descriptor) : errno == EWOULDBLOCK
      if !isTaken {
        self.path = path
        self.descriptor = descriptor
        self.target = target
        return
      }
      close(descriptor)
    }
  }

  /// This machine's name, without its domain.
  private static let host: String = {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let bytes = name.prefix { $0 != 0 && $0 != 0x2E }.map(UInt8.init(bitPattern:))
    return String(decoding: bytes, as: UTF8.self)
  }()

  private static func isUnlinked(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink == 0
  }

  /// Syncs the file, moves it over its target and syncs the folder.
  public func putInPlace() throws(SystemFailure) {
    guard fsync(descriptor) == 0 else {
      throw SystemFailure("cannot be written to its end", code: errno)
    }
    // Unlocked before it is in place: a reader who opens it at once, as h5py does, must not find it locked.
    flock(descriptor, LOCK_UN)
    guard rename(path, target) == 0 else {
      throw SystemFailure("cannot be put in place", code: errno)
    }
    close(descriptor)
    let folder = open(Self.folder(target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // Some network file systems cannot sync a folder; the rename is done all the same.
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }

  /// Removes the file; its target stays as it was.
  public func remove() {
    unlink(path)
    close(descriptor)
  }

  /// Removes temporary files of `target` whose writer is gone, which their lock tells; those of another
  /// machine, whose locks may not be seen here, only when nothing was written to them for a day.
  private static func removeAbandoned(beside target: String) {
    let prefix = prefix(target)
    let name = (prefix as NSString).lastPathComponent
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder(target))) ?? []
    for entry in names where entry.hasPrefix(name) && entry.hasSuffix(".tmp") {
      let path = (folder(target) as NSString).appendingPathComponent(entry)
      // A FIFO without a reader is not waited for.
      let descriptor = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      let isOwn = Self.isOfThisMachine(entry.dropFirst(name.count))
      if isOwn || Self.isOld(descriptor), flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
        unlink(path)
      }
      close(descriptor)
    }
  }

  /// Whether `ending` is that of a file made here, or of one from before names told of the machine.
  private static func isOfThisMachine(_ ending: Substring) -> Bool {
    ending.hasPrefix("\(host)-") || ending.split(separator: "-").count == 2
  }

  private static func isOld(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && time(nil) - status.st_mtim.tv_sec > 86_400
  }

  private static func folder(_ target: String) -> String {
    let folder = (target as NSString).deletingLastPathComponent
    return folder.isEmpty ? "." : folder
  }

  private static func prefix(_ target: String) -> String {
    let name = (target as NSString).lastPathComponent
    return (folder(target) as NSString).appendingPathComponent(".\(name).")
  }
}

/// What the system refused to do with a file.
public struct SystemFailure: Error {
  /// What could not be done: "cannot be written".
  public let action: String
  /// The system's number for the reason (`errno`).
  public let code: Int32

  init(_ action: String, code: Int32) {
    self.action = action
    self.code = code
  }
}
