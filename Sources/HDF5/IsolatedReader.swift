import CHDF5
import Foundation
import Synchronization

/// Reads HDF5 files that may be anyone's in a process of their own, with limits on time and memory.
///
/// libhdf5 trusts what it reads: a torn or malicious file crashes it, sends it round in circles or has it
/// take gigabytes. The process, this program again with the argument ``marker``, reads such a file to its end
/// and writes all that this program can use into a fresh one in memory, which is then opened in the file's
/// place. It is started for the first such file and kept for the next ones.
public enum IsolatedReader {
  /// The only argument of the reading process.
  public static let marker = "--read-hdf5"

  /// Seconds of processor time after which a file counts as one that cannot be read, for each gigabyte begun.
  public static let secondsPerGigabyte = 6
  /// How many times as long that may take on the clock.
  static let patience = 15
  /// Bytes of memory that reading a file may take.
  public static let memoryLimit = 512 << 20

  private static let program = Mutex<String?>(nil)
  private static let process = Mutex<ReadingProcess?>(nil)

  /// Has files that may be anyone's read by `program`, which must pass ``serve()`` when its argument is ``marker``.
  ///
  /// Until then they are read by the calling process itself.
  public static func start(program: String) { Self.program.withLock { $0 = program } }

  /// Ends the reading process, if there is one; the next file starts another.
  public static func end() { process.withLock { $0 = nil } }

  /// The file's content in a fresh file; nil where there is no reading program.
  static func copy(of descriptor: Int32, path: String) throws -> MemoryFile? {
    guard let program = program.withLock({ $0 }) else { return nil }
    let copy = try MemoryFile(for: path)
    try process.withLock { process in
      // One that waits for files may have been ended from outside; that says nothing of this file.
      for isLastAttempt in [false, true] {
        let current = try process ?? ReadingProcess(program, for: path)
        process = current
        switch current.read(descriptor, into: copy.descriptor, path) {
        case .done: return
        case .refused(let error): throw error
        case .ended(let how, let hadBegun):
          process = nil
          guard hadBegun || isLastAttempt else { continue }
          throw HDF5Error.damaged("it cannot be read: libhdf5 \(how)", file: path)
        }
      }
    }
    return copy
  }

  // MARK: The process's own side

  /// Reads files as asked for on standard input, until that ends; what the reading process does.
  public static func serve() {
    let limit = memoryInUse() + memoryLimit
    setLimit(RLIMIT_DATA, limit)
    setLimit(RLIMIT_CORE, 0)
    // What a terminal sends to the whole group concerns the process that asks: its end ends this one.
    for ending in [SIGINT, SIGTERM, SIGHUP] { signal(ending, SIG_IGN) }
    while let line = readLine() {
      let numbers = line.split(separator: " ").compactMap { Int($0) }
      guard numbers.count == 2 else { return }
      let reply = answer(source: numbers[0], target: numbers[1]) + "\n"
      FileHandle.standardOutput.write(Data(reply.utf8))
    }
  }

  private static func answer(source: Int, target: Int) -> String {
    let parent = "/proc/\(getppid())/fd"
    limitComputing(on: source)
    do {
      try CleanCopy.write(from: "\(parent)/\(source)", to: "\(parent)/\(target)")
      return ReadingProcess.Reply.done
    } catch let error as HDF5Error {
      // It is this process's limit that was met, by what the file asks for.
      let isTooLarge = error.kind == .failed && error.message.contains("memory allocation failed")
      let refusal = ReadingProcess.Refusal(
        isTooLarge ? .damaged(error.message, file: error.file, object: error.object) : error)
      let text = (try? JSONEncoder().encode(refusal)).map { String(decoding: $0, as: UTF8.self) }
      return text ?? ""
    } catch {
      return ""
    }
  }

  /// Seconds of processor time for a file of `size` bytes.
  static func seconds(size: Int) -> Int { secondsPerGigabyte * (1 + size >> 30) }

  /// Ends this process when it takes much longer than it may, though the one that waits for it be gone.
  private static func limitComputing(on source: Int) {
    var status = stat()
    stat("/proc/\(getppid())/fd/\(source)", &status)
    var used = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
    let most = used.tv_sec + seconds(size: Int(status.st_size)) + 2
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
    limit.rlim_cur = min(rlim_t(most), limit.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
  }

  private static func setLimit(_ resource: __rlimit_resource, _ bytes: Int) {
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
    setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
  }

  /// Bytes of this process that its limit on memory counts.
  private static func memoryInUse() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let row = text.split(separator: "\n").first { $0.hasPrefix("VmData:") }
    return (row?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0)
      << 10
  }
}

/// A file without a name, in memory; gone with the last reference.
final class MemoryFile {
  let descriptor: Int32

  init(for path: String) throws {
    descriptor = chdf5_memory_file()
    guard descriptor >= 0 else {
      throw HDF5Error.system("cannot be read apart", code: errno, file: path)
    }
  }

  deinit { close(descriptor) }
}
