import CHDF5
import Foundation
import Synchronization

extension HDF5File {
  /// Writes a whole file so that `path` is at any moment the old file or the new one.
  ///
  /// `body` fills a temporary file in the same folder, which is synced, then renamed over `path`;
  /// then the folder is synced. When anything fails, `path` stays as it was and the temporary
  /// file is removed. One left by a killed process is removed by the next write of the same path.
  /// A `sealed` file ends with a checksum of all of it, by which every later reader here finds out damage;
  /// other programs read it as any other. Throws `HDF5Error`, or what `body` throws.
  @discardableResult public static func writeAtomically<Result>(
    to path: String, sealed isSealed: Bool = false, _ body: (HDF5File) throws -> Result
  ) throws -> Result {
    TemporaryFile.removeAbandoned(beside: path)
    let temporary = try TemporaryFile(beside: path)
    do {
      let file = try HDF5File(creating: temporary.path)
      let result: Result
      do {
        result = try body(file)
        try file.close()
      } catch {
        try? file.close()
        throw error
      }
      if isSealed { try temporary.seal() }
      try temporary.replace(path)
      return result
    } catch {
      temporary.remove()
      // A person knows the file by its own name.
      guard var problem = error as? HDF5Error, problem.file == temporary.path else { throw error }
      problem.file = path
      throw problem
    }
  }
}

/// A file `.name.<process>-<number>.tmp` beside its target, locked while it is in use.
private struct TemporaryFile {
  let path: String
  private let descriptor: Int32

  private static let counter = Atomic(0)

  init(beside target: String) throws {
    while true {
      let number = Self.counter.add(1, ordering: .relaxed).newValue
      let path = Self.prefix(target) + "\(getpid())-\(number).tmp"
      let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        throw HDF5Error.system("cannot be written", code: errno, file: target)
      }
      // A file system without locks is done without; another error means that another process
      // just took this file for an abandoned one.
      let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
      let isTaken = isLocked ? Self.isUnlinked(descriptor) : errno == EWOULDBLOCK
      if !isTaken {
        self.path = path
        self.descriptor = descriptor
        return
      }
      close(descriptor)
    }
  }

  private static func isUnlinked(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink == 0
  }

  /// Appends a checksum to the closed file.
  func seal() throws { try Seal.append(to: descriptor, path: path) }

  /// Syncs the file, moves it over `target` and syncs the folder.
  func replace(_ target: String) throws {
    func check(_ status: Int32, _ action: String) throws {
      if status != 0 { throw HDF5Error.system(action, code: errno, file: target) }
    }
    try check(fsync(descriptor), "cannot be written to its end")
    // Unlocked before it is in place: a reader who opens it at once, as h5py does, must not find it locked.
    flock(descriptor, LOCK_UN)
    try check(rename(path, target), "cannot be put in place")
    close(descriptor)
    let folder = open(Self.folder(target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // Some network file systems cannot sync a folder; the rename is done all the same.
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }

  func remove() {
    unlink(path)
    close(descriptor)
  }

  /// Removes temporary files of `target` whose writer is gone, which their lock tells.
  static func removeAbandoned(beside target: String) {
    let prefix = Self.prefix(target)
    let name = (prefix as NSString).lastPathComponent
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder(target))) ?? []
    for entry in names where entry.hasPrefix(name) && entry.hasSuffix(".tmp") {
      let path = (folder(target) as NSString).appendingPathComponent(entry)
      let descriptor = open(path, O_RDWR | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      close(descriptor)
    }
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
